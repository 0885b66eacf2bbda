import type { Clock } from '../../../src/lib/clock.ts';
import type { Bot } from './entities.ts';
import type { Json } from './form.ts';
import { refusedIntents } from './gateway-intents.ts';
import { dayMs } from './settle-world.ts';

export type IdentifyVerdict =
  | { readonly kind: 'close'; readonly code: number; readonly why: string }
  /** Op 9: too many at once. */
  | { readonly kind: 'invalid'; readonly why: string }
  /** The budget of the day was spent before. */
  | { readonly kind: 'spent' }
  | { readonly kind: 'ok'; readonly shard: readonly [number, number]; readonly intents: number };

export class Identifies {
  readonly #clock: Clock;
  readonly #concurrencyMs: number;
  readonly #lastAt = new Map<string, number>();

  constructor(clock: Clock, concurrencyMs: number) {
    this.#clock = clock;
    this.#concurrencyMs = concurrencyMs;
  }

  judge(bot: Bot | undefined, data: Json, guilds: number): IdentifyVerdict {
    if (!bot) return close(4004, 'Authentication failed.');
    const shard = parseShard(data.shard);
    if (!shard) return close(4010, 'Invalid shard.');
    if (typeof data.properties !== 'object' || data.properties === null)
      return close(4002, 'Error while decoding payload.');
    const refused = refusedIntents(data.intents, bot.flags);
    if (refused) return close(refused, refused === 4013 ? 'Invalid intent(s).' : 'Disallowed intent(s).');
    if (guilds / shard[1] > bot.guildsPerShardMax) return close(4011, 'Sharding required.');
    if (!this.#isInTime(bot, shard)) return { kind: 'invalid', why: 'over max_concurrency' };
    return this.#spend(bot) ? { kind: 'ok', shard, intents: data.intents as number } : { kind: 'spent' };
  }

  #isInTime(bot: Bot, shard: readonly [number, number]): boolean {
    const now = this.#clock.now();
    const key = `${bot.applicationId} ${shard[0] % bot.maxConcurrency}`;
    if (now - (this.#lastAt.get(key) ?? -Infinity) < this.#concurrencyMs) return false;
    this.#lastAt.set(key, now);
    return true;
  }

  #spend({ identifies }: Bot): boolean {
    renewIdentifies(identifies, this.#clock.now());
    if (identifies.remaining === 0) return false;
    identifies.remaining -= 1;
    return true;
  }
}

/** The budget starts anew every 24 hours. */
export function renewIdentifies(identifies: Bot['identifies'], now: number): void {
  if (identifies.resetAt > now) return;
  identifies.remaining = identifies.total;
  identifies.resetAt = now + dayMs;
}

function parseShard(given: unknown): readonly [number, number] | undefined {
  if (given === undefined) return [0, 1];
  if (!Array.isArray(given) || given.length !== 2) return undefined;
  const [index, count] = given as unknown[];
  const isValid = Number.isInteger(index) && Number.isInteger(count) && (index as number) >= 0;
  return isValid && (index as number) < (count as number) ? [index as number, count as number] : undefined;
}

function close(code: number, why: string): IdentifyVerdict {
  return { kind: 'close', code, why };
}
