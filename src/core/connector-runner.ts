import type { ConnectorSession, SessionEnd } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import { type Clock, deadline, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ConnectorClaim, ConnectorRecord } from '../store/connector-store.ts';
import type { Store } from '../store/store.ts';
import { afterFailure, type ConnectorState, levelOf, type RestartPolicy } from './connector-state.ts';
import { keepClaim } from './keep-claim.ts';
import { closeWithin, endOf, openWithin, sessionEndOf } from './session-bounds.ts';

export interface ConnectorRunnerDeps {
  readonly record: ConnectorRecord;
  /** Opens a session for the time of one claim. */
  readonly open: (claim: ConnectorClaim, signal: AbortSignal) => Promise<ConnectorSession>;
  readonly store: Pick<Store, 'connectors' | 'journal'>;
  readonly owner: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly policy: RestartPolicy;
  /** Called after every change of `state` and `session`. */
  readonly onChange: () => void;
}

const closed: SessionEnd = { kind: 'closed' };

/** Keeps one connector's session alive: claims, opens, watches, opens again. Touches no other connector. */
export class ConnectorRunner {
  readonly #deps: ConnectorRunnerDeps;
  #state: ConnectorState;
  #session: ConnectorSession | undefined;
  #failures = 0;
  #restarts = 0;
  #stopping = false;
  /** Aborted with a `SessionEnd` to end the session that is opening or live. */
  #ending = new AbortController();
  /** Aborted to end the wait that is under way, if one is. */
  #pauseOver: AbortController | undefined;
  /** The next wait is over before it begins: what it would be for came while a session was opening. */
  #skipPause = false;
  #done: Promise<void> | undefined;

  constructor(deps: ConnectorRunnerDeps) {
    this.#deps = deps;
    this.#state = { state: 'starting', since: deps.clock.now() };
  }

  get record(): ConnectorRecord {
    return this.#deps.record;
  }

  get state(): ConnectorState {
    return this.#state;
  }

  /** How often a session had to be opened again since this runner began. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The live session, if there is one. */
  get session(): ConnectorSession | undefined {
    return this.#session;
  }

  start(): void {
    this.#done ??= this.#run().catch((error: unknown) => {
      const { clock, log, record } = this.#deps;
      log.error('connector.failed', { connector_id: record.id, error });
      const detail = AppError.from(error).message;
      this.#enter({ state: 'blocked', since: clock.now(), code: 'internal_error', detail });
    });
  }

  /** What it was waiting for may be there: tries at once. Does nothing to a live session. */
  retryNow(): void {
    this.#failures = 0;
    if (this.#pauseOver) this.#pauseOver.abort();
    else this.#skipPause = this.#session === undefined;
  }

  /** Ends the session as broken, e.g. because its code threw outside of any call. */
  crash(error: unknown): void {
    this.#deps.log.error('connector.crashed', { connector_id: this.#deps.record.id, error });
    this.#ending.abort({
      kind: 'lost',
      code: 'session_failed',
      detail: 'The connector’s code failed outside of any call.',
    } satisfies SessionEnd);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ending.abort(closed);
    this.#pauseOver?.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { store, log } = this.#deps;
    while (!this.#stopping) {
      const claim = await this.#claim();
      if (!claim) {
        await this.#pause(this.#deps.policy.claimMs / 2);
        continue;
      }
      const end = await this.#runClaimed(claim);
      await store.connectors
        .releaseClaim(claim)
        .catch((error: unknown) => log.warn('connector.claim_kept', { error }));
      await this.#recover(end);
    }
  }

  /** Undefined when another daemon runs the connector, or when nobody can tell. */
  async #claim(): Promise<ConnectorClaim | undefined> {
    const { clock, store, owner, policy, record, log } = this.#deps;
    const since = clock.now();
    try {
      const claim = await store.connectors.claim(record.id, owner, since, since + policy.claimMs);
      if (!claim && this.#state.state !== 'standby') this.#enter({ state: 'standby', since });
      return claim;
    } catch (error) {
      log.warn('connector.claim_failed', { connector_id: record.id, error });
      const retryAt = clock.now() + policy.claimMs / 2;
      const detail = 'The store does not answer.';
      this.#enter({ state: 'backoff', since, retryAt, code: 'session_failed', detail });
      return undefined;
    }
  }

  /** One session under one claim, from opening to end. Never throws. */
  async #runClaimed(claim: ConnectorClaim): Promise<SessionEnd> {
    const { clock, log, policy, store } = this.#deps;
    const ending = new AbortController();
    this.#ending = ending;
    if (this.#stopping) return closed;
    this.#skipPause = false;
    this.#enter({ state: 'starting', since: clock.now() });
    const letGo = keepClaim(claim, { store: store.connectors, clock, log, claimMs: policy.claimMs }, () =>
      ending.abort(closed),
    );
    try {
      return await this.#live(await this.#open(claim, ending.signal), ending.signal);
    } catch (thrown) {
      return ending.signal.aborted ? (ending.signal.reason as SessionEnd) : this.#endOfThrow(thrown);
    } finally {
      letGo();
    }
  }

  #open(claim: ConnectorClaim, ending: AbortSignal): Promise<ConnectorSession> {
    const { clock, policy, open, record } = this.#deps;
    const timeout = deadline(
      clock,
      policy.openTimeoutMs,
      () => new AppError('timeout', 'The session did not open in time.'),
      ending,
    );
    return openWithin(record.id, open(claim, timeout.signal), timeout.signal).finally(timeout.clear);
  }

  /** Stays until the session is over, then sees that it is closed. */
  async #live(session: ConnectorSession, ending: AbortSignal): Promise<SessionEnd> {
    const { clock, policy, record, log, onChange } = this.#deps;
    const openedAt = clock.monotonic();
    this.#session = session;
    this.#enter({ state: 'running', since: clock.now() });
    void this.#releaseHold();
    const asked = Promise.withResolvers<SessionEnd>();
    const onAsked = (): void => asked.resolve(ending.reason as SessionEnd);
    ending.addEventListener('abort', onAsked, { once: true });
    if (ending.aborted) onAsked();
    const end = await Promise.race([endOf(session), asked.promise]).catch((thrown: unknown) =>
      this.#endOfThrow(thrown),
    );
    this.#session = undefined;
    if (clock.monotonic() - openedAt >= policy.stableMs) this.#failures = 0;
    onChange();
    await closeWithin(record.id, session, clock, policy.openTimeoutMs).catch((error: unknown) =>
      log.warn('connector.close_failed', { connector_id: record.id, error }),
    );
    return end;
  }

  /** A new session may have mended what the queue was held for. A wait that the platform asked for goes on. */
  async #releaseHold(): Promise<void> {
    const { clock, store, record, log } = this.#deps;
    try {
      const states = await store.connectors.listQueueStates();
      const { holdReason, holdUntil } = states.find(({ source }) => source === record.id) ?? {};
      if (holdReason !== undefined && holdUntil === undefined)
        await store.connectors.releaseHold(record.id, clock.now(), holdReason);
    } catch (error) {
      log.warn('queue.release_failed', { connector_id: record.id, error });
    }
  }

  #endOfThrow(thrown: unknown): SessionEnd {
    if (!(thrown instanceof AppError))
      this.#deps.log.error('connector.failed', { connector_id: this.#deps.record.id, error: thrown });
    return sessionEndOf(thrown);
  }

  /** Waits as long as the end of the session asks for. */
  async #recover(end: SessionEnd): Promise<void> {
    if (end.kind === 'closed' || this.#stopping) return;
    const { clock, policy, random } = this.#deps;
    this.#restarts++;
    const since = clock.now();
    if (end.kind === 'blocked') {
      this.#enter({ state: 'blocked', since, code: end.code, detail: end.detail });
      return this.#pause(undefined);
    }
    this.#failures++;
    const { state, waitMs } = afterFailure(this.#failures, policy, random(), end.afterMs);
    this.#enter({ state, since, retryAt: since + waitMs, code: end.code, detail: end.detail });
    await this.#pause(waitMs);
    // Half open: one more failure opens the breaker again at once.
    if (state === 'crash_loop' && this.#failures > 0) this.#failures = policy.failuresMax - 1;
  }

  /** Waits `ms`, or without end, until `retryNow` or `stop`. */
  async #pause(ms: number | undefined): Promise<void> {
    const skip = this.#skipPause;
    this.#skipPause = false;
    if (this.#stopping || skip) return;
    const over = new AbortController();
    this.#pauseOver = over;
    if (ms !== undefined) await sleep(this.#deps.clock, ms, over.signal);
    else await new Promise((resolve) => over.signal.addEventListener('abort', resolve, { once: true }));
    this.#pauseOver = undefined;
  }

  #enter(state: ConnectorState): void {
    this.#state = state;
    const { record, log, store, onChange } = this.#deps;
    const { since, ...fields } = state;
    const level = levelOf(state);
    log[level]('connector.status', { connector_id: record.id, ...fields });
    const entry = {
      at: since,
      kind: 'connector.status',
      level,
      source: record.id,
      subject: record.id,
      data: fields,
    } as const;
    store.journal.append([entry]).catch((error: unknown) => log.warn('journal.failed', { error }));
    onChange();
  }
}
