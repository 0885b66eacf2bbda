import type { BlobFiles } from '../lib/blob-files.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ArtifactStore } from '../store/artifact-store.ts';
import type { MaintenanceStore, RetentionPolicy } from '../store/journal-store.ts';

export interface RetentionDeps {
  readonly store: {
    readonly maintenance: Pick<MaintenanceStore, 'prune'>;
    readonly artifacts: ArtifactStore;
  };
  readonly files: Pick<BlobFiles, 'remove' | 'sweep'>;
  /** How long a file is kept after it was last used. */
  readonly keepFilesMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs: number;
  readonly ages: Omit<RetentionPolicy, 'now' | 'sliceRows'>;
}

const sliceRows = 500;
/** Between slices, so that retention never takes the store for itself. */
const breatheMs = 20;

/** Removes what is old enough, a small slice at a time. Returns the way to stop. */
export function startRetention({
  store,
  files,
  keepFilesMs,
  clock,
  log,
  everyMs,
  ages,
}: RetentionDeps): () => Promise<void> {
  const stopped = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      let pause = everyMs;
      try {
        const now = clock.now();
        const { more } = await store.maintenance.prune({ ...ages, now, sliceRows });
        await files.sweep();
        const unused = await store.artifacts.listUnusedArtifacts(now - keepFilesMs, sliceRows);
        // The files first: what is left after a crash has a row by which it is found again.
        for (const id of unused) await files.remove(id, now - keepFilesMs);
        if (unused.length > 0) await store.artifacts.pruneArtifacts(unused, now - keepFilesMs);
        if (more || unused.length === sliceRows) pause = breatheMs;
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
