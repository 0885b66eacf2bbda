import { Batcher } from './batcher.ts';
import type { Runner } from './batch.ts';
import { bindStore } from './sql/methods.ts';
import { onlyReads } from './sql/tx.ts';
import type { Store, Topic } from './store.ts';

export interface StoreRunners {
  readonly writer: Runner;
  readonly reader: Runner;
  /** How the first call after a pause waits for others of the same moment. */
  readonly schedule: (flush: () => void) => void;
}

/** The most calls that share a commit. */
const writesMax = 512;
/** Reads share nothing, so that a short one does not wait for many long ones. */
const readsMax = 16;
export const waitingMax = 20_000;

/** The store on top of what runs its calls. */
export function assembleStore({ writer, reader, schedule }: StoreRunners): Store {
  const listeners = new Set<(topics: ReadonlySet<Topic>) => void>();
  const onTopics = (topics: ReadonlySet<Topic>): void => {
    for (const listener of listeners) listener(topics);
  };
  const shared = { schedule, onTopics, waitingMax };
  const writes = new Batcher({ ...shared, run: (calls) => writer.run(calls), batchMax: writesMax });
  const reads = new Batcher({ ...shared, run: (calls) => reader.run(calls), batchMax: readsMax });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([writes.close(), reads.close()]);
    // The writer last: closing the last connection folds the write-ahead log into the database.
    await reader.close();
    await writer.close();
  };
  return {
    ...bindStore((call) => (onlyReads(call.method) ? reads : writes).call(call)),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => (closing ??= close()),
  };
}
