import { constants, createDeflate, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createFrameDecoder, type Decoded, type FrameDecoder, frameBytesMax } from './frame-decoder.ts';

const open: FrameDecoder[] = [];

afterEach(() => {
  for (const decoder of open.splice(0)) decoder.close();
});

function zlibDecoder(): FrameDecoder {
  const decoder = createFrameDecoder('zlib-stream');
  open.push(decoder);
  return decoder;
}

/** The frames of one stream, one per text, as the gateway makes them. */
async function framesOf(texts: readonly string[]): Promise<readonly Buffer[]> {
  const deflate = createDeflate();
  const parts: Buffer[] = [];
  const take = (): void => {
    for (let part = deflate.read() as Buffer | null; part; part = deflate.read() as Buffer | null)
      parts.push(part);
  };
  deflate.on('readable', take);
  const frames: Buffer[] = [];
  for (const text of texts) {
    deflate.write(text);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    take();
    frames.push(Buffer.concat(parts.splice(0)));
  }
  deflate.destroy();
  return frames;
}

async function decodeAll(decoder: FrameDecoder, frames: readonly Buffer[]): Promise<readonly Decoded[]> {
  const decoded: Decoded[] = [];
  for (const frame of frames) decoded.push(await decoder.decode(frame, true));
  return decoded;
}

function textsOf(decoded: readonly Decoded[]): readonly string[] {
  return decoded.flatMap((one) => (one.kind === 'text' ? [one.text] : []));
}

describe('a plain connection', () => {
  it('carries text as it is', async () => {
    const decoder = createFrameDecoder('none');

    expect(await decoder.decode(Buffer.from('{"é":1}'), false)).toEqual({ kind: 'text', text: '{"é":1}' });
    expect(await decoder.decode(Buffer.from('{}'), true)).toEqual({ kind: 'text', text: '{}' });
  });

  it('takes frames of 8 MiB, and a compressed one of 512 KiB', () => {
    expect(frameBytesMax('none')).toBe(8_388_608);
    expect(frameBytesMax('zlib-stream')).toBe(524_288);
  });
});

describe('a compressed connection', () => {
  it('is one stream from its first message to its last', async () => {
    const texts = ['{"op":10}', '{"op":0,"t":"é"}', '{"op":0,"t":"é"}', '{}'];

    const decoded = await decodeAll(zlibDecoder(), await framesOf(texts));

    expect(textsOf(decoded)).toEqual(texts);
  });

  it('takes text frames as they are, in between', async () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await framesOf(['one', 'two']);
    const decoder = zlibDecoder();

    const decoded = [
      await decoder.decode(first, true),
      await decoder.decode(Buffer.from('plain'), false),
      await decoder.decode(second, true),
    ];

    expect(textsOf(decoded)).toEqual(['one', 'plain', 'two']);
  });

  it('gives the same messages wherever they are cut into frames', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
        async (texts, cuts) => {
          const pieces = (await framesOf(texts)).flatMap((frame) => cut(frame, cuts));

          const decoded = await decodeAll(zlibDecoder(), pieces);

          expect(textsOf(decoded).join('')).toBe(texts.join(''));
          expect(decoded.at(-1)?.kind).toBe('text');
        },
      ),
      { numRuns: 50 },
    ));

  it('carries a message of a few megabytes', async () => {
    const text = JSON.stringify(Array.from({ length: 300_000 }, (_, index) => index));

    const decoded = await decodeAll(zlibDecoder(), await framesOf(['{}', text]));

    expect(textsOf(decoded)[1]).toBe(text);
  });

  it('is over after damaged data, and stays so', async () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await framesOf(['one', 'two']);
    const decoder = zlibDecoder();

    const decoded = [
      await decoder.decode(first, true),
      await decoder.decode(Buffer.from('not deflated 0000ffff'), true),
      await decoder.decode(second, true),
    ];

    expect(decoded.map(({ kind }) => kind)).toEqual(['text', 'unreadable', 'unreadable']);
  });

  it('is over when its stream comes to an end', async () => {
    const decoder = zlibDecoder();

    await decoder.decode(deflateSync('one'), true);
    const after = await decoder.decode(Buffer.from([0, 0, 0xff, 0xff]), true);

    expect(after.kind).toBe('unreadable');
  });

  it('does not inflate a bomb', async () => {
    const zeros = '0'.repeat(1_024 * 1_024);
    const bomb = Buffer.concat(await framesOf(Array.from({ length: 200 }, () => zeros)));
    const decoder = zlibDecoder();
    const before = process.memoryUsage().arrayBuffers;

    const decoded = await decoder.decode(bomb, true);
    const held = process.memoryUsage().arrayBuffers - before;

    expect(decoded).toEqual({ kind: 'unreadable', detail: 'A message inflates to more than 8388608 bytes.' });
    expect(held).toBeLessThan(64 * 1_024 * 1_024);
  });

  it('does not gather a bomb from many small frames', async () => {
    const bomb = deflateSync(Buffer.alloc(20 * 1_024 * 1_024), { level: 9 });

    const decoded = await decodeAll(zlibDecoder(), cut(bomb, [500]));

    expect(decoded.at(-1)?.kind).toBe('unreadable');
  });

  it('takes 8 MiB to the byte', async () => {
    const full = 'x'.repeat(8_388_608);

    const exact = await decodeAll(zlibDecoder(), await framesOf([full]));
    const over = await decodeAll(zlibDecoder(), await framesOf([`${full}x`]));

    expect(exact.map(({ kind }) => kind)).toEqual(['text']);
    expect(over.map(({ kind }) => kind)).toEqual(['unreadable']);
  });

  it('leaves nobody waiting when it is closed', async () => {
    const decoder = zlibDecoder();
    const [frame = Buffer.alloc(0)] = await framesOf(['x'.repeat(1_000_000)]);

    const decoding = decoder.decode(frame, true);
    decoder.close();

    expect((await decoding).kind).toBe('unreadable');
  });
});

function cut(frame: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < frame.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(frame.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
