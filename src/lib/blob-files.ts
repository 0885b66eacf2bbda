import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '../domain/errors.ts';

export interface WrittenBlob {
  /** SHA-256 of the bytes, hex. */
  readonly id: string;
  readonly bytes: number;
  /** The first few thousand bytes: enough to tell what they are. */
  readonly head: Uint8Array;
}

/** Files named after what is in them: the same bytes are there once. */
export interface BlobFiles {
  /**
   * Durable when resolved. @throws AppError `too_large` beyond `bytesMax`; what `chunks` throws. Nothing is left
   * behind then.
   */
  write(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<WrittenBlob>;
  /** Undefined when there is no such file. */
  read(id: string): Promise<{ readonly stream: Readable; readonly bytes: number } | undefined>;
  remove(id: string): Promise<void>;
}

const headBytes = 8 * 1024;
const idPattern = /^[0-9a-f]{64}$/;

/** Keeps them below `directory`, which is made when the first one is written. What an earlier process left half written goes. */
export function createBlobFiles(directory: string): BlobFiles {
  const partial = join(directory, 'partial');
  const prepared = Promise.withResolvers<undefined>();
  let preparing = false;
  const prepare = (): Promise<undefined> => {
    if (!preparing) {
      preparing = true;
      clear(partial).then(() => prepared.resolve(undefined), prepared.reject);
    }
    return prepared.promise;
  };
  return {
    async write(chunks, bytesMax) {
      await prepare();
      const temporary = join(partial, randomBytes(16).toString('hex'));
      try {
        const written = await copy(chunks, temporary, bytesMax);
        const place = pathOf(directory, written.id);
        await mkdir(dirname(place), { recursive: true, mode: 0o700 });
        await rename(temporary, place);
        return written;
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },

    async read(id) {
      if (!idPattern.test(id)) return undefined;
      const place = pathOf(directory, id);
      const found = await stat(place).catch(() => undefined);
      return found && { stream: createReadStream(place), bytes: found.size };
    },

    async remove(id) {
      if (idPattern.test(id)) await rm(pathOf(directory, id), { force: true });
    },
  };
}

async function copy(chunks: AsyncIterable<Uint8Array>, file: string, bytesMax: number): Promise<WrittenBlob> {
  const hash = createHash('sha256');
  const heads: Uint8Array[] = [];
  let bytes = 0;
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      if (bytes + chunk.length > bytesMax)
        throw new AppError('too_large', `The file is over ${bytesMax} bytes.`);
      if (bytes < headBytes) heads.push(chunk.subarray(0, headBytes - bytes));
      bytes += chunk.length;
      hash.update(chunk);
      await handle.write(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { id: hash.digest('hex'), bytes, head: Buffer.concat(heads) };
}

async function clear(partial: string): Promise<void> {
  await mkdir(partial, { recursive: true, mode: 0o700 });
  for (const name of await readdir(partial)) await rm(join(partial, name), { force: true });
}

function pathOf(directory: string, id: string): string {
  return join(directory, id.slice(0, 2), id);
}
