import { isAppError } from '../../../domain/errors.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';

export interface UntilStoredDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const waitMsMin = 200;
const waitMsMax = 5_000;

/**
 * Repeats what could not be stored now until it is: meanwhile nothing more is read, and the platform keeps what
 * it has. Gives up with the error when it is another one, or `signal` aborts.
 */
export async function untilStored<Value>(
  store: () => Promise<Value>,
  { clock, log, signal }: UntilStoredDeps,
): Promise<Value> {
  for (let waitMs = waitMsMin; ; waitMs = Math.min(waitMs * 2, waitMsMax)) {
    try {
      return await store();
    } catch (error) {
      if (!isAppError(error, 'unavailable') || signal.aborted) throw error;
      log.warn('gateway.not_stored', { error, retry_in_ms: waitMs });
      await sleep(clock, waitMs, signal);
    }
  }
}
