import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/lib/clock.ts';

export interface LimitSpec {
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * One bucket per name and top-level resource. The figures are those that bots commonly see; Discord does not
 * publish them, and a client must not know them.
 */
export const realLimits = {
  'message-create': { limit: 5, windowMs: 5_000 },
  'message-edit': { limit: 5, windowMs: 5_000 },
  'message-delete': { limit: 5, windowMs: 1_000 },
  'message-bulk-delete': { limit: 1, windowMs: 1_000 },
  'message-read': { limit: 5, windowMs: 5_000 },
  reaction: { limit: 1, windowMs: 250 },
  'reaction-read': { limit: 5, windowMs: 5_000 },
  typing: { limit: 5, windowMs: 5_000 },
  channel: { limit: 15, windowMs: 15_000 },
  thread: { limit: 10, windowMs: 10_000 },
  guild: { limit: 10, windowMs: 10_000 },
  'open-dm': { limit: 10, windowMs: 10_000 },
  commands: { limit: 5, windowMs: 20_000 },
  webhook: { limit: 5, windowMs: 2_000 },
  account: { limit: 30, windowMs: 30_000 },
  gateway: { limit: 2, windowMs: 5_000 },
} as const satisfies Record<string, LimitSpec>;

export type BucketName = keyof typeof realLimits;

export interface RateLimitOptions {
  /** Multiplies every limit: for suites that measure something else than patience. */
  readonly scale: number;
  readonly buckets: Partial<Record<BucketName, LimitSpec>>;
  /** Requests of a bot per second: docs.discord.com/developers/topics/rate-limits#global-rate-limit. */
  readonly globalPerSecond: number;
  /** 401, 403 and 429 per 10 minutes, before everything is refused: same page, #invalid-request-limit. */
  readonly invalidMax: number;
}

export const defaultRateLimits: RateLimitOptions = {
  scale: 1,
  buckets: {},
  globalPerSecond: 50,
  invalidMax: 10_000,
};

export interface Verdict {
  readonly headers: Readonly<Record<string, string>>;
  /** Set when the request is over a limit. */
  readonly limited?: { readonly retryAfterMs: number; readonly isGlobal: boolean };
}

interface Window {
  used: number;
  resetAt: number;
}

const invalidWindowMs = 600_000;
const bucketsMax = 10_000;

export class RateLimits {
  readonly #clock: Clock;
  readonly #options: RateLimitOptions;
  readonly #windows = new Map<string, Window>();
  readonly #global = new Map<string, Window>();
  #invalid: number[] = [];
  #bannedUntil = 0;

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** How many invalid requests of the last 10 minutes count. */
  get invalidRequests(): number {
    const since = this.#clock.now() - invalidWindowMs;
    if ((this.#invalid[0] ?? since + 1) <= since) this.#invalid = this.#invalid.filter((at) => at > since);
    return this.#invalid.length;
  }

  /** How much longer the address is banned, in ms. */
  get bannedForMs(): number {
    return Math.max(0, this.#bannedUntil - this.#clock.now());
  }

  countInvalid(): void {
    this.#invalid.push(this.#clock.now());
    if (this.invalidRequests >= this.#options.invalidMax)
      this.#bannedUntil = this.#clock.now() + invalidWindowMs;
  }

  takeGlobal(caller: string): Verdict | undefined {
    const window = this.#take(this.#global, caller, this.#options.globalPerSecond, 1_000);
    if (window.used <= this.#options.globalPerSecond) return undefined;
    const retryAfterMs = window.resetAt - this.#clock.now();
    return {
      headers: { 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' },
      limited: { retryAfterMs, isGlobal: true },
    };
  }

  /** Counts a request, of `caller` on the bucket of `resource`, and gives the headers of its answer. */
  take(caller: string, bucket: BucketName, resource: string): Verdict {
    const spec = this.#specOf(bucket);
    const window = this.#take(this.#windows, `${caller} ${bucket} ${resource}`, spec.limit, spec.windowMs);
    const isOver = window.used > spec.limit;
    const retryAfterMs = window.resetAt - this.#clock.now();
    const headers = this.headers(bucket, spec.limit, Math.max(0, spec.limit - window.used), retryAfterMs);
    return isOver
      ? { headers: { ...headers, 'x-ratelimit-scope': 'user' }, limited: { retryAfterMs, isGlobal: false } }
      : { headers };
  }

  headers(
    bucket: BucketName,
    limit: number,
    remaining: number,
    resetAfterMs: number,
  ): Record<string, string> {
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': ((this.#clock.now() + resetAfterMs) / 1_000).toFixed(3),
      'x-ratelimit-reset-after': (resetAfterMs / 1_000).toFixed(3),
      'x-ratelimit-bucket': createHash('sha1').update(bucket).digest('hex').slice(0, 16),
    };
  }

  limitOf(bucket: BucketName): number {
    return this.#specOf(bucket).limit;
  }

  #specOf(bucket: BucketName): LimitSpec {
    const own = this.#options.buckets[bucket];
    if (own) return own;
    const { limit, windowMs } = realLimits[bucket];
    return { limit: limit * this.#options.scale, windowMs };
  }

  /** A window begins with its first request. A refused request does not prolong it. */
  #take(windows: Map<string, Window>, key: string, limit: number, windowMs: number): Window {
    const now = this.#clock.now();
    const known = windows.get(key);
    const window = known && known.resetAt > now ? known : { used: 0, resetAt: now + windowMs };
    if (window.used <= limit) window.used += 1;
    if (window !== known) {
      windows.set(key, window);
      if (windows.size > bucketsMax) prune(windows, now);
    }
    return window;
  }
}

function prune(windows: Map<string, Window>, now: number): void {
  for (const [key, { resetAt }] of windows) if (resetAt <= now) windows.delete(key);
}
