import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { accept, gaugesOf } from '../contract/data.ts';
import { loadMigrations, migrate, type Migration, schemaFile } from './migrate.ts';
import { openInlineSqliteStore, openSqliteStore } from './open.ts';
import { temporaryDatabase } from './sqlite.fixture.ts';

const migrations = loadMigrations();
const next: Migration = {
  version: migrations.length + 1,
  name: 'next.sql',
  text: 'create table next (id $serial);',
  checksum: 'of next',
};

/** A place for a database, with the first `version` migrations applied. */
function fileOfVersion(version: number, all: readonly Migration[] = migrations): string {
  const { file, remove } = temporaryDatabase();
  onTestFinished(remove);
  const db = new DatabaseSync(file);
  migrate(db, all.slice(0, version), 1_000);
  db.close();
  return file;
}

function query(file: string, text: string): Record<string, unknown>[] {
  const db = new DatabaseSync(file);
  const rows = db.prepare(text).all();
  db.close();
  return rows.map((row) => ({ ...row }));
}

/** Each table with its indexes, by name. */
function schemaOf(file: string): string {
  const rows = query(
    file,
    `select sql from sqlite_master where sql is not null and name <> 'sqlite_sequence'
     order by tbl_name, type desc, name`,
  );
  return rows.map(({ sql }) => `${String(sql)};\n`).join('\n');
}

function directoryWith(files: readonly string[]): URL {
  const directory = mkdtempSync(join(tmpdir(), 'palyra-migrations-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const file of files) writeFileSync(join(directory, file), `-- ${file}`);
  return pathToFileURL(`${directory}/`);
}

describe('the files', () => {
  it('make the schema that is written down beside them', async () => {
    const file = fileOfVersion(migrations.length);

    await expect(schemaOf(file)).toMatchFileSnapshot(`../migrations/${schemaFile}`);
  });

  it('are read in the order of their numbers', () => {
    const read = loadMigrations(directoryWith(['0002_b.sql', '0001_a.sql', 'schema.sql', 'notes.md']));

    expect(read.map(({ version, name, text }) => [version, name, text])).toEqual([
      [1, '0001_a.sql', '-- 0001_a.sql'],
      [2, '0002_b.sql', '-- 0002_b.sql'],
    ]);
    expect(read[0]?.checksum).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([[['0001_a.sql', '0003_c.sql']], [['0001_a.sql', '0001_b.sql']], [['first.sql']]])(
    'are refused when a number is missing, comes twice or is not there: %j',
    (files) => {
      expect(() => loadMigrations(directoryWith(files))).toThrow('should have number');
    },
  );
});

describe('a start', () => {
  it.each(Array.from({ length: migrations.length + 1 }, (_none, version) => version))(
    'brings a file of version %i up to the newest',
    async (version) => {
      const file = fileOfVersion(version);

      const opened = openInlineSqliteStore(file, 2_000);

      await accept(opened.store, [{ key: 'a' }]);
      expect(await gaugesOf(opened.store, 'inbox')).toEqual({ pending: 1 });
      await opened.store.close();
      expect(opened.migrations).toEqual(migrations.slice(version).map(({ name }) => name));
      expect(schemaOf(file)).toBe(schemaOf(fileOfVersion(migrations.length)));
      expect(query(file, 'select version, name, checksum, applied_at as at from schema_migration')).toEqual(
        migrations.map(({ text: _text, ...row }) => ({ ...row, at: row.version > version ? 2_000 : 1_000 })),
      );
    },
  );

  it('applies each migration once when several daemons start at the same time', async () => {
    const { file, remove } = temporaryDatabase();
    onTestFinished(remove);

    const opened = await Promise.all([1, 2, 3].map(() => openSqliteStore(file, 0, () => undefined)));

    const applied = opened.flatMap((start) => start.migrations);
    await Promise.all(opened.map(({ store }, index) => accept(store, [{ key: `k${index}` }])));
    await Promise.all(opened.map(({ store }) => store.close()));
    expect(applied).toEqual(migrations.map(({ name }) => name));
    expect(query(file, `select id from inbox`).length).toBe(3);
  });

  it('refuses a file that a newer program has made, and leaves it alone', () => {
    const file = fileOfVersion(next.version, [...migrations, next]);
    const before = schemaOf(file);

    const start = (): unknown => openInlineSqliteStore(file, 0);

    expect(start).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('newer') }),
    );
    expect(schemaOf(file)).toBe(before);
  });

  it('refuses a file whose migrations were others, and leaves it alone', () => {
    const changed = migrations.map((migration) => ({ ...migration, checksum: 'other' }));
    const file = fileOfVersion(migrations.length, changed);

    const start = (): unknown => openInlineSqliteStore(file, 0);

    expect(start).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining('another version'),
      }),
    );
  });

  it('refuses such files on threads too, with the same reason', async () => {
    const file = fileOfVersion(next.version, [...migrations, next]);

    await expect(openSqliteStore(file, 0, () => undefined)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('leaves the file as it was when a migration fails half-way', () => {
    const file = fileOfVersion(migrations.length);
    const before = schemaOf(file);
    const db = new DatabaseSync(file);
    onTestFinished(() => db.close());
    const broken = { ...next, text: 'create table half (id $serial); create table half (id $serial);' };

    expect(() => migrate(db, [...migrations, broken], 0)).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );

    expect(db.isTransaction).toBe(false);
    expect(schemaOf(file)).toBe(before);
    expect(migrate(db, [...migrations, next], 0)).toEqual([next.name]);
  });
});
