import { AppError } from '../../../domain/errors.ts';
import { rejectOnAbort, sleep } from '../../../lib/clock.ts';
import type { ConnectorHost, ConnectorSession, SessionEnd } from '../../connector.ts';
import { apiEgress, type DiscordConfig, gatewayEgress } from '../config.ts';
import type { ResumePoint, Shard, ShardState } from '../gateway/contract.ts';
import { createIdentifyGate } from '../gateway/identify-gate.ts';
import { openShard } from '../gateway/shard.ts';
import { Directory } from '../inbound/directory.ts';
import { CommandSync } from '../commands/sync.ts';
import { intentsOf } from '../intents.ts';
import { createRest, type Rest } from '../rest/rest.ts';
import { type Account, readAccount, readGatewayInfo } from './account.ts';
import { Completions } from './completions.ts';
import { formatCursor, parseCursor, shardName } from './cursor.ts';
import { GapLedger } from './ledger.ts';
import { Outlet } from './outlet.ts';
import { Places } from './places.ts';
import { ReadBack } from './read-back.ts';
import { contextOf, Receiver } from './receiver.ts';
import { Tickets } from './tickets.ts';
import { userAgent } from './user-agent.ts';

/** How often it is noted that the platform is heard, when nothing else is. */
const noteHeardEveryMs = 30_000;

/** Opens the session of one account. Resolves when its first shard is live. @throws AppError as the contract says. */
export async function openDiscordSession(
  host: ConnectorHost<DiscordConfig>,
  signal: AbortSignal,
): Promise<ConnectorSession> {
  const { config, fetch, clock } = host;
  const rest = createRest({
    fetch,
    apiBaseUrl: config.apiBaseUrl,
    policy: apiEgress(config),
    token: () => host.secret(),
    clock,
    userAgent,
  });
  const account = await readAccount(rest, clock, signal);
  const info = await readGatewayInfo(rest, clock, signal);
  const count = config.shards === 'auto' ? info.shards : config.shards;
  const session = new DiscordSession(host, rest, account);
  await session.start(count, signal);
  return session;
}

class DiscordSession implements ConnectorSession {
  readonly closed: Promise<SessionEnd>;
  readonly #host: ConnectorHost<DiscordConfig>;
  readonly #rest: Rest;
  readonly #account: Account;
  readonly #end = Promise.withResolvers<SessionEnd>();
  readonly #closing = new AbortController();
  /** See `DiscordCursor`. */
  readonly #begunAs: string;
  readonly #points = new Map<string, ResumePoint>();
  /** Dispatches of the last resume, by shard. */
  readonly #replayed = new Map<string, number>();
  readonly #directory: Directory;
  readonly #receiver: Receiver;
  readonly #ledger: GapLedger;
  readonly #readBack: ReadBack;
  readonly #outlet: Outlet;
  readonly #completions: Completions;
  readonly #commands: CommandSync;
  readonly #shards: Shard[] = [];
  readonly #live = Promise.withResolvers<undefined>();

  constructor(host: ConnectorHost<DiscordConfig>, rest: Rest, account: Account) {
    const { user, application } = account;
    const identity = { connectorId: host.connectorId, selfId: user.id, applicationId: application.id };
    const directory = new Directory(user.id);
    const tickets = new Tickets(host, rest);
    this.closed = this.#end.promise;
    this.#host = host;
    this.#rest = rest;
    this.#account = account;
    this.#begunAs = `${user.id} ${intentsOf(host.config)} ${host.config.compress}`;
    this.#directory = directory;
    this.#ledger = new GapLedger(host);
    this.#receiver = new Receiver({
      host,
      rest,
      directory,
      places: new Places({ rest, directory, clock: host.clock }),
      tickets,
      identity,
      cursorAt: (name, point) => this.#cursorAt(name, point),
      completes: (inbound) => this.#completions.answer(inbound, this.#closing.signal),
      onOwnMessage: (nonce, message) => this.#outlet.noteOwn(nonce, message),
      signal: this.#closing.signal,
    });
    this.#readBack = new ReadBack({
      host,
      rest,
      directory,
      ledger: this.#ledger,
      contextOf: (key) => contextOf(identity, directory, key, host.clock.now()),
      signal: this.#closing.signal,
    });
    this.#completions = new Completions(host, rest);
    this.#commands = new CommandSync({
      host,
      rest,
      applicationId: application.id,
      commands: host.config.commands,
    });
    this.#outlet = new Outlet({ host, rest, directory, tickets, selfId: user.id });
  }

  async start(count: number, signal: AbortSignal): Promise<void> {
    const cursor = parseCursor(await this.#host.loadCursor());
    const shards = Array.from({ length: count }, (_none, index) => [index, count] as const);
    await this.#readBack.remember();
    const cause = 'The daemon was not connected.';
    for (const gap of await this.#ledger.begin(shards.map(shardName), cursor?.heardAt, cause))
      this.#readBack.owe(
        this.#live.promise.then(() => gap),
        shards.find((shard) => shardName(shard) === gap.scope) ?? [0, 1],
      );
    const { clock } = this.#host;
    const gate = createIdentifyGate({
      limit: async () => (await readGatewayInfo(this.#rest, clock, this.#closing.signal)).limit,
      clock,
    });
    for (const shard of shards) {
      const resume = cursor?.begunAs === this.#begunAs ? cursor.points[shardName(shard)] : undefined;
      if (resume) this.#points.set(shardName(shard), resume);
      this.#open(shard, resume, (turnSignal) => gate.turn(shard[0], turnSignal));
    }
    void this.#noteHeard();
    try {
      await rejectOnAbort(Promise.race([this.#live.promise, this.closed.then(throwEnd)]), signal);
      void this.#commands.run(this.#closing.signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  sendOutbound: ConnectorSession['sendOutbound'] = (part, signal) => this.#outlet.send(part, signal);

  resolveUnknown: NonNullable<ConnectorSession['resolveUnknown']> = (part, signal) =>
    this.#outlet.resolveUnknown(part, signal);

  typing: NonNullable<ConnectorSession['typing']> = (address, signal) => this.#outlet.typing(address, signal);

  revise: NonNullable<ConnectorSession['revise']> = (address, text, signal) =>
    this.#outlet.revise(address, text, signal);

  read: NonNullable<ConnectorSession['read']> = (request, signal) =>
    this.#outlet.reader.read(request, signal);

  search: NonNullable<ConnectorSession['search']> = (request, signal) =>
    this.#outlet.reader.search(request, signal);

  snapshot(): Readonly<Record<string, unknown>> {
    const { user, application } = this.#account;
    return {
      bot: { id: user.id, name: user.username },
      application: { id: application.id, name: application.name },
      shards: this.#shards.map((shard) => shard.snapshot()),
      rest: this.#rest.snapshot(),
      commands: this.#commands.snapshot,
      unknownEvents: this.#receiver.unknown,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError('unavailable', 'The session is closing.'));
    await Promise.all(this.#shards.map((shard) => shard.close()));
    this.#end.resolve({ kind: 'closed' });
  }

  #open(
    shard: readonly [number, number],
    resume: ResumePoint | undefined,
    identifyTurn: (signal: AbortSignal) => Promise<void>,
  ): void {
    const { config, connectSocket, clock, random, log } = this.#host;
    const name = shardName(shard);
    const opened = openShard(
      {
        shard,
        intents: intentsOf(config),
        url: async () => (await readGatewayInfo(this.#rest, clock, this.#closing.signal)).url,
        token: () => this.#host.secret(),
        ...(resume ? { resume } : {}),
        identifyTurn,
        compress: config.compress ? 'zlib-stream' : 'none',
        onDispatches: async (batch, point) => {
          await this.#receiver.take(name, batch, point);
          // What was replayed is committed when the word that it is over is.
          if (batch.some(({ type }) => type === 'RESUMED'))
            this.#ledger.replayed(name, this.#replayed.get(name) ?? 0);
        },
        onState: (state) => this.#onState(name, shard, state),
        policy: gatewayEgress(config),
      },
      { connectSocket, clock, random, log },
    );
    this.#shards.push(opened);
    void opened.closed.then((end) => this.#end.resolve(end));
  }

  #onState(name: string, shard: readonly [number, number], state: ShardState): void {
    switch (state.state) {
      case 'ready':
        this.#readBack.owe(this.#ledger.renewed(name, state.at), shard);
        this.#live.resolve(undefined);
        return;
      case 'resumed':
        this.#ledger.resumed(name);
        this.#replayed.set(name, state.replayed);
        this.#live.resolve(undefined);
        return;
      case 'disconnected':
        this.#ledger.lost(name, state.at, state.detail);
        void this.#readBack.remember();
    }
  }

  #cursorAt(name: string, point: ResumePoint): string {
    this.#points.set(name, point);
    return this.#cursor();
  }

  #cursor(): string {
    const points = Object.fromEntries(this.#points);
    return formatCursor({ heardAt: this.#host.clock.now(), begunAs: this.#begunAs, points });
  }

  /** So that a gap after a crash begins when the platform was last heard, and not when it last had something to say. */
  async #noteHeard(): Promise<void> {
    const { clock, log } = this.#host;
    const { signal } = this.#closing;
    for (;;) {
      await sleep(clock, noteHeardEveryMs, signal);
      if (signal.aborted) return;
      if (this.#points.size === 0 || !this.#shards.every((shard) => shard.snapshot().state === 'live'))
        continue;
      await this.#host
        .accept([], this.#cursor())
        .catch((error: unknown) => log.warn('gateway.not_noted', { error }));
    }
  }
}

/** @throws AppError for a session that ended before it was live. */
function throwEnd(end: SessionEnd): never {
  if (end.kind === 'closed') throw new AppError('unavailable', 'The session was closed.');
  throw new AppError(codeOf(end), end.detail);
}

function codeOf(
  end: Exclude<SessionEnd, { kind: 'closed' }>,
): 'unauthenticated' | 'config_invalid' | 'vault_locked' | 'unavailable' {
  if (end.code === 'vault_locked') return 'vault_locked';
  if (end.kind === 'lost') return 'unavailable';
  return end.code === 'unauthenticated' ? 'unauthenticated' : 'config_invalid';
}
