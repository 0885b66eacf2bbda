import { writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { Call } from '../sql/methods.ts';
import { enterWal, SqliteEngine } from './engine.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { temporaryDatabase } from './sqlite.fixture.ts';

/** A writer on a new database. */
function openEngine(): SqliteEngine {
  const { file, remove } = temporaryDatabase();
  const engine = new SqliteEngine(file, { readOnly: false });
  migrate(engine.database, loadMigrations(), 0);
  onTestFinished(() => {
    engine.close();
    remove();
  });
  return engine;
}

function put(key: string, value = 'x'): Call {
  return { part: 'meta', method: 'putMeta', args: [key, value] };
}

const count: Call = {
  part: 'journal',
  method: 'append',
  args: [[{ at: 0, kind: 'a.b', level: 'info', data: {} }]],
};

/** A call that the database itself refuses. */
const failing: Call = { part: 'meta', method: 'putMeta', args: ['bad', null] };

function rowsOf(engine: SqliteEngine, table: string): number {
  return Number(engine.database.prepare(`select count(*) as n from ${table}`).get()?.n);
}

/** As many pages as the database has, and this many more. */
function limitPages(engine: SqliteEngine, more: number): void {
  const pages = Number(engine.database.prepare('pragma page_count').get()?.page_count);
  engine.database.exec(`pragma max_page_count = ${pages + more}`);
}

function codesOf(replies: Awaited<ReturnType<SqliteEngine['write']>>['replies']): unknown[] {
  return replies.map((reply) => ('error' in reply ? (reply.error as { code: string }).code : 'done'));
}

it('waits for the disk at every commit, into a write-ahead log', () => {
  const { database } = openEngine();

  expect(database.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 });
  expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
});

it('undoes a call that fails alone', async () => {
  const engine = openEngine();

  const { replies } = await engine.write([put('a'), failing, put('b')]);

  expect(codesOf(replies)).toEqual(['done', 'internal', 'done']);
  expect(rowsOf(engine, 'meta')).toBe(2);
});

it('names only the topics of the calls that stand', async () => {
  const engine = openEngine();
  const secretOf = (key: string | null): Call => ({
    part: 'secrets',
    method: 'putSecret',
    args: [{ scope: 's', key, masterKeyId: 'm', envelope: new Uint8Array(1), createdAt: 1, updatedAt: 1 }],
  });

  const { topics } = await engine.write([count, secretOf(null)]);

  expect(topics).toEqual(['journal']);
});

it('fails every call of a batch that fills the disk, keeps nothing of them, and works again with room', async () => {
  const engine = openEngine();
  await engine.write([put('before')]);
  limitPages(engine, 2);

  const full = await engine.write([put('a'), count, put('big', 'x'.repeat(100_000)), put('b')]);

  expect(codesOf(full.replies)).toEqual(Array(4).fill('unavailable'));
  expect(full.topics).toEqual([]);
  expect([rowsOf(engine, 'meta'), rowsOf(engine, 'journal'), rowsOf(engine, 'gauge')]).toEqual([1, 0, 0]);
  limitPages(engine, 1_000);
  expect(codesOf((await engine.write([put('a'), count])).replies)).toEqual(['done', 'done']);
});

it('fails every call when what they counted cannot be written', async () => {
  const engine = openEngine();
  engine.database.exec(`create trigger spoil before insert on total begin select raise(abort, 'no'); end;`);
  const delivery = {
    id: 'd',
    integration: 'i',
    at: 0,
    remoteAddress: '',
    headers: [],
    body: new Uint8Array(1),
  };
  const refused = { ...delivery, verdict: 'rejected', reason: 'signature_missing' };

  const { replies } = await engine.write([
    put('a'),
    { part: 'webhooks', method: 'recordDelivery', args: [refused, 5] },
  ]);

  expect(codesOf(replies)).toEqual(['unavailable', 'unavailable']);
  expect([rowsOf(engine, 'meta'), rowsOf(engine, 'delivery'), rowsOf(engine, 'activity')]).toEqual([0, 0, 0]);
});

it('fails every call when the commit itself fails, and keeps nothing of them', async () => {
  const engine = openEngine();
  engine.database.exec(`
    pragma foreign_keys = on;
    create table parent (id integer primary key);
    create table child (id integer references parent deferrable initially deferred);
    create trigger spoil after insert on meta when new.key = 'spoiler' begin insert into child values (1); end;`);

  const { replies, topics } = await engine.write([put('a'), count, put('spoiler')]);

  expect(codesOf(replies)).toEqual(['unavailable', 'unavailable', 'unavailable']);
  expect(topics).toEqual([]);
  expect([rowsOf(engine, 'meta'), rowsOf(engine, 'journal')]).toEqual([0, 0]);
  expect(codesOf((await engine.write([put('a'), count])).replies)).toEqual(['done', 'done']);
});

it('says what is wrong with a file that it cannot use', async () => {
  const { file, remove } = temporaryDatabase();
  onTestFinished(remove);
  writeFileSync(file, 'This is no database. '.repeat(100));

  expect(() => new SqliteEngine(file, { readOnly: false })).toThrow(
    expect.objectContaining({ code: 'unavailable', message: 'The file is not a database.' }),
  );
  expect(() => new SqliteEngine(`${file}/none/x`, { readOnly: false })).toThrow(
    expect.objectContaining({ code: 'unavailable', message: 'The database file cannot be opened.' }),
  );
});

it('reads each call from one moment, without what is not committed', async () => {
  const engine = openEngine();
  const file = String(engine.database.location());
  const reader = new SqliteEngine(file, { readOnly: true });
  onTestFinished(() => reader.close());
  engine.database.exec(`begin immediate; insert into meta values ('a', 'x')`);

  const before = await reader.read([{ part: 'meta', method: 'getMeta', args: ['a'] }]);
  engine.database.exec('commit');
  const after = await reader.read([{ part: 'meta', method: 'getMeta', args: ['a'] }]);

  expect([before.replies, after.replies]).toEqual([[{ value: undefined }], [{ value: 'x' }]]);
});

it('writes nothing on a connection for reading', async () => {
  const engine = openEngine();
  const reader = new SqliteEngine(String(engine.database.location()), { readOnly: true });
  onTestFinished(() => reader.close());

  const { replies } = await reader.write([put('a')]);

  expect(codesOf(replies)).toEqual(['unavailable']);
  expect(rowsOf(engine, 'meta')).toBe(0);
});

it('waits for other daemons that begin on the same new file, and gives up only on other trouble', () => {
  const busy = Object.assign(new Error('database is locked'), { errcode: 5 });
  const asked: string[] = [];
  const lockedOnce = {
    exec(text: string) {
      asked.push(text);
      if (asked.length === 1) throw busy;
    },
  };
  const damaged = {
    exec() {
      throw Object.assign(new Error('malformed'), { errcode: 11 });
    },
  };

  enterWal(lockedOnce);

  const pragma = 'pragma journal_mode = wal';
  expect(asked).toEqual([pragma, 'begin immediate; rollback', pragma]);
  expect(() => enterWal(damaged)).toThrow('malformed');
});
