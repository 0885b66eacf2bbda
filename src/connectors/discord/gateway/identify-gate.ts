import { AppError } from '../../../domain/errors.ts';
import { type Clock, rejectOnAbort, sleep } from '../../../lib/clock.ts';
import type { SessionStartLimit } from './gateway-info.ts';

/** Sessions that are never started by us: beyond the last one, Discord ends all sessions and resets the token. */
export const startsReserved = 10;
/** One start per key of concurrency and 5 s, with some room for the jitter of the network. */
const startEveryMs = 5_500;
/** After so long, a start is counted in what the API says remains. */
const settledAfterMs = 10_000;

const waits = new WeakMap<AppError, number>();

/** How long to wait after an error of `IdentifyGate.turn`, in ms; undefined for any other error. */
export function budgetWaitOf(error: AppError): number | undefined {
  return waits.get(error);
}

export interface IdentifyGateOptions {
  /** Read anew before every start, from GET /gateway/bot. */
  readonly limit: () => Promise<SessionStartLimit>;
  readonly clock: Clock;
}

/** Shared by all shards of a bot: https://docs.discord.com/developers/events/gateway#session-start-limit-object. */
export interface IdentifyGate {
  /**
   * Resolves when the shard may identify.
   * @throws AppError `rate_limited`, with `budgetWaitOf`, when the starts of the day are used up but for the
   *   reserve; what `limit` throws; the reason of `signal`.
   */
  turn(shard: number, signal: AbortSignal): Promise<void>;
}

export function createIdentifyGate({ limit, clock }: IdentifyGateOptions): IdentifyGate {
  /** By key of concurrency: when the next start may be. Monotonic, like `starts`. */
  const nextAt = new Map<number, number>();
  let starts: readonly number[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  /** Takes one start from the budget and says when it may be used. */
  const take = async (shard: number, signal: AbortSignal): Promise<number> => {
    signal.throwIfAborted();
    const { remaining, resetAfterMs, maxConcurrency } = await limit();
    const now = clock.monotonic();
    starts = starts.filter((at) => at > now - settledAfterMs);
    // What is counted twice for a while is no reason to wait for the reset.
    const waitMs = remaining > startsReserved ? settledAfterMs : resetAfterMs;
    if (remaining - starts.length <= startsReserved) throw budgetSpent(remaining, resetAfterMs, waitMs);
    const key = shard % maxConcurrency;
    const at = Math.max(now, nextAt.get(key) ?? 0);
    nextAt.set(key, at + startEveryMs);
    starts = [...starts, at];
    return at;
  };

  return {
    async turn(shard, signal) {
      const taken = queue.then(() => take(shard, signal));
      queue = taken.catch(() => undefined);
      const at = await rejectOnAbort(taken, signal);
      const waitMs = at - clock.monotonic();
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      signal.throwIfAborted();
    },
  };
}

function budgetSpent(remaining: number, resetAfterMs: number, waitMs: number): AppError {
  const minutes = Math.ceil(resetAfterMs / 60_000);
  const error = new AppError(
    'rate_limited',
    `Only ${remaining} session starts are left today, and the last ${startsReserved} are never used. The count starts again in ${minutes} minutes.`,
  );
  waits.set(error, waitMs);
  return error;
}
