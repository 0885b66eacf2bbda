import type { Clock } from './clock.ts';

interface Bucket {
  tokens: number;
  at: number;
}

const keysMax = 10_000;

/** So many tokens per second and key, in bursts of two seconds' worth. Remembers the keys seen last. */
export class TokenBuckets {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Whether there was a token to take. */
  take(key: string, perSecond: number): boolean {
    const now = this.#clock.monotonic();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: perSecond * 2, at: now };
    const filled = Math.min(perSecond * 2, tokens + ((now - at) / 1_000) * perSecond);
    const granted = filled >= 1;
    // Deleted first, so that the key becomes the youngest.
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: granted ? filled - 1 : filled, at: now });
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > keysMax && oldest !== undefined) this.#buckets.delete(oldest);
    return granted;
  }
}
