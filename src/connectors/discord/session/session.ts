import { AppError, isAppError } from '../../../domain/errors.ts';
import { rejectOnAbort, sleep } from '../../../lib/clock.ts';
import type { ConnectorHost, ConnectorSession, Reception, SessionEnd } from '../../connector.ts';
import { apiEgress, type DiscordConfig, gatewayEgress } from '../config.ts';
import type { GatewayDispatch, ResumePoint, Shard, ShardSnapshot, ShardState } from '../gateway/contract.ts';
import { createIdentifyGate } from '../gateway/identify-gate.ts';
import { openShard } from '../gateway/shard.ts';
import { Directory } from '../inbound/directory.ts';
import { CommandSync } from '../commands/sync.ts';
import { discordAccount } from '../identity.ts';
import { intentsOf } from '../intents.ts';
import { createRest, type Rest } from '../rest/rest.ts';
import { type Account, readAccount, readGatewayInfo } from './account.ts';
import { Completions } from './completions.ts';
import { formatCursor, parseCursor, shardName } from './cursor.ts';
import { Hearing } from './hearing.ts';
import { Intake } from './intake.ts';
import { GapLedger } from './ledger.ts';
import { Opening } from './opening.ts';
import { Outlet } from './outlet.ts';
import { Places } from './places.ts';
import { ReadBack } from './read-back.ts';
import { PutOff } from './put-off.ts';
import { contextOf, Receiver } from './receiver.ts';
import { SetAside } from './set-aside.ts';
import { Tickets } from './tickets.ts';
import { actOnSilence, type SilenceTiming } from './silence-check.ts';
import { untilStored } from './until-stored.ts';
import { userAgent } from './user-agent.ts';

/** How often it is noted that the platform is heard, when nothing else is. */
const noteHeardEveryMs = 30_000;

/**
 * Opens the session of one account. Resolves when its first shard is live, or on the way to it: what it missed is
 * being replayed, or the session that it has asked for takes its time. @throws AppError as the contract says.
 */
export async function openDiscordSession(
  host: ConnectorHost<DiscordConfig>,
  signal: AbortSignal,
  silence: SilenceTiming,
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
  host.takeAccount(discordAccount(account.user.id, config));
  const info = await readGatewayInfo(rest, clock, signal);
  const count = config.shards === 'auto' ? info.shards : config.shards;
  const session = new DiscordSession(host, rest, account, silence);
  await session.start(count, signal);
  return session;
}

class DiscordSession implements ConnectorSession {
  readonly closed: Promise<SessionEnd>;
  readonly #host: ConnectorHost<DiscordConfig>;
  readonly #rest: Rest;
  readonly #account: Account;
  readonly #silence: SilenceTiming;
  readonly #end = Promise.withResolvers<SessionEnd>();
  readonly #closing = new AbortController();
  /** See `DiscordCursor`. */
  readonly #begunAs: string;
  readonly #points = new Map<string, ResumePoint>();
  /** What came of a replay so far, by shard: from the loss of a connection to the word that it is over. */
  readonly #replays = new Map<string, { recovered: number; duplicates: number }>();
  /** The new sessions of which the ledger has to know before anything of them is committed. */
  readonly #renewals = new Map<string, Promise<unknown>>();
  /** The shards that heard nothing: resumed, their sessions could be as deaf as before. */
  readonly #deaf = new Set<string>();
  readonly #directory: Directory;
  readonly #receiver: Receiver;
  readonly #intake: Intake;
  readonly #setAside: SetAside;
  readonly #ledger: GapLedger;
  readonly #readBack: ReadBack;
  readonly #outlet: Outlet;
  readonly #tickets: Tickets;
  readonly #completions: Completions;
  readonly #commands: CommandSync;
  readonly #shards: Shard[] = [];
  readonly #hearing = new Hearing();
  readonly #live = Promise.withResolvers<undefined>();

  constructor(host: ConnectorHost<DiscordConfig>, rest: Rest, account: Account, silence: SilenceTiming) {
    const { user, application } = account;
    const identity = { connectorId: host.connectorId, selfId: user.id, applicationId: application.id };
    const directory = new Directory(user.id);
    const tickets = new Tickets(host, rest);
    this.#tickets = tickets;
    const places = new Places({ rest, directory, clock: host.clock });
    this.closed = this.#end.promise;
    this.#host = host;
    this.#rest = rest;
    this.#account = account;
    this.#silence = silence;
    this.#begunAs = `${user.id} ${intentsOf(host.config)} ${host.config.compress}`;
    this.#directory = directory;
    this.#ledger = new GapLedger(host, this.#closing.signal);
    const setAside = new SetAside(host);
    this.#setAside = setAside;
    this.#readBack = new ReadBack({
      host,
      rest,
      directory,
      places,
      ledger: this.#ledger,
      setAside,
      contextOf: (key) => contextOf(identity, directory, key, host.clock.now()),
      signal: this.#closing.signal,
    });
    this.#receiver = new Receiver({
      host,
      rest,
      directory,
      places,
      readBack: this.#readBack,
      putOff: new PutOff({ host, readBack: this.#readBack, setAside }),
      tickets,
      identity,
      completes: (inbound) => this.#completions.answer(inbound, this.#closing.signal),
      onOwnMessage: (nonce, message) => this.#outlet.noteOwn(nonce, message),
      signal: this.#closing.signal,
    });
    const { clock, log } = host;
    this.#intake = new Intake({
      receiver: this.#receiver,
      setAside,
      clock,
      log,
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
    const cause = 'The daemon was not connected.';
    for (const gap of await this.#ledger.begin(shards.map(shardName), cursor?.heardAt, cause))
      this.#readBack.owe(
        Promise.resolve(gap),
        shards.find((shard) => shardName(shard) === gap.scope) ?? [0, 1],
        this.#live.promise,
      );
    const { clock } = this.#host;
    const { signal: closing } = this.#closing;
    const gate = createIdentifyGate({
      limit: async () => (await readGatewayInfo(this.#rest, clock, closing)).limit,
      clock,
    });
    const opening = new Opening({ gate, hearing: this.#hearing, count, clock, signal: closing });
    for (const shard of shards) {
      const resume = cursor?.begunAs === this.#begunAs ? cursor.points[shardName(shard)] : undefined;
      if (resume) this.#points.set(shardName(shard), resume);
      this.#replays.set(shardName(shard), { recovered: 0, duplicates: 0 });
      this.#open(shard, resume, opening);
    }
    void this.#noteHeard();
    try {
      await rejectOnAbort(Promise.race([opening.done, this.closed.then(throwEnd)]), signal);
      void this.#commands.run(this.#closing.signal);
      void this.#listen(count);
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

  receiving(): Reception {
    return this.#hearing.receptionAt(this.#host.clock.now(), this.#waitingSince());
  }

  snapshot(): Readonly<Record<string, unknown>> {
    const { user, application } = this.#account;
    return {
      bot: { id: user.id, name: user.username },
      application: { id: application.id, name: application.name },
      shards: this.#shards.map((shard) => shard.snapshot()),
      rest: this.#rest.snapshot(),
      commands: this.#commands.snapshot,
      unknownEvents: this.#receiver.unknown,
      setAside: this.#setAside.counts,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError('unavailable', 'The session is closing.'));
    await Promise.all(this.#shards.map((shard) => shard.close()));
    await Promise.all([this.#ledger.written(), this.#tickets.acknowledged()]);
    this.#end.resolve({ kind: 'closed' });
  }

  #open(shard: readonly [number, number], resume: ResumePoint | undefined, opening: Opening): void {
    const { config, connectSocket, clock, random, log } = this.#host;
    const name = shardName(shard);
    const opened = openShard(
      {
        shard,
        intents: intentsOf(config),
        url: async () => (await readGatewayInfo(this.#rest, clock, this.#closing.signal)).url,
        token: () => this.#host.secret(),
        ...(resume ? { resume } : {}),
        identifyTurn: (signal) => opening.turn(name, shard[0], signal),
        compress: config.compress ? 'zlib-stream' : 'none',
        onDispatches: (batch, point) => {
          opening.heard();
          return this.#take(name, batch, point).catch((error: unknown) => this.#refused(error));
        },
        onWaiting: (dispatch, sessionId) => {
          // What cannot be accepted now is accepted with its batch.
          this.#receiver.takeAhead(dispatch, sessionId).catch(() => undefined);
          this.#intake.expect(dispatch, sessionId);
        },
        onState: (state) => this.#onState(name, shard, state),
        policy: gatewayEgress(config),
      },
      { connectSocket, clock, random, log },
    );
    this.#shards.push(opened);
    this.#hearing.expect(name, clock.now(), () => opened.snapshot().detail);
    void opened.closed.then((end) => this.#end.resolve(end));
  }

  async #take(name: string, batch: readonly GatewayDispatch[], point: ResumePoint): Promise<void> {
    if (batch.some(({ type }) => type === 'READY')) await this.#renewals.get(name);
    const end = batch.findIndex(({ type }) => type === 'RESUMED') + 1;
    const [replayed, live] = [batch.slice(0, end), batch.slice(end)];
    const seq = replayed.at(-1)?.seq;
    if (seq !== undefined) {
      await this.#commit(name, replayed, { ...point, seq });
      // What was replayed is committed when the word that it is over is.
      this.#ledger.replayed(name, this.#replays.get(name) ?? { recovered: 0, duplicates: 0 });
      this.#replays.delete(name);
    }
    if (live.length > 0) await this.#commit(name, live, point);
  }

  /** Another daemon runs the connector now: there is nothing to open again here. */
  #refused(error: unknown): never {
    if (isAppError(error, 'lease_lost')) this.#end.resolve({ kind: 'closed' });
    throw error;
  }

  async #commit(name: string, batch: readonly GatewayDispatch[], point: ResumePoint): Promise<void> {
    const accepted = await this.#intake.take(batch, point, () => this.#cursor({ [name]: point }));
    // Not before: a cursor that is written for another reason must not be ahead of the events.
    this.#points.set(name, point);
    const replay = this.#replays.get(name);
    if (replay) for (const { duplicate } of accepted) replay[duplicate ? 'duplicates' : 'recovered']++;
  }

  #onState(name: string, shard: readonly [number, number], state: ShardState): void {
    this.#hearing.note(name, state);
    switch (state.state) {
      case 'ready': {
        const renewal = this.#ledger.renewed(name, state.at);
        this.#renewals.set(name, renewal);
        this.#replays.delete(name);
        this.#readBack.owe(renewal, shard);
        this.#live.resolve(undefined);
        return;
      }
      case 'resumed':
        this.#ledger.resumed(name);
        this.#live.resolve(undefined);
        return;
      case 'disconnected':
        this.#replays.set(name, { recovered: 0, duplicates: 0 });
        this.#ledger.lost(name, state.at, state.detail);
    }
  }

  #cursor(ahead: Readonly<Record<string, ResumePoint>> = {}): string {
    const points = [...this.#points, ...Object.entries(ahead)].filter(([name]) => !this.#deaf.has(name));
    return formatCursor({
      heardAt: this.#heardAt(),
      begunAs: this.#begunAs,
      points: Object.fromEntries(points),
    });
  }

  /** What waits is heard when it is committed: were the daemon to die before that, the gap would begin there. */
  #heardAt(): number {
    return Math.min(this.#host.clock.now(), this.#waitingSince());
  }

  /** Infinity when nothing does. */
  #waitingSince(): number {
    return Math.min(...this.#shards.map((shard) => shard.snapshot().waitingSince ?? Infinity));
  }

  async #listen(count: number): Promise<void> {
    const host = this.#host;
    await actOnSilence(
      {
        ...host,
        rest: this.#rest,
        listConversations: async (limit) => this.#setAside.asTold(await host.listConversations(limit)),
        shards: count,
        liveSince: (shard) => this.#liveSince(shard),
        timing: this.#silence,
      },
      ({ shard, since }) => this.#leave(shardName([shard, count]), since),
      this.#closing.signal,
    );
  }

  /** A gateway that is deaf is left for a new session, and what it did not tell is read back there. */
  async #leave(scope: string, fromAt: number): Promise<void> {
    const { gaps, clock, log } = this.#host;
    const detail = 'The gateway did not tell of a message that is there.';
    const stored = <Value>(write: () => Promise<Value>): Promise<Value> =>
      untilStored(write, { clock, log, signal: this.#closing.signal });
    const gap = await stored(() => gaps.open({ scope, fromAt, cause: detail }));
    await stored(() => gaps.update(gap.id, { toAt: clock.now() }));
    this.#deaf.add(scope);
    await stored(() => this.#host.accept([], this.#cursor()));
    this.#end.resolve({ kind: 'lost', code: 'session_failed', detail });
  }

  #liveSince(index: number): number | undefined {
    const shard = this.#shards[index]?.snapshot();
    return shard && isUpToDate(shard) ? shard.since : undefined;
  }

  /** So that a gap after a crash begins when the platform was last heard, and not when it last had something to say. */
  async #noteHeard(): Promise<void> {
    const { clock, log } = this.#host;
    const { signal } = this.#closing;
    for (;;) {
      await sleep(clock, noteHeardEveryMs, signal);
      if (signal.aborted) return;
      if (this.#points.size === 0 || !this.#shards.every((shard) => isUpToDate(shard.snapshot()))) continue;
      await this.#host
        .accept([], this.#cursor())
        .catch((error: unknown) => log.warn('gateway.not_noted', { error }));
    }
  }
}

/** Nothing that was heard waits to be committed. */
function isUpToDate({ state, waiting }: ShardSnapshot): boolean {
  return state === 'live' && waiting === 0;
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
