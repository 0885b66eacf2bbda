import type { AppError } from '../../domain/errors.ts';
import { assembleStore } from '../assemble.ts';
import type { Runner } from '../batch.ts';
import type { Store } from '../store.ts';
import { SqliteEngine } from './engine.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { startThread } from './thread.ts';

export interface OpenedStore {
  readonly store: Store;
  /** The names of the migrations that this start applied. */
  readonly migrations: readonly string[];
}

/**
 * Opens `file`, or makes it. Writing and reading each have a thread of their own, so that neither a slow
 * disk nor a long list stalls the event loop or the other. `onFatal` is called when a thread dies later; from
 * then on every call is refused.
 * @throws AppError `unavailable` when the file cannot be used, `config_invalid` when its schema is newer.
 */
export async function openSqliteStore(
  file: string,
  now: number,
  onFatal: (error: AppError) => void,
): Promise<OpenedStore> {
  const writer = await startThread({ file, role: 'writer', now }, onFatal);
  try {
    const reader = await startThread({ file, role: 'reader', now }, onFatal);
    return {
      store: assembleStore({ writer, reader, schedule: setImmediate }),
      migrations: writer.migrations,
    };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/**
 * The same store on the caller's thread: for simulations, where everything has to happen in one order.
 * `onPrepare` gets the text of each statement, once.
 */
export function openInlineSqliteStore(
  file: string,
  now: number,
  onPrepare?: (text: string) => void,
): OpenedStore {
  const writing = new SqliteEngine(file, { readOnly: false, ...(onPrepare && { onPrepare }) });
  try {
    const migrations = migrate(writing.database, loadMigrations(), now);
    const reading = new SqliteEngine(file, { readOnly: true, ...(onPrepare && { onPrepare }) });
    const writer: Runner = { run: (calls) => writing.write(calls), close: async () => writing.close() };
    const reader: Runner = { run: (calls) => reading.read(calls), close: async () => reading.close() };
    return { store: assembleStore({ writer, reader, schedule: queueMicrotask }), migrations };
  } catch (error) {
    writing.close();
    throw error;
  }
}
