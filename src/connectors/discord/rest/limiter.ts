import type { Clock } from '../../../lib/clock.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import { Block } from './block.ts';
import { type GlobalPlace, GlobalWindow } from './global-window.ts';
import { InvalidBudget } from './invalid-budget.ts';
import type { RateFacts, RateWait } from './rate-facts.ts';
import { type Place, RateWindow } from './rate-window.ts';
import type { Priority } from './request.ts';
import type { Target } from './route.ts';

export type Scope = 'bucket' | 'global' | 'shared' | 'budget';

export type Admission =
  | { readonly kind: 'go'; readonly permit: Permit }
  | { readonly kind: 'wait'; readonly afterMs: number; readonly scope: Scope };

/** A request that may go out. It ends in one call of the limiter: `settle`, `punish` or `giveBack`. */
export interface Permit {
  readonly target: Target;
  readonly window: RateWindow;
  readonly place: Place;
  readonly global: GlobalPlace | undefined;
}

export interface LimiterSnapshot {
  readonly buckets: number;
  readonly invalidRequests: number;
  readonly invalidRequestsMax: number;
  /** How often the platform had to say no, since the start. */
  readonly limitedByPlatform: Readonly<Record<RateWait['scope'], number>>;
  readonly globalWaitMs: number;
}

export interface LimiterOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** https://docs.discord.com/developers/topics/rate-limits#global-rate-limit */
  readonly globalPerSecond?: number;
  readonly invalidRequestsMax?: number;
}

const bucketsMax = 1_024;

/** The part of a limit that is left to what matters more. */
const shares: Readonly<Record<Priority, number>> = {
  final: 0,
  interaction: 0.1,
  edit: 0.2,
  typing: 0.4,
  background: 0.6,
};

/**
 * Says of each request whether it may go out now, by what the answers have told of the limits so far. Never
 * waits itself. One per credential: Discord counts by bot.
 */
export class Limiter {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #global: GlobalWindow;
  readonly #invalid: InvalidBudget;
  readonly #invalidMax: number;
  readonly #globalBlock = new Block();
  /** Under their route and resource; and, once that is known, under their bucket and resource. */
  readonly #windows = new Map<string, RateWindow>();
  /** Which bucket a route has, and how large it is. */
  readonly #routes = new RecentMap<string, { readonly bucket: string; readonly limit: number }>(bucketsMax);
  /** Of single objects, where their bucket has room. */
  readonly #exact = new RecentMap<string, Block>(bucketsMax);
  readonly #limited = { user: 0, global: 0, shared: 0 };

  constructor({ clock, globalPerSecond = 50, invalidRequestsMax = 1_000 }: LimiterOptions) {
    this.#clock = clock;
    this.#global = new GlobalWindow(globalPerSecond);
    this.#invalid = new InvalidBudget(invalidRequestsMax);
    this.#invalidMax = invalidRequestsMax;
  }

  /** `isGlobal`: whether the request counts towards the limit over all requests. */
  admit(target: Target, priority: Priority, isGlobal: boolean): Admission {
    const now = this.#clock.monotonic();
    const reserveOf = (limit: number): number => Math.min(limit - 1, Math.ceil(limit * shares[priority]));
    const budgetMs = this.#invalid.waitMs(now);
    if (budgetMs > 0) return { kind: 'wait', afterMs: budgetMs, scope: 'budget' };
    const window = this.#windowOf(target, now);
    const blockMs = Math.max(window.block.waitMs(now), this.#exact.get(target.exact)?.waitMs(now) ?? 0);
    const globalBlockMs = isGlobal ? this.#globalBlock.waitMs(now) : 0;
    if (globalBlockMs > blockMs) return { kind: 'wait', afterMs: globalBlockMs, scope: 'global' };
    if (blockMs > 0) return { kind: 'wait', afterMs: blockMs, scope: 'bucket' };
    const bucketMs = window.waitMs(now, reserveOf);
    if (bucketMs > 0) return { kind: 'wait', afterMs: bucketMs, scope: 'bucket' };
    const globalMs = isGlobal ? this.#global.waitMs(now, reserveOf) : 0;
    if (globalMs > 0) return { kind: 'wait', afterMs: globalMs, scope: 'global' };
    const global = isGlobal ? this.#global.take(now) : undefined;
    return { kind: 'go', permit: { target, window, place: window.take(now), global } };
  }

  /** It was not sent after all. */
  giveBack({ window, place, global }: Permit): void {
    window.giveBack(place);
    if (global) this.#global.giveBack(global);
  }

  /** The answer is in, or it never will be. `isGood` when it was one of the platform's own, without an error. */
  settle(permit: Permit, facts: RateFacts | undefined, isGood: boolean): void {
    const now = this.#clock.monotonic();
    permit.window.settle(permit.place, now, facts);
    if (permit.global) this.#global.settle(permit.global, now);
    if (!facts && isGood) permit.window.markUnlimited();
    if (facts) this.#learn(permit, facts, now);
  }

  /** A 429. Answers how long nothing of its scope will be let out. */
  punish(permit: Permit, facts: RateFacts | undefined, wait: RateWait): { afterMs: number; scope: Scope } {
    this.settle(permit, facts, false);
    const now = this.#clock.monotonic();
    this.#limited[wait.scope] += 1;
    if (wait.scope !== 'shared') this.#invalid.add(now);
    const afterMs = this.#blockFor(permit, wait).extend(now, wait.afterMs);
    return { afterMs, scope: wait.scope === 'user' ? 'bucket' : wait.scope };
  }

  /** An answer of 401 or 403. */
  addInvalid(): void {
    this.#invalid.add(this.#clock.monotonic());
  }

  snapshot(): LimiterSnapshot {
    const now = this.#clock.monotonic();
    return {
      buckets: this.#windows.size,
      invalidRequests: this.#invalid.count(now),
      invalidRequestsMax: this.#invalidMax,
      limitedByPlatform: { ...this.#limited },
      globalWaitMs: this.#globalBlock.waitMs(now),
    };
  }

  #blockFor({ target, window }: Permit, { scope, sublimit }: RateWait): Block {
    if (scope === 'global') return this.#globalBlock;
    if (!sublimit) return (this.#windows.get(routeKey(target)) ?? window).block;
    const block = this.#exact.get(target.exact) ?? new Block();
    this.#exact.set(target.exact, block);
    return block;
  }

  #windowOf(target: Target, now: number): RateWindow {
    const known = this.#routes.get(target.route);
    const shared = known && bucketKey(known.bucket, target);
    const window =
      this.#windows.get(routeKey(target)) ??
      (shared === undefined ? undefined : this.#windows.get(shared)) ??
      new RateWindow(known?.limit);
    this.#keep(routeKey(target), window, now);
    if (shared !== undefined && !this.#windows.has(shared)) this.#keep(shared, window, now);
    return window;
  }

  /** From now on what has the same bucket shares one window. */
  #learn({ target, window }: Permit, facts: RateFacts, now: number): void {
    const { bucket, limit } = facts;
    if (bucket === undefined) return;
    this.#routes.set(target.route, { bucket, limit });
    const key = bucketKey(bucket, target);
    const shared = this.#windows.get(key);
    if (shared && shared !== window) {
      shared.charge(now, facts);
      this.#keep(routeKey(target), shared, now);
    } else this.#keep(key, window, now);
  }

  /** The windows used last, and of the others those first that know nothing worth keeping. */
  #keep(key: string, window: RateWindow, now: number): void {
    this.#windows.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size <= bucketsMax) return;
    const [oldest] = this.#windows.keys();
    const idle = this.#windows.entries().find(([, kept]) => kept !== window && kept.isIdle(now));
    this.#windows.delete(idle?.[0] ?? oldest ?? key);
  }
}

function routeKey({ route, resource }: Target): string {
  return `${route} ${resource}`;
}

/** Never a route's: those begin with their method and have a slash. */
function bucketKey(bucket: string, { resource }: Target): string {
  return `bucket:${bucket} ${resource}`;
}
