import type { SourceId } from '../../domain/ids.ts';
import type { Sql } from '../../lib/sql.ts';
import type { QueueName } from '../queue.ts';
import type { Topic } from '../store.ts';

/** One transaction on some driver. It lives only as long as the store method that it was given to. */
export interface Tx {
  all<Row>(query: Sql): Promise<Row[]>;
  get<Row>(query: Sql): Promise<Row | undefined>;
  /** Returns how many rows changed. */
  run(query: Sql): Promise<number>;
  /** How the driver reads rows that other transactions may be changing. */
  readonly locks: RowLocks;
  /** Says what listeners of the store should look at after the commit. */
  touch(...topics: readonly Topic[]): void;
  /** Moves the count of rows in a state, in this commit. */
  gauge(source: SourceId, queue: QueueName, state: string, change: number): void;
  /** What this commit has moved a count by and the table does not show yet. */
  movedBy(source: SourceId, queue: QueueName, state: string): number;
  /** Counts that something happened, in this commit. */
  count(source: string, kind: string, at: number): void;
  /** The size of the database. */
  getBytes(): Promise<number>;
}

/** What goes at the end of a select. Nothing, on a driver whose transactions have the database to themselves. */
export interface RowLocks {
  /** Waits for the rows and keeps others from changing them. */
  readonly forUpdate: Sql;
  /** The same, but passes over rows that another transaction has. */
  readonly skipLocked: Sql;
}

/** What implements a part of the store: the same methods, with the transaction in front. */
export type Methods<Part> = {
  [Name in keyof Part]: Part[Name] extends (...args: infer Args) => Promise<infer Answer>
    ? (tx: Tx, ...args: Args) => Promise<Answer>
    : never;
};

/** By its name alone: these may run on a connection that cannot write. */
export function onlyReads(method: string): boolean {
  return /^(get|list|read|find)([A-Z]|$)/.test(method);
}

export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

export function fromJson(text: string): unknown {
  return JSON.parse(text);
}

/** Drops the keys whose value is null or undefined: absent, as the contracts say it. */
export function present<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], null | undefined> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== null && item !== undefined),
  ) as never;
}
