import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StoreDriver, StoreFixture } from '../contract/store-case.ts';
import type { Store } from '../store.ts';
import { openInlineSqliteStore, openSqliteStore } from './open.ts';

export interface TemporaryDatabase {
  readonly file: string;
  readonly remove: () => void;
}

/** A place for one database, and the way to remove it. */
export function temporaryDatabase(): TemporaryDatabase {
  const directory = mkdtempSync(join(tmpdir(), 'palyra-store-'));
  return {
    file: join(directory, 'palyra.sqlite'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** As simulations run it: on the caller's thread, in the order of its microtasks. */
export function createInlineSqlite(onPrepare?: (text: string) => void): StoreDriver {
  return {
    name: 'sqlite inline',
    concurrentHandles: false,
    async createFixture(): Promise<StoreFixture> {
      const { file, remove } = temporaryDatabase();
      const opened: Store[] = [];
      return {
        async open() {
          const { store } = openInlineSqliteStore(file, 0, onPrepare);
          opened.push(store);
          return store;
        },
        async cleanup() {
          await Promise.all(opened.map((store) => store.close()));
          remove();
        },
      };
    },
  };
}

/** A database whose handles stay open from case to case. */
interface UsedDatabase extends TemporaryDatabase {
  readonly handles: Store[];
}

/**
 * As the daemon runs it: writer and reader on threads of their own. To start those takes longer than most
 * cases do, so a database is emptied and used again. Close it after the last case.
 */
export function createThreadedSqlite(): StoreDriver & { close(): Promise<void> } {
  const idle: UsedDatabase[] = [];
  return {
    name: 'sqlite on threads',
    concurrentHandles: true,
    async createFixture() {
      const database = idle.pop() ?? { ...temporaryDatabase(), handles: [] };
      return toFixture(database, () => idle.push(database));
    },
    async close() {
      for (const { handles, remove } of idle.splice(0)) {
        await Promise.all(handles.map((store) => store.close()));
        remove();
      }
    },
  };
}

function toFixture(database: UsedDatabase, giveBack: () => void): StoreFixture {
  const { file, handles } = database;
  const inUse = new Set<Store>();
  return {
    async open() {
      const store = handles.find((handle) => !inUse.has(handle)) ?? (await openThreads(file));
      if (!handles.includes(store)) handles.push(store);
      inUse.add(store);
      const close = (): Promise<void> => {
        if (handles.includes(store)) handles.splice(handles.indexOf(store), 1);
        return store.close();
      };
      return { ...store, close };
    },
    async cleanup() {
      // One call each, so that nothing that a failed case left behind is still under way.
      await Promise.all(handles.map((store) => store.meta.putMeta('case', 'over')));
      empty(file);
      giveBack();
    },
  };
}

async function openThreads(file: string): Promise<Store> {
  const onFatal = (error: Error): never => {
    throw error;
  };
  return (await openSqliteStore(file, 0, onFatal)).store;
}

function empty(file: string): void {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  const tables = db
    .prepare(`select name from sqlite_master where type = 'table' and name <> 'schema_migration'`)
    .all();
  db.exec(`begin immediate; ${tables.map(({ name }) => `delete from "${String(name)}";`).join(' ')} commit`);
  db.close();
}
