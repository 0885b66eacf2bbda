import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { limits } from '../domain/limits.ts';
import { readAll } from './read-all.ts';

it('reads every byte as it is, however it is cut', async () => {
  const bytes = Buffer.from('é\0\xff😀', 'latin1');
  const pieces = Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)]);

  expect(await readAll(pieces, 'It')).toEqual(bytes);
});

it('reads nothing from nothing', async () => {
  expect(await readAll(Readable.from([]), 'It')).toEqual(Buffer.alloc(0));
});

it('stops reading what has no end', async () => {
  let read = 0;
  function* endless(): Generator<Buffer> {
    for (;;) {
      read += 1 << 20;
      yield Buffer.alloc(1 << 20);
    }
  }

  await expect(readAll(Readable.from(endless()), 'Standard input')).rejects.toMatchObject({
    code: 'too_large',
    message: `Standard input has more than ${limits.webhookBodyBytesMax} bytes.`,
  });
  expect(read).toBeLessThan(2 * limits.webhookBodyBytesMax);
});
