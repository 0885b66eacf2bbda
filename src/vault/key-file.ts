import { randomBytes } from 'node:crypto';
import { link, open, readdir, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { KeySource } from './key-source.ts';
import {
  createMasterKey,
  formatMasterKey,
  type MasterKey,
  masterKeyFormat,
  parseMasterKey,
} from './master-key.ts';

const fileBytesMax = 4096;
/** Windows has neither permission bits nor directories that can be synced. */
const posix = process.platform !== 'win32';

/**
 * A key file that the vault makes and replaces itself. In a rotation the new key waits in
 * `<path>.<key id>.next` until every secret is under it. Such a file is never deleted, only taken up again
 * or renamed: it may hold the one key that opens the store. With the id in its name, a process that is
 * late can never put a key in place that belongs to a later rotation.
 */
export function createFileSource(configuredPath: string): KeySource {
  const name = `the key file ${configuredPath}`;
  /** Where a link points to, so that a rotation replaces the file and not the link. */
  const locate = (): Promise<string> => realpath(configuredPath).catch(() => configuredPath);
  return {
    name,

    async load({ wantedId, mayCreate }) {
      const path = await locate();
      const key = await findKey(path, wantedId);
      if (key) return key;
      if (mayCreate) return createFirst(path);
      throw new AppError(
        'config_invalid',
        `The key file ${path} is missing, and the stored secrets cannot be opened without it. ` +
          'Put it back from your backup; it is not made anew.',
      );
    },

    async prepare(current, handedIn) {
      if (handedIn !== undefined) {
        throw new AppError('invalid_request', `Give no key: a new one is made and kept in ${name}.`);
      }
      const path = await locate();
      // Left by a rotation that was cut short after its commit, or before it.
      if (await readKeyFile(waitingPath(path, current.id))) await putInPlace(path, current.id);
      return (await findSpare(path)) ?? createWaiting(path);
    },

    async finish(next) {
      const path = await locate();
      try {
        await putInPlace(path, next.id);
        return undefined;
      } catch (error) {
        if ((await readKeyFile(path).catch(() => undefined))?.id === next.id) return undefined;
        return `${AppError.from(error).message} Keep both, mend the directory, and rotate once more before you stop the daemon.`;
      }
    },
  };
}

function waitingPath(path: string, id: string): string {
  return `${path}.${id}.next`;
}

/** The wanted key, if the file or one that waits holds it; else what the file holds. */
async function findKey(path: string, wantedId: string | undefined): Promise<MasterKey | undefined> {
  const key = await readKeyFile(path);
  if (wantedId === undefined || key?.id === wantedId) return key;
  const waiting = await readKeyFile(waitingPath(path, wantedId));
  // Another process may have put it in place between the two looks.
  if (waiting?.id !== wantedId) return readKeyFile(path);
  // The key is good wherever it lies; a directory that cannot be written is no reason to stay locked.
  await putInPlace(path, wantedId).catch(() => undefined);
  return waiting;
}

/** A key that waits for a rotation. With one at hand no other is made, so that failures do not pile up keys. */
async function findSpare(path: string): Promise<MasterKey | undefined> {
  const start = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  const name = names.find(
    (each) => each.startsWith(start) && /^[0-9a-f]{16}\.next$/.test(each.slice(start.length)),
  );
  return name === undefined ? undefined : readKeyFile(join(dirname(path), name));
}

/** Undefined when there is no such file. */
async function readKeyFile(path: string): Promise<MasterKey | undefined> {
  const text = await readPrivateFile(path).catch((error: unknown) => {
    if (reason(error) === 'ENOENT') return undefined;
    throw error instanceof AppError ? error : unusable(path, `cannot be read (${reason(error)})`, error);
  });
  if (text === undefined) return undefined;
  const key = parseMasterKey(text);
  if (!key) throw unusable(path, `does not hold a key. A key is ${masterKeyFormat}`);
  return key;
}

async function readPrivateFile(path: string): Promise<string> {
  const facts = await stat(path);
  if (!facts.isFile() || facts.size > fileBytesMax) throw unusable(path, 'is not a key file');
  if (posix && (facts.mode & 0o077) !== 0) {
    throw unusable(path, `can be read or written by others than its owner. Run: chmod 600 "${path}"`);
  }
  return readFile(path, 'utf8');
}

/**
 * Writes `key` to `path`, on disk when this resolves. The file appears whole or not at all: it is written
 * as a draft and then given its name by `place`. A draft that a crash left behind may be deleted.
 */
async function writeKeyFile(
  path: string,
  key: MasterKey,
  place: (draft: string, path: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.draft`;
  try {
    await writePrivateFile(draft, `${formatMasterKey(key)}\n`);
    await place(draft, path);
    await syncDirectory(path);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** The first key of a store. When another process was faster, its key: `link` fails where a file exists. */
async function createFirst(path: string): Promise<MasterKey> {
  const key = createMasterKey();
  try {
    await writeKeyFile(path, key, link);
    return key;
  } catch (error) {
    const other = reason(error) === 'EEXIST' ? await readKeyFile(path) : undefined;
    if (other) return other;
    throw unusable(path, `cannot be made (${reason(error)})`, error);
  }
}

/** A key for a rotation. Nobody else has its id, hence nobody else its file. */
async function createWaiting(path: string): Promise<MasterKey> {
  const key = createMasterKey();
  const waiting = waitingPath(path, key.id);
  try {
    await writeKeyFile(waiting, key, rename);
    return key;
  } catch (error) {
    throw unusable(waiting, `cannot be made (${reason(error)})`, error);
  }
}

async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function putInPlace(path: string, id: string): Promise<void> {
  const waiting = waitingPath(path, id);
  try {
    await rename(waiting, path);
    await syncDirectory(path);
  } catch (error) {
    throw unusable(path, `cannot be replaced by ${waiting} (${reason(error)})`, error);
  }
}

/** A new name is on disk only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  if (!posix) return;
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function unusable(path: string, what: string, cause?: unknown): AppError {
  return new AppError('config_invalid', `The key file ${path} ${what}.`, { cause });
}

/** The system's short name of what went wrong, e.g. `EACCES`. */
function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
