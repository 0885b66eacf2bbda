import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readDaemonFile, removeDaemonFile } from './daemon-file.ts';
import { AppError } from './domain/errors.ts';

export interface StateDir {
  readonly path: string;
  readonly database: string;
  readonly masterKey: string;
  /** Files that came with messages. */
  readonly artifacts: string;
  /** Lets go of the directory, for the next daemon. */
  release(): void;
}

/**
 * Makes the directory (0700) if need be, and takes it for this process alone. The lock is the operating
 * system's, so it ends with the process, however it ends.
 * @throws AppError `conflict` when another daemon runs in it, `unavailable` when it cannot be written to.
 */
export function takeStateDir(path: string): StateDir {
  let lock: DatabaseSync;
  try {
    makeDirectory(path);
    lock = new DatabaseSync(join(path, 'daemon.lock'), { timeout: 0 });
  } catch (cause) {
    throw unusable(path, cause);
  }
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (cause) {
    lock.close();
    throw isTaken(cause) ? alreadyRuns(path, cause) : unusable(path, cause);
  }
  removeDaemonFile(path);
  return {
    path,
    database: join(path, 'palyra.sqlite'),
    masterKey: join(path, 'master.key'),
    artifacts: join(path, 'artifacts'),
    release: () => {
      removeDaemonFile(path);
      lock.close();
    },
  };
}

/** 256 bits; the prefix lets people and secret scanners recognise it. */
export function newToken(): string {
  return `palyra_${randomBytes(32).toString('base64url')}`;
}

/** Not `recursive`: below a directory that takes no entries, such as /proc, Node would try for ever. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const sqliteBusy = 5;

function isTaken(cause: unknown): boolean {
  const { errcode = 0 } = cause as { readonly errcode?: number };
  return (errcode & 0xff) === sqliteBusy;
}

function alreadyRuns(path: string, cause: unknown): AppError {
  const running = readDaemonFile(path);
  const which = running ? ` (pid ${running.pid}, ${running.adminUrl})` : '';
  return new AppError(
    'conflict',
    `A daemon${which} already runs in ${path}. Stop it, or use another --state-dir.`,
    { cause },
  );
}

function unusable(path: string, cause: unknown): AppError {
  return new AppError(
    'unavailable',
    `The state directory ${path} cannot be used. Check that it is a directory you may write to.`,
    { cause },
  );
}
