const unsaidMs = 1_000;
const unsaidMsMax = 60_000;

/** Nothing goes out before `until`, because the platform said so. Times are monotonic ms. */
export class Block {
  #until = -Infinity;
  #unsaid = 0;

  /** How long it still lasts, in whole ms; 0 when it is over. */
  waitMs(now: number): number {
    return Math.max(0, Math.ceil(this.#until - now));
  }

  /** Never shortens it. Where the platform does not say for how long, longer each time. Answers for how long. */
  extend(now: number, afterMs: number | undefined): number {
    const isRow = now < this.#until + unsaidMsMax;
    this.#unsaid = afterMs === undefined ? (isRow ? this.#unsaid : 0) + 1 : 0;
    const ms = afterMs ?? Math.min(unsaidMs * 2 ** (this.#unsaid - 1), unsaidMsMax);
    this.#until = Math.max(this.#until, now + Math.max(1, ms));
    return Math.ceil(this.#until - now);
  }
}
