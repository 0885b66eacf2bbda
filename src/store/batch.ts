import type { Call } from './sql/methods.ts';
import type { Topic } from './store.ts';

export type Reply = { readonly value: unknown } | { readonly error: unknown };

/** What came of the calls of one batch, in their order, and what may have changed. */
export interface BatchReply {
  readonly replies: readonly Reply[];
  readonly topics: readonly Topic[];
}

/** Where calls are run: a database connection, on whatever thread. */
export interface Runner {
  run(calls: readonly Call[]): Promise<BatchReply>;
  close(): Promise<void>;
}
