import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '../domain/errors.ts';
import type { Clock } from './clock.ts';

/** Bytes that are on disk and have no name yet. One of `keep` and `discard` has to follow. */
export interface StagedBlob {
  /** SHA-256 of the bytes, hex. */
  readonly id: string;
  readonly bytes: number;
  /** The first few thousand bytes: enough to tell what they are. */
  readonly head: Uint8Array;
  /** From now on it can be read under its id. Durable when resolved. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** Files named after what is in them: the same bytes are there once. */
export interface BlobFiles {
  /** @throws AppError `too_large` beyond `bytesMax`; what `chunks` throws. Nothing is left behind then. */
  stage(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<StagedBlob>;
  /** Undefined when there is no such file. */
  read(id: string): Promise<{ readonly open: () => Readable; readonly bytes: number } | undefined>;
  /** Removes it, unless it was kept, or kept once more, since `before` (Unix ms). */
  remove(id: string, before: number): Promise<void>;
  /** Removes what an earlier process has left half written. */
  sweep(): Promise<void>;
}

const headBytes = 8 * 1024;
const idPattern = /^[0-9a-f]{64}$/;

/** Keeps them below `directory`, which is made when the first one comes. No other process may write there. */
export function createBlobFiles(directory: string, clock: Clock): BlobFiles {
  const partial = join(directory, 'partial');
  let swept: Promise<void> | undefined;
  // What was there when this process began is not under way in it.
  const sweep = (): Promise<void> => {
    swept ??= clear(partial).catch((error: unknown) => {
      swept = undefined;
      throw error;
    });
    return swept;
  };
  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other, so that nothing is removed that is just being kept. */
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  return {
    sweep,

    async stage(chunks, bytesMax) {
      await sweep();
      await mkdir(partial, { recursive: true, mode: 0o700 });
      const temporary = join(partial, randomBytes(16).toString('hex'));
      const discard = (): Promise<void> => rm(temporary, { force: true });
      try {
        const copied = await copy(chunks, temporary, bytesMax, clock.now());
        return {
          ...copied,
          keep: () => inTurn(() => move(temporary, pathOf(directory, copied.id))),
          discard,
        };
      } catch (error) {
        await discard();
        throw error;
      }
    },

    async read(id) {
      if (!idPattern.test(id)) return undefined;
      const place = pathOf(directory, id);
      const found = await stat(place).catch(() => undefined);
      return found && { open: () => createReadStream(place), bytes: found.size };
    },

    async remove(id, before) {
      if (!idPattern.test(id)) return;
      const place = pathOf(directory, id);
      await inTurn(async () => {
        const found = await stat(place).catch(() => undefined);
        if (found && found.mtimeMs < before) await rm(place, { force: true });
      });
    },
  };
}

/** Stamped with our own time, which is the one that it is asked about later. */
async function copy(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  bytesMax: number,
  now: number,
): Promise<Pick<StagedBlob, 'id' | 'bytes' | 'head'>> {
  const hash = createHash('sha256');
  const heads: Uint8Array[] = [];
  let bytes = 0;
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      if (bytes + chunk.length > bytesMax)
        throw new AppError('too_large', `The file is over ${bytesMax} bytes.`);
      if (bytes < headBytes) heads.push(chunk.slice(0, headBytes - bytes));
      bytes += chunk.length;
      hash.update(chunk);
      await handle.appendFile(chunk);
    }
    await handle.utimes(now / 1_000, now / 1_000);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { id: hash.digest('hex'), bytes, head: Buffer.concat(heads) };
}

async function move(from: string, to: string): Promise<void> {
  const directory = dirname(to);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rename(from, to);
  // A name is part of its directory, and as durable.
  for (const place of [directory, dirname(directory)]) await syncDirectory(place);
}

/** Nothing, where directories cannot be opened. */
async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, 'r');
    await handle.sync();
  } catch {
    return;
  } finally {
    await handle?.close();
  }
}

async function clear(partial: string): Promise<void> {
  const names = await readdir(partial).catch(() => []);
  for (const name of names) await rm(join(partial, name), { force: true });
}

function pathOf(directory: string, id: string): string {
  return join(directory, id.slice(0, 2), id);
}
