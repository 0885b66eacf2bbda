import { AppError } from '../../domain/errors.ts';

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

/** What callers get to see; the driver's own words become the cause, for the log. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const trouble = troubleOf(thrown);
  if (trouble !== undefined) return new AppError('unavailable', trouble, { cause: thrown });
  return AppError.from(thrown);
}

/** A commit that fails has stored nothing, whatever the reason: the caller may try again. */
export function toCommitError(thrown: unknown): AppError {
  const message = troubleOf(thrown) ?? 'The database could not commit.';
  return new AppError('unavailable', message, { cause: thrown });
}

/** Another connection has the lock. */
export function isBusy(thrown: unknown): boolean {
  return codeOf(thrown) === 5;
}

function troubleOf(thrown: unknown): string | undefined {
  return troubles.get(codeOf(thrown) ?? 0);
}

/** SQLite's primary result code. */
function codeOf(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) & 0xff : undefined;
}
