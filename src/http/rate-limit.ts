import { isIP } from 'node:net';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';

const addressesMax = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

export interface RateLimits {
  readonly requestsPerSecond: number;
  readonly requestsPerSecondLoopback: number;
}

/** Lets each address make so many requests per second, in bursts of two seconds' worth. Remembers the addresses seen last. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @throws AppError `rate_limited`. */
  take(address: string): void {
    const rate = isLoopback(address) ? this.#limits.requestsPerSecondLoopback : this.#limits.requestsPerSecond;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(address) ?? { tokens: rate * 2, at: now };
    bucket.tokens = Math.min(rate * 2, bucket.tokens + ((now - bucket.at) / 1_000) * rate);
    bucket.at = now;
    this.#remember(address, bucket);
    if (bucket.tokens < 1) throw new AppError('rate_limited', `More than ${rate} requests per second. Slow down.`);
    bucket.tokens -= 1;
  }

  #remember(address: string, bucket: Bucket): void {
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > addressesMax && oldest !== undefined) this.#buckets.delete(oldest);
  }
}

export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
