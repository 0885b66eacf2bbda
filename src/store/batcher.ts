import { AppError } from '../domain/errors.ts';
import type { BatchReply } from './batch.ts';
import type { Call } from './sql/methods.ts';
import type { Topic } from './store.ts';

export interface BatcherOptions {
  readonly run: (calls: readonly Call[]) => Promise<BatchReply>;
  /** How the first call after a pause waits for others of the same moment. */
  readonly schedule: (flush: () => void) => void;
  readonly onTopics: (topics: ReadonlySet<Topic>) => void;
  readonly batchMax: number;
  /** With this many calls waiting, the store lags, and further calls are refused. */
  readonly waitingMax: number;
}

interface Waiting {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what is asked for while a batch is under way, or in the same moment, goes into the next
 * batch together. One batch runs at a time, in the order of the calls.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #waiting: Waiting[] = [];
  #state: 'idle' | 'scheduled' | 'running' = 'idle';
  #closed = false;
  #onIdle: (() => void)[] = [];

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  call(call: Call): Promise<unknown> {
    if (this.#closed) return Promise.reject(new AppError('unavailable', 'The store is closed.'));
    if (this.#waiting.length >= this.#options.waitingMax) {
      return Promise.reject(new AppError('unavailable', 'The store cannot keep up. Try again in a moment.'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      if (this.#state !== 'idle') return;
      this.#state = 'scheduled';
      this.#options.schedule(() => void this.#flush());
    });
  }

  /** Refuses new calls and waits for those under way. */
  close(): Promise<void> {
    this.#closed = true;
    if (this.#state === 'idle') return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  async #flush(): Promise<void> {
    this.#state = 'running';
    while (this.#waiting.length > 0) await this.#runBatch(this.#waiting.splice(0, this.#options.batchMax));
    this.#state = 'idle';
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    let reply: BatchReply;
    try {
      reply = await this.#options.run(batch.map(({ call }) => call));
    } catch (thrown) {
      for (const { reject } of batch) reject(AppError.from(thrown));
      return;
    }
    batch.forEach(({ resolve, reject }, index) => {
      const answer = reply.replies[index];
      if (answer && 'value' in answer) resolve(answer.value);
      else reject(answer?.error ?? new AppError('internal', 'The store gave no answer.'));
    });
    // On its own: a listener that throws is a bug to be seen, and must not stop the store.
    if (reply.topics.length > 0) queueMicrotask(() => this.#options.onTopics(new Set(reply.topics)));
  }
}
