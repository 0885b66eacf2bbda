import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../domain/errors.ts';
import type { BatchReply, Reply } from '../batch.ts';
import type { Call } from '../sql/methods.ts';
import { SqliteEngine } from './engine.ts';
import { loadMigrations, migrate } from './migrate.ts';

export interface WorkerStart {
  readonly file: string;
  readonly role: 'writer' | 'reader';
  readonly now: number;
}

/** Errors as they cross the thread boundary, where classes are lost. */
export interface PlainError {
  readonly code: AppError['code'];
  readonly message: string;
  readonly cause?: string;
}

export type FromWorker =
  | { readonly kind: 'ready'; readonly migrations: readonly string[] }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'done'; readonly reply: BatchReply };

export type ToWorker = { readonly kind: 'run'; readonly calls: readonly Call[] } | { readonly kind: 'close' };

const port = parentPort;
if (port) serve(workerData as WorkerStart);

function serve(start: WorkerStart): void {
  let engine: SqliteEngine;
  try {
    engine = new SqliteEngine(start.file, { readOnly: start.role === 'reader' });
    const migrations = start.role === 'writer' ? migrate(engine.database, loadMigrations(), start.now) : [];
    send({ kind: 'ready', migrations });
  } catch (thrown) {
    send({ kind: 'failed', error: toPlain(thrown) });
    return;
  }
  port?.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      engine.close();
      port.close();
      return;
    }
    const run = start.role === 'writer' ? engine.write(message.calls) : engine.read(message.calls);
    void run.then((reply) =>
      send({ kind: 'done', reply: { ...reply, replies: reply.replies.map(flatten) } }),
    );
  });
}

function flatten(reply: Reply): Reply {
  return 'error' in reply ? { error: toPlain(reply.error) } : reply;
}

function toPlain(thrown: unknown): PlainError {
  const error = AppError.from(thrown);
  const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : undefined;
  return { code: error.code, message: error.message, ...(cause === undefined ? {} : { cause }) };
}

function send(message: FromWorker): void {
  port?.postMessage(message);
}
