import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from './domain/errors.ts';

/** What a running daemon says of itself, for the command line and for scripts. */
export interface DaemonFile {
  readonly pid: number;
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly version: string;
}

export interface StateDir {
  readonly path: string;
  readonly database: string;
  readonly masterKey: string;
  writeDaemonFile(file: DaemonFile): void;
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
    mkdirSync(path, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(path, 'daemon.lock'), { timeout: 0 });
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `The state directory ${path} cannot be used. Check that it is a directory you may write to.`,
      { cause },
    );
  }
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (cause) {
    lock.close();
    const running = readDaemonFile(path);
    const which = running ? ` (pid ${running.pid}, ${running.adminUrl})` : '';
    throw new AppError(
      'conflict',
      `A daemon${which} already runs in ${path}. Stop it, or use another --state-dir.`,
      { cause },
    );
  }
  return {
    path,
    database: join(path, 'palyra.sqlite'),
    masterKey: join(path, 'master.key'),
    writeDaemonFile: (file) =>
      writePrivately(join(path, 'daemon.json'), `${JSON.stringify(file, null, 2)}\n`),
    release: () => {
      rmSync(join(path, 'daemon.json'), { force: true });
      lock.close();
    },
  };
}

/** What the daemon in this directory said of itself; undefined when there is no such file or it is not readable as one. */
export function readDaemonFile(path: string): DaemonFile | undefined {
  const file = join(path, 'daemon.json');
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DaemonFile;
  } catch {
    return undefined;
  }
}

const tokenFile = 'admin.token';

export function readBootstrapToken(path: string): string | undefined {
  const file = join(path, tokenFile);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** A new token for whoever can read the state directory, kept in a file with mode 0600. */
export function writeBootstrapToken(path: string, token: string): void {
  writePrivately(join(path, tokenFile), `${token}\n`);
}

/** 256 bits; the prefix lets people and secret scanners recognise it. */
export function newToken(): string {
  return `palyra_${randomBytes(32).toString('base64url')}`;
}

function writePrivately(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}
