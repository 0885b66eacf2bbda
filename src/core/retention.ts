import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { MaintenanceStore, RetentionPolicy } from '../store/journal-store.ts';

export interface RetentionDeps {
  readonly store: Pick<MaintenanceStore, 'prune'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs: number;
  readonly ages: Omit<RetentionPolicy, 'now' | 'sliceRows'>;
}

const sliceRows = 500;
/** Between slices, so that retention never takes the store for itself. */
const breatheMs = 20;

/** Removes what is old enough, a small slice at a time. Returns the way to stop. */
export function startRetention({ store, clock, log, everyMs, ages }: RetentionDeps): () => Promise<void> {
  const stopped = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      let pause = everyMs;
      try {
        const { more } = await store.prune({ ...ages, now: clock.now(), sliceRows });
        if (more) pause = breatheMs;
      } catch (error) {
        log.warn('retention.failed', { error });
      }
      await sleep(clock, pause, stopped.signal);
    }
  };
  const running = run();
  return async () => {
    stopped.abort();
    await running;
  };
}
