import { Block } from './block.ts';
import type { RateFacts } from './rate-facts.ts';

/** A place in a window, from before a request goes out until its answer is in. */
export interface Place {
  readonly window: number;
}

/** How long to wait for an answer that will tell more. */
const answerMsMin = 50;
const answerMsMax = 1_000;
/** Two ends of windows that are nearer than this are one: the platform works out its ends anew for each answer. */
const sameWindowMs = 100;
/** Of a window that nothing was heard of, and that is used up. */
const unheardMs = 1_000;

/**
 * What is left of one limit. Never lets out more than its window admits, as far as the answers tell:
 * while the limit is not known, one request at a time; whatever is under way when a window ends counts in
 * the next. Times are monotonic ms.
 */
export class RateWindow {
  /** Of the whole bucket. */
  readonly block = new Block();
  #limit: number | undefined;
  #remaining = 0;
  #inFlight = 0;
  /** Since when there has always been a request under way. */
  #busySince = 0;
  #endsAt: number | undefined;
  #platformEnd: number | undefined;
  #window = 0;
  #unlimited = false;

  /** `limit` where it is known from another resource of the same bucket. */
  constructor(limit?: number) {
    this.#limit = limit;
    this.#remaining = limit ?? 0;
  }

  /** True when a new one would know as much. */
  isIdle(now: number): boolean {
    const isOver = this.#endsAt === undefined || now >= this.#endsAt;
    return this.#inFlight === 0 && isOver && this.block.waitMs(now) === 0;
  }

  /** How long a request has to wait that leaves `reserve` places to others; 0 when it may go. */
  waitMs(now: number, reserveOf: (limit: number) => number): number {
    if (this.#unlimited) return 0;
    if (this.#limit === undefined) return this.#inFlight === 0 ? 0 : this.#answerMs(now);
    this.#roll(now);
    if (this.#remaining - reserveOf(this.#limit) >= 1) return 0;
    return this.#endsAt === undefined ? this.#answerMs(now) : Math.max(1, this.#endsAt - now);
  }

  take(now: number): Place {
    if (this.#inFlight === 0) this.#busySince = now;
    this.#remaining -= 1;
    this.#inFlight += 1;
    return { window: this.#window };
  }

  /** `facts` of the answer; undefined when it said nothing of a limit, or there was none. */
  settle(place: Place, now: number, facts: RateFacts | undefined): void {
    // First: the answer may come from the new window, so that the request counts in it.
    this.#roll(now);
    this.#inFlight -= 1;
    if (facts) this.#learn(place, now, facts);
    const isSpent = this.#limit !== undefined && this.#remaining < this.#limit;
    if (this.#inFlight === 0 && this.#endsAt === undefined && isSpent)
      this.#endsAt = now + (facts?.resetAfterMs ?? unheardMs);
  }

  /** A request that was not known to count here did. */
  charge(now: number, { remaining, resetAfterMs }: RateFacts): void {
    this.#roll(now);
    this.#remaining = Math.min(this.#remaining - 1, remaining);
    this.#endsAt ??= now + resetAfterMs;
  }

  /** An answer came, and it knew of no limit. */
  markUnlimited(): void {
    if (this.#limit === undefined) this.#unlimited = true;
  }

  /** It was not sent after all. */
  giveBack(place: Place): void {
    this.#inFlight -= 1;
    if (place.window === this.#window) this.#remaining += 1;
  }

  #learn(place: Place, now: number, facts: RateFacts): void {
    const { limit, remaining, resetAfterMs, windowEnd } = facts;
    const endsAt = now + resetAfterMs;
    const wasKnown = this.#limit !== undefined;
    this.#unlimited = false;
    this.#limit = limit;
    if (!wasKnown) {
      this.#begin(remaining - this.#inFlight, endsAt, windowEnd);
      return;
    }
    const order = this.#orderOf(windowEnd);
    const isFromBefore = place.window < this.#window;
    if (this.#endsAt === undefined) {
      // Of the window before: what it used here has been charged already.
      if (isFromBefore && order !== 'later') return;
      this.#remaining = Math.min(this.#remaining, remaining);
      this.#endsAt = endsAt;
      this.#platformEnd = windowEnd;
    } else if (order === 'later') {
      this.#begin(remaining - this.#inFlight, endsAt, windowEnd);
    } else if (order !== 'earlier' && !(isFromBefore && order === 'unknown')) {
      // The answers of one window may come in any order; the least that any of them left is what is left.
      this.#remaining = Math.min(this.#remaining, remaining);
      // Each end is late by as long as its answer took, so that the earliest is the nearest.
      this.#endsAt = (order === 'same' ? Math.min : Math.max)(this.#endsAt, endsAt);
    }
  }

  /** As long again as the answer has taken already: not often, and not late by much. */
  #answerMs(now: number): number {
    return Math.min(Math.max(now - this.#busySince, answerMsMin), answerMsMax);
  }

  /** Whether the window of an answer is the one that is counted. */
  #orderOf(windowEnd: number | undefined): 'earlier' | 'same' | 'later' | 'unknown' {
    if (windowEnd === undefined || this.#platformEnd === undefined) return 'unknown';
    if (windowEnd > this.#platformEnd + sameWindowMs) return 'later';
    return windowEnd < this.#platformEnd - sameWindowMs ? 'earlier' : 'same';
  }

  #begin(remaining: number, endsAt: number, windowEnd: number | undefined): void {
    this.#window += 1;
    this.#remaining = remaining;
    this.#endsAt = endsAt;
    this.#platformEnd = windowEnd;
  }

  #roll(now: number): void {
    if (this.#endsAt === undefined || now < this.#endsAt || this.#limit === undefined) return;
    this.#window += 1;
    this.#remaining = this.#limit - this.#inFlight;
    this.#endsAt = undefined;
  }
}
