import { strict as assert } from 'node:assert';
import type { DatabaseSync } from 'node:sqlite';
import { isAppError } from '../../domain/errors.ts';
import { assembleStore } from '../assemble.ts';
import type { Lease, QueueName } from '../queue.ts';
import type { Store } from '../store.ts';
import { SqliteEngine } from './engine.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { temporaryDatabase } from './sqlite.fixture.ts';

export interface WorldDatabase {
  readonly store: Store;
  /** The writer's own connection, for looking at the tables between calls. */
  readonly db: DatabaseSync;
  /** Empties the tables for the next run. */
  reset(): void;
  close(): Promise<void>;
}

/** A real store whose commits do not wait for the disk: properties take thousands of them. */
export function openWorldDatabase(): WorldDatabase {
  const { file, remove } = temporaryDatabase();
  const writing = new SqliteEngine(file, { readOnly: false });
  const db = writing.database;
  db.exec('pragma synchronous = off');
  migrate(db, loadMigrations(), 0);
  const reading = new SqliteEngine(file, { readOnly: true });
  const store = assembleStore({
    writer: { run: (calls) => writing.write(calls), close: async () => writing.close() },
    reader: { run: (calls) => reading.read(calls), close: async () => reading.close() },
    schedule: queueMicrotask,
  });
  const tables = db
    .prepare(`select name from sqlite_master where type = 'table' and name <> 'schema_migration'`)
    .all();
  return {
    store,
    db,
    reset: () => db.exec(tables.map(({ name }) => `delete from "${String(name)}";`).join(' ')),
    async close() {
      await store.close();
      remove();
    },
  };
}

/** What a lane's row must say, as far as anybody can see it. */
export interface ExpectedLane {
  readonly name: string;
  readonly dueAt: number;
  readonly leased: boolean;
}

/**
 * Checks what holds after every step, whatever the steps were: a lane row for exactly the lanes with pending
 * rows, due when the model says, and gauges that equal the counts of rows.
 */
export function checkTables(db: DatabaseSync, queue: QueueName, lanes: readonly ExpectedLane[]): void {
  const rows = db
    .prepare('select name, due_at as dueAt, lease_id from lane where queue = ? order by name')
    .all(queue)
    .map(({ name, dueAt, lease_id }) => ({ name, dueAt, leased: lease_id !== null }));
  assert.deepEqual(
    rows,
    lanes.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
  );
  const counted = db
    .prepare(
      `select source, state, count(*) as n from ${queue} where state in ('pending', 'dead', 'held')
       group by source, state order by source, state`,
    )
    .all()
    .map((row) => ({ ...row }));
  const gauges = db
    .prepare('select source, state, n from gauge where queue = ? and n <> 0 order by source, state')
    .all(queue)
    .map((row) => ({ ...row }));
  assert.deepEqual(gauges, counted);
}

/** Does the write, which must be refused when the lease is another's by now. Answers whether it was done. */
export async function fenced(current: boolean, write: () => Promise<unknown>): Promise<boolean> {
  const thrown = await write().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (current) {
    assert.equal(thrown, undefined, `should be done, not refused: ${String(thrown)}`);
    return true;
  }
  assert.ok(isAppError(thrown, 'lease_lost'), `a stale write should be lease_lost, not ${String(thrown)}`);
  return false;
}

/** The element that a generated number stands for. */
export function pickFrom<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % items.length];
}

export function sameLease(left: Lease | undefined, right: Lease): boolean {
  return left?.leaseId === right.leaseId;
}

/** Counts what happened over all runs: a property that never meets the hard cases proves nothing. */
export class Marks<Name extends string> {
  readonly #counts: Map<Name, number>;

  constructor(names: readonly Name[]) {
    this.#counts = new Map(names.map((name) => [name, 0]));
  }

  saw(name: Name): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  missing(): Name[] {
    return [...this.#counts].filter(([, count]) => count === 0).map(([name]) => name);
  }
}
