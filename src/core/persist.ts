import { isAppError } from '../domain/errors.ts';
import { type Clock, sleep } from '../lib/clock.ts';

const firstWaitMs = 50;
const longestWaitMs = 2_000;

/**
 * Repeats a write that the store could not take, because what has happened must be written down. Gives up
 * with the error when `signal` aborts (the lease is lost, the daemon stops) or the error is of another kind.
 */
export async function persist<Value>(
  clock: Clock,
  signal: AbortSignal,
  write: () => Promise<Value>,
): Promise<Value> {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await write();
    } catch (error) {
      if (!isAppError(error, 'unavailable') || signal.aborted) throw error;
      await sleep(clock, waitMs, signal);
    }
  }
}
