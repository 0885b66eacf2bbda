import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { type BlobFiles, createBlobFiles, type StagedBlob } from './blob-files.ts';

const plenty = 100_000;

describe('files named after their bytes', () => {
  let directory: string;
  let clock: ManualClock;
  let files: BlobFiles;

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'palyra-blobs-')), 'artifacts');
    clock = new ManualClock();
    files = createBlobFiles(directory, clock);
  });

  afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

  async function keep(text: string): Promise<string> {
    const staged = await files.stage(chunks(text), plenty);
    await staged.keep();
    return staged.id;
  }

  async function textOf(id: string): Promise<string | undefined> {
    const found = await files.read(id);
    return found && (await buffer(found.open())).toString();
  }

  /** Every file that there is, half written ones too. */
  function onDisk(): readonly string[] {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }

  it('can be read once they are kept, and not before', async () => {
    const staged = await files.stage(chunks('hel', 'lo'), plenty);
    const early = await files.read(staged.id);

    await staged.keep();
    const found = await files.read(staged.id);

    expect(early).toBeUndefined();
    expect(staged).toMatchObject({ id: sha256('hello'), bytes: 5 });
    expect(found?.bytes).toBe(5);
    expect(await textOf(staged.id)).toBe('hello');
  });

  it('are there once, however often they come', async () => {
    const ids = await Promise.all(['same', 'same', 'other'].map(keep));

    expect(ids[0]).toBe(ids[1]);
    expect(onDisk().toSorted()).toEqual([sha256('same'), sha256('other')].toSorted());
  });

  it('leave nothing behind when they are too large, break off, or are not wanted', async () => {
    const breaking = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('half'));
      throw new Error('The line broke.');
    };

    await expect(files.stage(chunks('12', '345'), 4)).rejects.toMatchObject({ code: 'too_large' });
    await expect(files.stage(breaking(), plenty)).rejects.toThrow('The line broke.');
    const unwanted = await files.stage(chunks('1234'), 4);
    await unwanted.discard();

    expect(onDisk()).toEqual([]);
  });

  it('show their beginning, and are the same in whatever pieces they come', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 6_000 }), { maxLength: 6, size: 'max' }),
        async (pieces) => {
          const whole = Buffer.concat(pieces);

          const staged = await files.stage(inPieces(pieces), plenty);
          await staged.discard();

          expect(staged.id).toBe(createHash('sha256').update(whole).digest('hex'));
          expect(staged.bytes).toBe(whole.length);
          expect(Buffer.from(staged.head).equals(whole.subarray(0, 8_192))).toBe(true);
        },
      ),
      { numRuns: 25 },
    ));

  it('that an earlier process left half written go, and those of this one stay', async () => {
    mkdirSync(join(directory, 'partial'), { recursive: true });
    writeFileSync(join(directory, 'partial', 'left'), 'half');

    const staged = await files.stage(chunks('mine'), plenty);
    await files.sweep();
    await staged.keep();

    expect(onDisk()).toEqual([staged.id]);
  });

  it('that were left half written go also when no other one comes', async () => {
    await files.sweep();
    mkdirSync(join(directory, 'partial'), { recursive: true });
    writeFileSync(join(directory, 'partial', 'left'), 'half');

    await createBlobFiles(directory, clock).sweep();

    expect(onDisk()).toEqual([]);
  });

  it('are removed by their age, of which the last time that they came counts', async () => {
    const [old, renewed] = [await keep('old'), await keep('renewed')];
    clock.advance(10_000);
    const before = clock.now();
    clock.advance(10_000);
    const young = await keep('young');
    await keep('renewed');

    for (const id of [old, renewed, young]) await files.remove(id, before);

    expect(await Promise.all([old, renewed, young].map(textOf))).toEqual([undefined, 'renewed', 'young']);
  });

  it('are not removed while they are being kept', async () => {
    const id = await keep('wanted');
    clock.advance(10_000);
    const staged: StagedBlob = await files.stage(chunks('wanted'), plenty);

    await Promise.all([files.remove(id, clock.now()), staged.keep(), files.remove(id, clock.now())]);

    expect(await textOf(id)).toBe('wanted');
  });

  it('are found by an id and by nothing else', async () => {
    const id = await keep('hello');
    writeFileSync(join(directory, '..', 'secret'), 'not yours');

    for (const other of ['../secret', `${id.slice(0, 2)}/../../secret`, '', id.toUpperCase(), `${id}/`]) {
      expect(await files.read(other)).toBeUndefined();
      await files.remove(other, Infinity);
    }

    expect(await textOf(id)).toBe('hello');
  });

  it('are for their owner only', async () => {
    const id = await keep('hello');

    const modes = ['', 'partial', id.slice(0, 2), join(id.slice(0, 2), id)].map(
      (place) => statSync(join(directory, place)).mode & 0o777,
    );

    expect(modes.map((mode) => mode.toString(8))).toEqual(['700', '700', '700', '600']);
  });

  it('can be written again once what was in the way is gone', async () => {
    writeFileSync(directory, 'in the way');
    await expect(files.stage(chunks('hello'), plenty)).rejects.toThrow();

    rmSync(directory);
    const id = await keep('hello');

    expect(await textOf(id)).toBe('hello');
  });
});

function chunks(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  return inPieces(texts.map((text) => Buffer.from(text)));
}

async function* inPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
