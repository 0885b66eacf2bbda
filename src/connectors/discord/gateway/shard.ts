import { AppError } from '../../../domain/errors.ts';
import { deadline, rejectOnAbort, sleep } from '../../../lib/clock.ts';
import type { SessionEnd } from '../../connector.ts';
import { backoffMs } from './backoff.ts';
import { Connection, type ReceivedDispatch } from './connection.ts';
import type { CommandOpcode, SendResult, Shard, ShardDeps, ShardOptions, ShardSnapshot } from './contract.ts';
import { DispatchQueue } from './dispatch-queue.ts';
import { frameBytesMax } from './frame-decoder.ts';
import { toGatewayUrl } from './gateway-url.ts';
import { firstPayload } from './handshake.ts';
import { type ConnectionEnd, judgeEnd, type Verdict } from './judge-end.ts';
import { parseReady } from './payload.ts';
import { SessionTrack } from './session-track.ts';

const connectMsMax = 15_000;
const drainMsMax = 5_000;
/** A session that lived so long makes the failures before it forgotten. */
const stableMs = 60_000;

/** Opens one shard and keeps it connected. Returns at once; `onState` tells how it goes. */
export function openShard(options: ShardOptions, deps: ShardDeps): Shard {
  return new RunningShard(options, deps);
}

const stopped: ConnectionEnd = { kind: 'stopped' };

class RunningShard implements Shard {
  readonly closed: Promise<SessionEnd>;
  readonly #options: ShardOptions;
  readonly #deps: ShardDeps;
  readonly #track: SessionTrack;
  readonly #queue: DispatchQueue;
  readonly #stopping = new AbortController();
  #connection: Connection | undefined;
  #commitError: AppError | undefined;
  #state: Pick<ShardSnapshot, 'state' | 'since' | 'retryAt' | 'detail'>;
  #lastDisconnect: ShardSnapshot['lastDisconnect'];
  #lastEventAt: number | undefined;
  #connects = 0;
  #identified = 0;
  #resumed = 0;
  /** Connections in a row that did not live long. */
  #failures = 0;

  constructor(options: ShardOptions, deps: ShardDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#track = new SessionTrack(options.resume);
    this.#state = { state: 'connecting', since: deps.clock.now() };
    this.#queue = new DispatchQueue({
      commit: async (batch, point) => options.onDispatches(batch, point),
      onFailed: (thrown) => this.#onCommitFailed(thrown),
    });
    this.closed = this.#run()
      .catch((thrown: unknown) => this.#onBug(thrown))
      .finally(() => this.#enter('ended'));
  }

  send(op: CommandOpcode, d: unknown): SendResult {
    const offline = {
      kind: 'refused',
      code: 'connector_offline',
      detail: 'There is no live session.',
    } as const;
    return this.#connection?.send(op, d) ?? offline;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.end(stopped);
    const slow = deadline(
      this.#deps.clock,
      drainMsMax,
      () => new AppError('timeout', 'The store takes too long.'),
    );
    // What is not committed by then stays with the gateway, which replays it when the session is resumed.
    await rejectOnAbort(this.#queue.drained(), slow.signal).catch(() => undefined);
    slow.clear();
    this.#queue.stop();
    await this.closed;
  }

  snapshot(): ShardSnapshot {
    const { clock } = this.#deps;
    const { session } = this.#track;
    const { ackedAt, latencyMs } = this.#connection?.heartbeat ?? {};
    const { waiting, waitingSince } = this.#queue;
    return {
      shard: this.#options.shard,
      ...this.#state,
      reconnects: Math.max(0, this.#connects - 1),
      identified: this.#identified,
      resumed: this.#resumed,
      ...(ackedAt === undefined ? {} : { heartbeatAckAgeMs: clock.monotonic() - ackedAt }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...(this.#lastEventAt === undefined ? {} : { lastEventAt: this.#lastEventAt }),
      ...(session ? { seqReceived: session.received } : {}),
      ...(session && session.committed !== null ? { seqCommitted: session.committed } : {}),
      waiting,
      ...(waitingSince === undefined ? {} : { waitingSince }),
      paused: this.#connection?.isPaused ?? false,
      ...(this.#lastDisconnect ? { lastDisconnect: this.#lastDisconnect } : {}),
    };
  }

  async #run(): Promise<SessionEnd> {
    while (!this.#stopping.signal.aborted) {
      const verdict = await this.#connectOnce();
      // A session is resumed behind what is committed, so all that has come has to be, or it would come twice.
      await this.#queue.drained();
      const over = this.#endAfter(verdict);
      if (over) return over;
      await this.#pause(verdict);
    }
    return { kind: 'closed' };
  }

  #endAfter({ end }: Verdict): SessionEnd | undefined {
    if (this.#stopping.signal.aborted) return { kind: 'closed' };
    if (this.#commitError) return this.#judge({ kind: 'not_committed', error: this.#commitError }).end;
    return end;
  }

  /** One connection, or the try at one, from beginning to end. */
  async #connectOnce(): Promise<Verdict> {
    this.#enter('connecting');
    this.#connects++;
    const connection = await this.#connect();
    if (!(connection instanceof Connection)) {
      const verdict = this.#judge(connection);
      this.#track.connectionEnded(verdict, 0, false);
      return verdict;
    }
    this.#connection = connection;
    if (this.#stopping.signal.aborted) connection.end(stopped);
    const end = await connection.ended;
    this.#connection = undefined;
    const verdict = this.#judge(end);
    this.#track.connectionEnded(verdict, connection.dispatches, connection.asked);
    this.#onDisconnected(connection, end, verdict);
    return verdict;
  }

  async #connect(): Promise<Connection | ConnectionEnd> {
    const { clock, random, connectSocket } = this.#deps;
    const { policy, compress } = this.#options;
    const { signal } = this.#stopping;
    const url = this.#sessionUrl() ?? (await this.#generalUrl());
    if (typeof url !== 'string') return url;
    try {
      const request = {
        url,
        policy,
        signal,
        timeoutMs: connectMsMax,
        messageBytesMax: frameBytesMax(compress),
      };
      return new Connection({
        socket: await connectSocket(request),
        compress,
        clock,
        random,
        queue: this.#queue,
        prepare: (over) => this.#prepare(over),
        onDispatch: (dispatch, length) => this.#onDispatch(dispatch, length, url),
        seqCommitted: () => this.#track.session?.committed ?? null,
      });
    } catch (thrown) {
      if (signal.aborted) return stopped;
      return { kind: 'unreachable', error: AppError.from(thrown) };
    }
  }

  #sessionUrl(): string | undefined {
    const { url } = this.#track;
    if (url === undefined) return undefined;
    try {
      return toGatewayUrl(url, this.#options);
    } catch (error) {
      this.#deps.log.warn('gateway.resume_url_refused', { shard: this.#name(), error });
      this.#track.urlRefused();
      return undefined;
    }
  }

  async #generalUrl(): Promise<string | ConnectionEnd> {
    const { signal } = this.#stopping;
    try {
      return toGatewayUrl(await rejectOnAbort(this.#options.url(), signal), this.#options);
    } catch (thrown) {
      return signal.aborted ? stopped : { kind: 'unprepared', what: 'url', error: AppError.from(thrown) };
    }
  }

  async #prepare(signal: AbortSignal): Promise<string | ConnectionEnd> {
    const { session } = this.#track;
    const payload = await firstPayload(session, this.#options, signal);
    if (typeof payload === 'string') this.#enter(session ? 'resuming' : 'starting');
    return payload;
  }

  #onDispatch({ type, data, seq }: ReceivedDispatch, length: number, url: string): string | undefined {
    const now = this.#deps.clock.now();
    if (type === 'READY') {
      const ready = parseReady(data);
      if (!ready) return 'READY names no session.';
      this.#track.begin(ready.sessionId, ready.resumeUrl ?? url);
      this.#identified++;
      this.#enter('live');
      this.#options.onState({ state: 'ready', at: now });
    } else if (type === 'RESUMED') {
      this.#resumed++;
      this.#enter('live');
      this.#options.onState({ state: 'resumed', at: now, replayed: this.#connection?.dispatches ?? 0 });
    }
    const { session } = this.#track;
    if (!session) return 'A dispatch came before READY.';
    session.received = Math.max(session.received, seq ?? 0);
    this.#lastEventAt = now;
    const dispatch = { type, data, seq: seq ?? session.received };
    if (this.#queue.waiting > 0) this.#options.onWaiting?.(dispatch, session.sessionId);
    this.#queue.push({ session, dispatch, at: now, length });
    return undefined;
  }

  #onDisconnected(connection: Connection, end: ConnectionEnd, { detail }: Verdict): void {
    const { clock, log } = this.#deps;
    const { liveSince, endedAt: at = clock.now() } = connection;
    const resumable = this.#track.session !== undefined;
    const closeCode = end.kind === 'closed' ? { closeCode: end.code } : {};
    this.#lastDisconnect = { at, detail };
    log.info('gateway.disconnected', {
      shard: this.#name(),
      detail,
      resumable,
      close_code: closeCode.closeCode,
    });
    if (liveSince === undefined) return;
    if (clock.monotonic() - liveSince >= stableMs) this.#failures = 0;
    this.#options.onState({ state: 'disconnected', at, detail, resumable, ...closeCode });
  }

  #onCommitFailed(thrown: unknown): void {
    const error = AppError.from(thrown);
    this.#deps.log.error('gateway.commit_failed', { shard: this.#name(), error: thrown });
    this.#commitError = error;
    this.#connection?.end({ kind: 'not_committed', error });
  }

  #onBug(thrown: unknown): SessionEnd {
    const error = AppError.from(thrown);
    this.#deps.log.error('gateway.failed', { shard: this.#name(), error: thrown });
    this.#connection?.end({ kind: 'failed', error });
    this.#queue.stop();
    return { kind: 'lost', code: 'internal_error', detail: error.message };
  }

  async #pause({ atOnce, waitMsMin, detail }: Verdict): Promise<void> {
    const { clock, random } = this.#deps;
    const first = this.#failures === 0;
    const waitMs = atOnce && first ? 0 : Math.max(waitMsMin, backoffMs(this.#failures, random));
    this.#failures++;
    if (waitMs === 0) return;
    this.#enter('waiting', { retryAt: clock.now() + waitMs, detail });
    await sleep(clock, waitMs, this.#stopping.signal);
  }

  #judge(end: ConnectionEnd): Verdict {
    return judgeEnd(end, this.#options, this.#deps.random);
  }

  #enter(state: ShardSnapshot['state'], wait: Pick<ShardSnapshot, 'retryAt' | 'detail'> = {}): void {
    this.#state = { state, since: this.#deps.clock.now(), ...wait };
    this.#deps.log.debug('gateway.state_changed', { shard: this.#name(), state, retry_at: wait.retryAt });
  }

  #name(): string {
    return this.#options.shard.join('/');
  }
}
