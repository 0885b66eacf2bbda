import { AppError } from '../../../domain/errors.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import { budgetWaitOf, type IdentifyGate } from '../gateway/identify-gate.ts';
import type { Hearing } from './hearing.ts';

export interface OpeningDeps {
  readonly gate: IdentifyGate;
  readonly hearing: Pick<Hearing, 'queued' | 'turned'>;
  /** How many shards there are. */
  readonly count: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Asked for a new session, the gateway may take minutes in an outage. Nothing else waits for it longer than this. */
const answerMsMax = 10_000;

/** When a session counts as open, and which of its shards may begin a session of the gateway. */
export class Opening {
  /** Rejects, with why, when there is nothing to wait for: no shard is heard, and none may begin a session today. */
  readonly done: Promise<undefined>;
  readonly #deps: OpeningDeps;
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #overBudget = new Set<string>();

  constructor(deps: OpeningDeps) {
    this.#deps = deps;
    this.done = this.#opened.promise;
    // It may come too late for anybody to look.
    this.done.catch(() => undefined);
  }

  /** A shard is heard, however long the replay takes that this may be the beginning of. */
  heard(): void {
    this.#opened.resolve(undefined);
  }

  /** As `IdentifyGate.turn`. */
  async turn(name: string, index: number, turnSignal: AbortSignal): Promise<void> {
    const { gate, hearing, count, clock } = this.#deps;
    hearing.queued(name);
    try {
      await gate.turn(index, turnSignal);
    } catch (thrown) {
      hearing.turned(name);
      if (budgetWaitOf(AppError.from(thrown)) !== undefined) this.#overBudget.add(name);
      if (this.#overBudget.size === count) this.#opened.reject(thrown);
      throw thrown;
    }
    this.#overBudget.delete(name);
    hearing.turned(name, clock.now());
    void this.#openWithoutAnswer();
  }

  /** The session that was asked for costs one of the day's starts, and would cost another were it not waited for. */
  async #openWithoutAnswer(): Promise<void> {
    const { clock, signal } = this.#deps;
    await sleep(clock, answerMsMax, signal);
    if (!signal.aborted) this.#opened.resolve(undefined);
  }
}
