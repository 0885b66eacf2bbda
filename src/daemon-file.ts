import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running daemon says of itself, for the command line and for scripts. */
export interface DaemonFile {
  readonly pid: number;
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly version: string;
}

const daemonFile = 'daemon.json';
const tokenFile = 'admin.token';

/** What the daemon in this directory said of itself; undefined when there is no such file or it is not readable as one. */
export function readDaemonFile(stateDir: string): DaemonFile | undefined {
  try {
    const file = JSON.parse(readFileSync(join(stateDir, daemonFile), 'utf8')) as Partial<DaemonFile>;
    return typeof file.adminUrl === 'string' ? (file as DaemonFile) : undefined;
  } catch {
    return undefined;
  }
}

export function writeDaemonFile(stateDir: string, file: DaemonFile): void {
  writePrivately(join(stateDir, daemonFile), `${JSON.stringify(file, null, 2)}\n`);
}

/** Who looks for a daemon must not find the one that was there before. */
export function removeDaemonFile(stateDir: string): void {
  rmSync(join(stateDir, daemonFile), { force: true });
}

const outOfReach = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/** Undefined when there is none, or none that this user may read. */
export function readBootstrapToken(stateDir: string): string | undefined {
  try {
    return readFileSync(join(stateDir, tokenFile), 'utf8').trim() || undefined;
  } catch (error) {
    if (outOfReach.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A new token for whoever can read the state directory, kept in a file with mode 0600. */
export function writeBootstrapToken(stateDir: string, token: string): void {
  writePrivately(join(stateDir, tokenFile), `${token}\n`);
}

function writePrivately(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}
