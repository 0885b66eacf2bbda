import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AppError } from '../../domain/errors.ts';
import type { SourceId } from '../../domain/ids.ts';
import type { Sql, SqlValue } from '../../lib/sql.ts';
import { Counters } from '../sql/counters.ts';
import { type Call, methodOf } from '../sql/methods.ts';
import type { Tx } from '../sql/tx.ts';
import type { QueueName } from '../queue.ts';
import type { Topic } from '../store.ts';

export type Reply = { readonly value: unknown } | { readonly error: unknown };

export interface BatchReply {
  readonly replies: readonly Reply[];
  readonly topics: readonly Topic[];
}

/** `SQLITE_BUSY` and its kin: the database itself is in trouble, not the statement. */
const troubles = new Map([
  [5, 'The database is locked by another program.'],
  [8, 'The database is read-only.'],
  [10, 'The disk failed.'],
  [11, 'The database file is damaged. Restore it from a backup.'],
  [13, 'The disk is full.'],
  [14, 'The database file cannot be opened.'],
  [26, 'The file is not a database.'],
]);

/** One connection. Runs store calls in batches, each batch one commit; blocks its thread while it does. */
export class SqliteEngine {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string, options: { readonly readOnly: boolean }) {
    this.#db = new DatabaseSync(file, { readOnly: options.readOnly, timeout: 5_000 });
    this.#db.exec('pragma temp_store = memory; pragma cache_size = -16000;');
    if (!options.readOnly) this.#db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864;');
  }

  get database(): DatabaseSync {
    return this.#db;
  }

  /**
   * Runs the calls in order in one transaction. A call that fails is undone alone, and the others stand.
   * When the commit fails, every call has failed.
   */
  async write(calls: readonly Call[]): Promise<BatchReply> {
    const topics = new Set<Topic>();
    const counters = new Counters();
    const replies: Reply[] = [];
    try {
      this.#exec('begin immediate');
      for (const call of calls) replies.push(await this.#callInSavepoint(call, topics, counters));
      await counters.flush(this.#tx(topics, counters));
      this.#exec('commit');
    } catch (thrown) {
      if (this.#db.isTransaction) this.#exec('rollback');
      const error = toAppError(thrown);
      return { replies: calls.map(() => ({ error })), topics: [] };
    }
    return { replies, topics: [...topics] };
  }

  /** Each call reads from one moment. */
  async read(calls: readonly Call[]): Promise<BatchReply> {
    const replies: Reply[] = [];
    for (const call of calls) {
      try {
        this.#exec('begin');
        replies.push({ value: await methodOf(call)(this.#tx(new Set(), new Counters()), ...call.args) });
      } catch (thrown) {
        replies.push({ error: toAppError(thrown) });
      } finally {
        if (this.#db.isTransaction) this.#exec('rollback');
      }
    }
    return { replies, topics: [] };
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  async #callInSavepoint(call: Call, topics: Set<Topic>, counters: Counters): Promise<Reply> {
    const ownTopics = new Set<Topic>();
    const ownCounters = new Counters();
    this.#exec('savepoint call');
    try {
      const value = await methodOf(call)(this.#tx(ownTopics, ownCounters), ...call.args);
      this.#exec('release call');
      for (const topic of ownTopics) topics.add(topic);
      counters.absorb(ownCounters);
      return { value };
    } catch (thrown) {
      // A full disk has undone the whole transaction already; then there is nothing to go back to.
      if (!this.#db.isTransaction) throw thrown;
      this.#db.exec('rollback to call; release call');
      return { error: toAppError(thrown) };
    }
  }

  #tx(topics: Set<Topic>, counters: Counters): Tx {
    return {
      all: async <Row>(query: Sql) => this.#prepare(query).all(...parameters(query)) as Row[],
      get: async <Row>(query: Sql) => this.#prepare(query).get(...parameters(query)) as Row | undefined,
      run: async (query) => Number(this.#prepare(query).run(...parameters(query)).changes),
      touch: (...touched) => {
        for (const topic of touched) topics.add(topic);
      },
      gauge: (source: SourceId, queue: QueueName, state, change) => counters.gauge(source, queue, state, change),
      count: (source, kind, at) => counters.count(source, kind, at),
    };
  }

  #exec(text: string): void {
    this.#prepared(text).run();
  }

  #prepare(query: Sql): StatementSync {
    return this.#prepared(query.pieces.join('?'));
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

function parameters(query: Sql): Exclude<SqlValue, undefined>[] {
  return [...query.values];
}

/** What callers get to see; the driver's own words become the cause, for the log. */
function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const primaryCode = thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) & 0xff : undefined;
  const trouble = primaryCode === undefined ? undefined : troubles.get(primaryCode);
  if (trouble !== undefined) return new AppError('unavailable', trouble, { cause: thrown });
  return AppError.from(thrown);
}
