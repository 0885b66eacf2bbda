import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GuardedResponse } from '../lib/guarded-fetch.ts';
import type { TurnMessage } from './agent.ts';
import { readAnswer } from './http-answer.ts';

const stream = (chunks: readonly Uint8Array[]): GuardedResponse => {
  const iterate = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks;
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' },
    body: { [Symbol.asyncIterator]: iterate },
    bytes: async () => Buffer.concat(chunks),
    text: async () => Buffer.concat(chunks).toString(),
    discard: () => undefined,
  };
};

const cutAt = (bytes: Buffer, places: readonly number[]): readonly Buffer[] => {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
};

describe('a streamed answer', () => {
  const message: fc.Arbitrary<TurnMessage> = fc.oneof(
    fc.record({ op: fc.constant('send' as const), text: fc.string({ unit: 'grapheme', minLength: 1 }) }),
    fc.record({ op: fc.constant('typing' as const) }),
  );

  it('is the same however the network cuts it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 20 }),
        fc.constantFrom('\n', '\r\n', '\n\n'),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 40 }),
        async (messages, lineEnd, ended, places) => {
          const text = messages.map((value) => JSON.stringify(value)).join(lineEnd) + (ended ? lineEnd : '');

          const answer = await readAnswer(stream(cutAt(Buffer.from(text), places)), 0, () => undefined);

          expect(answer).toEqual({ kind: 'messages', messages });
        },
      ),
    );
  });

  it('is read no further than its first mistake', async () => {
    let pulled = 0;
    const response = stream([]);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled += 1;
        yield Buffer.from('{"op":"sing"}\n');
      }
    };

    const answer = readAnswer({ ...response, body: { [Symbol.asyncIterator]: endless } }, 0, () => undefined);

    await expect(answer).rejects.toMatchObject({ code: 'unsupported' });
    expect(pulled).toBe(1);
  });
});
