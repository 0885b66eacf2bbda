import type { Clock } from '../../../src/lib/clock.ts';

/** The first second of 2015, from which Discord's ids count. */
const epochMs = 1_420_070_400_000;

/** Ids as Discord makes them: they hold the time and only grow, even when the clock stands still or goes back. */
export class Snowflakes {
  readonly #clock: Clock;
  #last = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): string {
    const ofNow = BigInt(this.#clock.now() - epochMs) << 22n;
    this.#last = ofNow > this.#last ? ofNow : this.#last + 1n;
    return this.#last.toString();
  }

  /** An id of `ms` ago, for what was there before; `nth` keeps those of the same millisecond apart. */
  earlier(ms: number, nth: number): string {
    return ((BigInt(this.#clock.now() - ms - epochMs) << 22n) + BigInt(0x3f_ffff - nth)).toString();
  }
}

/** When an id was made, in Unix ms. */
export function snowflakeAt(id: string): number {
  return Number(BigInt(id) >> 22n) + epochMs;
}

export function isSnowflake(text: string): boolean {
  return /^\d{1,20}$/.test(text);
}

/** Orders ids by time. */
export function compareIds(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
}
