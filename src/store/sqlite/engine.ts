import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Sql, sql } from '../../lib/sql.ts';
import type { BatchReply, Reply } from '../batch.ts';
import { Counters } from '../sql/counters.ts';
import { type Call, methodOf } from '../sql/methods.ts';
import type { RowLocks, Tx } from '../sql/tx.ts';
import type { Topic } from '../store.ts';
import { isBusy, toAppError, toCommitError } from './errors.ts';

export interface SqliteEngineOptions {
  readonly readOnly: boolean;
  /** Gets the text of each statement when it is prepared, which happens once. */
  readonly onPrepare?: (text: string) => void;
}

const walTriesMax = 50;
/** Whoever writes works at the end of things; whoever reads jumps about in a long history. Filled as it is used. */
const writerCacheKib = 16_000;
const readerCacheKib = 64_000;
/** 16 MB of log before it is written back: a page that changes again and again is then written back once. */
const walPagesMax = 4_000;

/** A transaction has the whole database, so there are no rows to lock. */
const locks: RowLocks = { forUpdate: sql``, skipLocked: sql`` };

/** One connection. Runs store calls in batches, each batch one commit; blocks its thread while it does. */
export class SqliteEngine {
  readonly #db: DatabaseSync;
  readonly #options: SqliteEngineOptions;
  readonly #statements = new Map<string, StatementSync>();
  /** The same, by the call site: a look at its text costs more than the statement itself often does. */
  #byCallSite = new WeakMap<readonly string[], StatementSync>();

  /** @throws AppError `unavailable` when the file cannot be used. */
  constructor(file: string, options: SqliteEngineOptions) {
    this.#options = options;
    this.#db = openDatabase(file, options.readOnly);
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
      await this.#commit(counters);
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
    this.#byCallSite = new WeakMap();
    this.#db.close();
  }

  async #callInSavepoint(call: Call, topics: Set<Topic>, counters: Counters): Promise<Reply> {
    const ownTopics = new Set<Topic>();
    const ownCounters = new Counters(counters);
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

  async #commit(counters: Counters): Promise<void> {
    try {
      await counters.flush(this.#tx(new Set(), counters));
      this.#exec('commit');
    } catch (thrown) {
      throw toCommitError(thrown);
    }
  }

  #tx(topics: Set<Topic>, counters: Counters): Tx {
    return {
      all: async <Row>(query: Sql) => this.#prepare(query).all(...query.values) as Row[],
      get: async <Row>(query: Sql) => this.#prepare(query).get(...query.values) as Row | undefined,
      run: async (query) => Number(this.#prepare(query).run(...query.values).changes),
      locks,
      touch: (...touched) => {
        for (const topic of touched) topics.add(topic);
      },
      gauge: (source, queue, state, change) => counters.gauge(source, queue, state, change),
      movedBy: (source, queue, state) => counters.movedBy(source, queue, state),
      count: (source, kind, at) => counters.count(source, kind, at),
      getBytes: async () => this.#bytes(),
    };
  }

  #bytes(): number {
    const row = this.#prepared(
      'select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()',
    ).get();
    return Number(row?.bytes);
  }

  #exec(text: string): void {
    this.#prepared(text).run();
  }

  #prepare({ pieces }: Sql): StatementSync {
    const known = this.#byCallSite.get(pieces);
    if (known) return known;
    const statement = this.#prepared(pieces.join('?'));
    // Only a template's own strings are the same array the next time.
    if ('raw' in pieces) this.#byCallSite.set(pieces, statement);
    return statement;
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    this.#options.onPrepare?.(text);
    return statement;
  }
}

function openDatabase(file: string, readOnly: boolean): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly, timeout: 5_000 });
    db.exec(
      `pragma temp_store = memory; pragma cache_size = -${readOnly ? readerCacheKib : writerCacheKib};`,
    );
    if (readOnly) return db;
    enterWal(db);
    db.exec(
      `pragma synchronous = full; pragma wal_autocheckpoint = ${walPagesMax}; pragma journal_size_limit = 67108864;`,
    );
    return db;
  } catch (thrown) {
    db?.close();
    throw toAppError(thrown);
  }
}

/**
 * SQLite does not wait for a lock in order to change the journal mode: of several daemons that start on a new
 * file at once, all but one would fail. A transaction does wait.
 */
export function enterWal(db: Pick<DatabaseSync, 'exec'>): void {
  for (let tries = 1; ; tries++) {
    try {
      db.exec('pragma journal_mode = wal');
      return;
    } catch (thrown) {
      if (tries === walTriesMax || !isBusy(thrown)) throw thrown;
      db.exec('begin immediate; rollback');
    }
  }
}
