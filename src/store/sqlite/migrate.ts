import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../domain/errors.ts';
import { toAppError } from './errors.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  /** Of the file as written, so that it is the same for every driver. */
  readonly checksum: string;
}

const migrationsDirectory = new URL('../migrations/', import.meta.url);

/** What all migrations together make, for people to read. A test keeps it true. */
export const schemaFile = 'schema.sql';

/** In order. @throws Error when a number is missing or comes twice: a mistake in the source tree. */
export function loadMigrations(directory: URL = migrationsDirectory): readonly Migration[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql') && file !== schemaFile)
    .toSorted()
    .map((file, index) => {
      const version = Number(file.slice(0, 4));
      if (version !== index + 1) throw new Error(`Migration ${file} should have number ${index + 1}.`);
      const text = readFileSync(new URL(file, directory), 'utf8');
      return { version, name: file, text, checksum: createHash('sha256').update(text).digest('hex') };
    });
}

/**
 * Brings the database up to the newest migration, in one transaction under the write lock, so that two
 * starts at once do it once. @throws AppError `config_invalid` when the database is newer than this
 * program, or was made by other migrations.
 */
export function migrate(db: DatabaseSync, migrations: readonly Migration[], now: number): readonly string[] {
  const applied: string[] = [];
  db.exec('begin immediate');
  try {
    db.exec(`create table if not exists schema_migration (
      version integer primary key, name text not null, checksum text not null, applied_at bigint not null)`);
    const known = db
      .prepare('select version, name, checksum from schema_migration order by version')
      .all() as unknown as Migration[];
    checkHistory(known, migrations);
    const insert = db.prepare(
      'insert into schema_migration (version, name, checksum, applied_at) values (?, ?, ?, ?)',
    );
    for (const migration of migrations.slice(known.length)) {
      db.exec(migration.text.replaceAll('$serial', 'integer primary key autoincrement'));
      insert.run(migration.version, migration.name, migration.checksum, now);
      applied.push(migration.name);
    }
    db.exec('commit');
  } catch (thrown) {
    if (db.isTransaction) db.exec('rollback');
    throw toAppError(thrown);
  }
  return applied;
}

function checkHistory(known: readonly Omit<Migration, 'text'>[], migrations: readonly Migration[]): void {
  if (known.length > migrations.length) {
    throw new AppError(
      'config_invalid',
      `The database has schema ${known.length}, this program knows ${migrations.length}. Start the newer program, or restore a backup.`,
    );
  }
  for (const [index, { name, checksum }] of known.entries()) {
    if (migrations[index]?.checksum !== checksum) {
      throw new AppError(
        'config_invalid',
        `The database was made by another version of migration ${name}. Restore a backup.`,
      );
    }
  }
}
