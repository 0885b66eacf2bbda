import { Worker } from 'node:worker_threads';
import { AppError } from '../../domain/errors.ts';
import { Batcher } from '../batcher.ts';
import { bindStore, type Call } from '../sql/methods.ts';
import { onlyReads } from '../sql/tx.ts';
import type { Store, Topic } from '../store.ts';
import { type BatchReply, SqliteEngine } from './engine.ts';
import { loadMigrations, migrate } from './migrate.ts';
import type { FromWorker, PlainError, ToWorker, WorkerStart } from './worker.ts';

const batchMax = 512;
const waitingMax = 20_000;

/** Where calls of one kind are run. */
interface Runner {
  run(calls: readonly Call[]): Promise<BatchReply>;
  close(): Promise<void>;
}

export interface OpenedStore {
  readonly store: Store;
  /** The names of the migrations that this start applied. */
  readonly migrations: readonly string[];
}

/**
 * Opens `file`, or makes it. Writing and reading each have a thread of their own, so that neither a slow
 * disk nor a long list stalls the event loop or the other.
 * @throws AppError `unavailable` when the file cannot be used, `config_invalid` when its schema is newer.
 */
export async function openSqliteStore(file: string, now: number, onFatal: (error: AppError) => void): Promise<OpenedStore> {
  const writer = await startThread({ file, role: 'writer', now }, onFatal);
  const reader = await startThread({ file, role: 'reader', now }, onFatal);
  return { store: assemble(writer, reader, setImmediate), migrations: writer.migrations };
}

/** The same store on the caller's thread: for simulations, where everything has to happen in one order. */
export function openInlineSqliteStore(file: string, now: number): OpenedStore {
  const engine = new SqliteEngine(file, { readOnly: false });
  const migrations = migrate(engine.database, loadMigrations(), now);
  const writer: Runner = { run: (calls) => engine.write(calls), close: async () => engine.close() };
  const reading = new SqliteEngine(file, { readOnly: true });
  const reader: Runner = { run: (calls) => reading.read(calls), close: async () => reading.close() };
  return { store: assemble(writer, reader, queueMicrotask), migrations };
}

function assemble(writer: Runner, reader: Runner, schedule: (flush: () => void) => void): Store {
  const listeners = new Set<(topics: ReadonlySet<Topic>) => void>();
  const onTopics = (topics: ReadonlySet<Topic>): void => {
    for (const listener of listeners) listener(topics);
  };
  const writes = new Batcher({ run: (calls) => writer.run(calls), schedule, onTopics, batchMax, waitingMax });
  const reads = new Batcher({ run: (calls) => reader.run(calls), schedule, onTopics, batchMax: 16, waitingMax });
  return {
    ...bindStore((call) => (onlyReads(call.method) ? reads : writes).call(call)),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await Promise.all([writes.close(), reads.close()]);
      // The writer last: closing the last connection folds the write-ahead log into the database.
      await reader.close();
      await writer.close();
    },
  };
}

async function startThread(
  start: WorkerStart,
  onFatal: (error: AppError) => void,
): Promise<Runner & { readonly migrations: readonly string[] }> {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: start });
  let pending: { resolve: (reply: BatchReply) => void; reject: (error: unknown) => void } | undefined;
  let closing = false;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const ready = Promise.withResolvers<readonly string[]>();

  const fail = (error: AppError): void => {
    ready.reject(error);
    pending?.reject(error);
    pending = undefined;
  };
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') ready.resolve(message.migrations);
    else if (message.kind === 'failed') fail(revive(message.error));
    else {
      pending?.resolve({ ...message.reply, replies: message.reply.replies.map(reviveReply) });
      pending = undefined;
    }
  });
  worker.on('error', (cause) => {
    const error = new AppError('unavailable', 'The database thread died.', { cause });
    fail(error);
    if (!closing) onFatal(error);
  });

  const migrations = await ready.promise.catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  return {
    migrations,
    run: (calls) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        worker.postMessage({ kind: 'run', calls } satisfies ToWorker);
      }),
    close: async () => {
      closing = true;
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
      await exited;
    },
  };
}

function reviveReply(reply: BatchReply['replies'][number]): BatchReply['replies'][number] {
  return 'error' in reply ? { error: revive(reply.error as PlainError) } : reply;
}

function revive(plain: PlainError): AppError {
  return new AppError(plain.code, plain.message, plain.cause === undefined ? undefined : { cause: plain.cause });
}
