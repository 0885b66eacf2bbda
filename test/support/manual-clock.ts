import type { Clock } from '../../src/lib/clock.ts';

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 1_750_000_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + ms, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set and have not gone off. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`; what the timers set off in promises happens afterwards. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#next(until); next; next = this.#next(until)) this.#fire(next);
    this.#now = until;
  }

  /** Lets `ms` go by as they would: before each timer, all that follows from the one before has happened. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#fire(next);
      await settled();
    }
    this.#now = until;
  }

  /** Lets go by as many steps of `stepMs` as it takes until `isMet`. Throws when `stepsMax` are not enough. */
  async passUntil(isMet: () => boolean | Promise<boolean>, stepMs = 100, stepsMax = 10_000): Promise<void> {
    await settled();
    for (let step = 0; !(await isMet()); step++) {
      if (step >= stepsMax) throw new Error(`Not met within ${stepMs * stepsMax} ms.`);
      await this.pass(stepMs);
    }
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= until && !(next && next.at <= timer.at)) next = timer;
    return next;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.action();
  }
}

/** Where nothing but promises is under way, one turn of the event loop lets all of them settle. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
