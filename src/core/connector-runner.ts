import type { ConnectorAdapter, ConnectorHost, ConnectorSession, SessionEnd } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import { type Clock, deadline, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ConnectorClaim, ConnectorRecord } from '../store/connector-store.ts';
import type { Store } from '../store/store.ts';
import { afterFailure, type ConnectorState, type RestartPolicy } from './connector-state.ts';
import { keepClaim } from './keep-claim.ts';
import { closeWithin, openWithin, sessionEndOf } from './session-bounds.ts';

export interface ConnectorRunnerDeps {
  readonly record: ConnectorRecord;
  readonly adapter: ConnectorAdapter;
  /** Makes what the adapter can reach, for the time of one claim. */
  readonly createHost: (claim: ConnectorClaim) => ConnectorHost<unknown>;
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
  /** Aborted to end the wait that is under way. */
  #pauseOver = new AbortController();
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
    this.#done ??= this.#run();
  }

  /** What it was waiting for may be there: tries at once. Does nothing to a live session. */
  retryNow(): void {
    this.#failures = 0;
    this.#pauseOver.abort();
  }

  /** Ends the session as broken, e.g. because its code threw outside of any call. */
  crash(error: unknown): void {
    this.#deps.log.error('connector.crashed', { connector_id: this.#deps.record.id, error });
    this.#ending.abort({ kind: 'lost', code: 'session_failed', detail: 'The connector’s code failed outside of any call.' } satisfies SessionEnd);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ending.abort(closed);
    this.#pauseOver.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, store, owner, policy, record, log } = this.#deps;
    while (!this.#stopping) {
      const now = clock.now();
      const claim = await store.connectors.claim(record.id, owner, now, now + policy.claimMs).catch((error: unknown) => {
        log.warn('connector.claim_failed', { connector_id: record.id, error });
        return undefined;
      });
      if (!claim) {
        if (this.#state.state !== 'standby') this.#enter({ state: 'standby', since: clock.now() });
        await this.#pause(policy.claimMs / 2);
        continue;
      }
      const end = await this.#runClaimed(claim);
      await store.connectors.releaseClaim(claim).catch((error: unknown) => log.warn('connector.claim_kept', { error }));
      await this.#recover(end);
    }
  }

  /** One session under one claim, from opening to end. Never throws. */
  async #runClaimed(claim: ConnectorClaim): Promise<SessionEnd> {
    const { clock, log, policy, store } = this.#deps;
    const ending = new AbortController();
    this.#ending = ending;
    if (this.#stopping) return closed;
    this.#enter({ state: 'starting', since: clock.now() });
    const letGo = keepClaim(claim, { store: store.connectors, clock, log, claimMs: policy.claimMs }, () => ending.abort(closed));
    const openedAt = clock.now();
    try {
      return await this.#live(claim, ending.signal);
    } catch (thrown) {
      return ending.signal.aborted ? (ending.signal.reason as SessionEnd) : sessionEndOf(thrown);
    } finally {
      letGo();
      this.#session = undefined;
      if (clock.now() - openedAt >= policy.stableMs) this.#failures = 0;
    }
  }

  /** Opens a session and stays until it is over. */
  async #live(claim: ConnectorClaim, ending: AbortSignal): Promise<SessionEnd> {
    const { adapter, clock, policy, createHost, store, record, log, onChange } = this.#deps;
    const timeout = deadline(clock, policy.openTimeoutMs, () => new AppError('timeout', 'The session did not open in time.'), ending);
    const session = await openWithin(adapter.open(createHost(claim), timeout.signal), timeout.signal).finally(timeout.clear);
    this.#session = session;
    this.#enter({ state: 'running', since: clock.now() });
    await store.connectors.releaseHold(record.id, clock.now()).catch((error: unknown) => log.warn('queue.release_failed', { error }));
    const asked = Promise.withResolvers<SessionEnd>();
    ending.addEventListener('abort', () => asked.resolve(ending.reason as SessionEnd), { once: true });
    if (ending.aborted) asked.resolve(ending.reason as SessionEnd);
    const end = await Promise.race([session.closed, asked.promise]);
    this.#session = undefined;
    onChange();
    await closeWithin(session, clock, policy.openTimeoutMs).catch((error: unknown) =>
      log.warn('connector.close_failed', { connector_id: record.id, error }),
    );
    return end;
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
    if (this.#stopping) return;
    const over = new AbortController();
    this.#pauseOver = over;
    if (ms !== undefined) return sleep(this.#deps.clock, ms, over.signal);
    await new Promise((resolve) => over.signal.addEventListener('abort', resolve, { once: true }));
  }

  #enter(state: ConnectorState): void {
    this.#state = state;
    const { record, log, store, onChange } = this.#deps;
    const { since, ...fields } = state;
    const level = levelOf(state);
    log[level]('connector.status', { connector_id: record.id, ...fields });
    const entry = { at: since, kind: 'connector.status', level, source: record.id, subject: record.id, data: fields } as const;
    store.journal.append([entry]).catch((error: unknown) => log.warn('journal.failed', { error }));
    onChange();
  }
}

function levelOf({ state }: ConnectorState): 'info' | 'warn' | 'error' {
  if (state === 'blocked' || state === 'crash_loop') return 'error';
  return state === 'backoff' ? 'warn' : 'info';
}
