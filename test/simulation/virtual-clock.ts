import type { Clock } from '../../src/lib/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

const startAt = 1_700_000_000_000;

/** Time that passes only when nothing else is left to do. */
export class VirtualClock implements Clock {
  #now = startAt;
  #order = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** The same time for one process, whose timers fire only while `isAlive`. */
  forProcess(isAlive: () => boolean): Clock {
    return {
      now: () => this.#now,
      monotonic: () => this.#now,
      after: (ms, action) => this.after(ms, () => (isAlive() ? action() : undefined)),
    };
  }

  /**
   * Runs timer after timer, letting everything that each sets off come to rest, until `until` says so or
   * `atMost` virtual milliseconds have passed. Returns whether `until` was met.
   */
  async run(until: () => boolean, atMost: number): Promise<boolean> {
    const end = this.#now + atMost;
    for (;;) {
      await settled();
      if (until()) return true;
      const next = this.#next();
      if (!next || next.at > end) return false;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** The world of a simulation is made of promises alone, so one turn of the event loop lets all of them settle. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
