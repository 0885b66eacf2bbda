import { AppError } from '../domain/errors.ts';
import { compileBlocks } from '../lib/address-blocks.ts';
import type { Clock } from '../lib/clock.ts';
import { TokenBuckets } from '../lib/token-buckets.ts';

export interface RateLimits {
  readonly requestsPerSecond: number;
  readonly requestsPerSecondLoopback: number;
}

/** Lets each address make so many requests per second. */
export class RateLimiter {
  readonly #buckets: TokenBuckets;
  readonly #limits: RateLimits;

  constructor(clock: Clock, limits: RateLimits) {
    this.#buckets = new TokenBuckets(clock);
    this.#limits = limits;
  }

  /** @throws AppError `rate_limited`. */
  take(address: string): void {
    const rate = isLoopback(address)
      ? this.#limits.requestsPerSecondLoopback
      : this.#limits.requestsPerSecond;
    if (this.#buckets.take(address, rate)) return;
    throw new AppError('rate_limited', `More than ${rate} requests per second. Slow down.`);
  }
}

export const isLoopback = compileBlocks(['127.0.0.0/8', '::1']);
