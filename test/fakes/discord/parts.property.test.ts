import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../support/manual-clock.ts';
import type { Message } from './entities.ts';
import { characters } from './form.ts';
import { MessageLog } from './message-log.ts';
import { parseMultipart } from './multipart.ts';
import { compareIds, Snowflakes, snowflakeAt } from './snowflakes.ts';

describe('ids', () => {
  it('only grow, and hold their time, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000, max: 1_000 })), (steps) => {
        const clock = new ManualClock();
        const ids = new Snowflakes(clock);
        const made = steps.map((ms) => {
          clock.advance(ms);
          return ids.next();
        });

        expect(made.toSorted(compareIds)).toEqual(made);
        expect(new Set(made).size).toBe(made.length);
        for (const id of made) expect(snowflakeAt(id)).toBeGreaterThanOrEqual(1_750_000_000_000 - 1_000_000);
      }),
    );
  });
});

describe('a channel', () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant('add' as const) }),
    fc.record({ op: fc.constant('remove' as const), nth: fc.nat(30) }),
  );

  it('pages as a list of all its messages would', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.nat(40),
        fc.integer({ min: 1, max: 10 }),
        (steps, at, limit) => {
          const log = new MessageLog<Message>();
          const model: string[] = [];
          let next = 100;
          for (const one of steps) {
            if (one.op === 'add') {
              const id = String(next++);
              log.add({ id } as Message);
              model.push(id);
            } else {
              const id = String(100 + one.nth);
              log.remove(id);
              if (model.includes(id)) model.splice(model.indexOf(id), 1);
            }
          }
          const id = String(100 + at);
          const ids = (messages: readonly Message[]): readonly string[] =>
            messages.map((message) => message.id);

          expect(ids(log.latest(limit))).toEqual(model.slice(-limit).toReversed());
          expect(ids(log.before(id, limit))).toEqual(
            model
              .filter((one) => one < id)
              .slice(-limit)
              .toReversed(),
          );
          expect(ids(log.after(id, limit))).toEqual(
            model
              .filter((one) => one > id)
              .slice(0, limit)
              .toReversed(),
          );
          expect(log.lastId).toBe(model.at(-1) ?? null);
        },
      ),
    );
  });
});

describe('a multipart body', () => {
  it('gives back what FormData wrote', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
        fc.string(),
        async (files, text) => {
          const form = new FormData();
          form.set('payload_json', text);
          files.forEach((bytes, nth) => form.set(`files[${nth}]`, new Blob([bytes]), `${nth}.bin`));
          const request = new Request('http://x', { method: 'POST', body: form });
          const contentType = request.headers.get('content-type')!;

          const fields = parseMultipart(contentType, Buffer.from(await request.arrayBuffer()));

          expect(fields?.map(({ name, filename }) => [name, filename])).toEqual([
            ['payload_json', undefined],
            ...files.map((_, nth) => [`files[${nth}]`, `${nth}.bin`]),
          ]);
          expect(fields?.slice(1).map(({ bytes }) => [...bytes])).toEqual(files.map((bytes) => [...bytes]));
        },
      ),
    );
  });

  it('that is cut short is none', () => {
    const whole = [
      '--b',
      'content-disposition: form-data; name="files[0]"; filename="x.txt"',
      '',
      'hello',
      '--b--',
      '',
    ].join('\r\n');
    const parse = (text: string) => parseMultipart('multipart/form-data; boundary=b', Buffer.from(text));

    for (let length = 0; length < whole.length - 2; length++)
      expect(parse(whole.slice(0, length))).toBeUndefined();
    expect(parse(whole)).toHaveLength(1);
  });
});

describe('a length', () => {
  it('counts code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '\u{1f44b}', '\ud83d', '\udc4b') }), (text) => {
        expect(characters(text)).toBe(Array.from(text).length);
      }),
    );
  });
});
