import { Worker } from 'node:worker_threads';
import { AppError } from '../../domain/errors.ts';
import type { BatchReply, Reply, Runner } from '../batch.ts';
import type { FromWorker, PlainError, ToWorker, WorkerStart } from './worker.ts';

export interface StoreThread extends Runner {
  readonly migrations: readonly string[];
}

const workerScript = new URL('./worker.mjs', import.meta.url);

/**
 * Starts a thread with a database connection and waits until it can be used. When it dies, what is under way
 * and every later call fails, and `onFatal` is called once.
 */
export async function startThread(
  start: WorkerStart,
  onFatal: (error: AppError) => void,
  script: URL = workerScript,
): Promise<StoreThread> {
  const worker = new Worker(script, { workerData: start });
  const ready = Promise.withResolvers<readonly string[]>();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let state: 'starting' | 'running' | 'closing' = 'starting';
  let pending: PromiseWithResolvers<BatchReply> | undefined;
  let dead: AppError | undefined;

  const die = (error: AppError): void => {
    if (dead) return;
    dead = error;
    ready.reject(error);
    pending?.reject(error);
    if (state === 'running') onFatal(error);
  };
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') ready.resolve(message.migrations);
    else if (message.kind === 'failed') die(revive(message.error));
    else pending?.resolve({ ...message.reply, replies: message.reply.replies.map(reviveReply) });
  });
  worker.on('error', (cause) => die(new AppError('unavailable', 'The database thread died.', { cause })));
  worker.on('exit', () => die(new AppError('unavailable', 'The database thread has ended.')));

  const migrations = await ready.promise.catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  state = 'running';
  return {
    migrations,
    run: (calls) => {
      if (dead) return Promise.reject(dead);
      pending = Promise.withResolvers();
      worker.postMessage({ kind: 'run', calls } satisfies ToWorker);
      return pending.promise;
    },
    close: async () => {
      state = 'closing';
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
      await exited;
    },
  };
}

function reviveReply(reply: Reply): Reply {
  return 'error' in reply ? { error: revive(reply.error as PlainError) } : reply;
}

function revive(plain: PlainError): AppError {
  return new AppError(
    plain.code,
    plain.message,
    plain.cause === undefined ? undefined : { cause: plain.cause },
  );
}
