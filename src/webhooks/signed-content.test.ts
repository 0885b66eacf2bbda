import { expect, it } from 'vitest';
import { canBeSigned, includesMac, literalsOf, placeholdersOf, signedContent } from './signed-content.ts';

it('takes a template apart into text and placeholders', () => {
  expect(placeholdersOf('v0:{timestamp}:{body}')).toEqual(['timestamp', 'body']);
  expect(literalsOf('v0:{timestamp}:{body}')).toEqual(['v0:', ':']);
  expect(literalsOf('{id}{timestamp}{body}')).toEqual([]);
  expect(literalsOf('{Body}{body}')).toEqual(['{Body}']);
});

it('puts values in place as bytes, and takes no placeholder out of a value', () => {
  const values = { id: '{body}', timestamp: '$&', body: Buffer.from([0xff, 0x7b]) };

  const content = Buffer.concat(signedContent('é{id}.{timestamp}.{body}', values));

  expect(content).toEqual(Buffer.concat([Buffer.from('é{body}.$&.'), Buffer.from([0xff, 0x7b])]));
});

it('hands the body on without a copy', () => {
  const body = new Uint8Array(4);

  expect(signedContent('{timestamp}.{body}', { body })).toContain(body);
});

it.each([
  ['msg_1', true],
  ['msg.1', false],
  ['msg 1', false],
  ['mşg', false],
  ['', false],
])('says of the id %j that it can be signed: %j', (id, answer) => {
  expect(canBeSigned(id, '{id}.{timestamp}.{body}')).toBe(answer);
});

it('compares every candidate, also behind one that fits', () => {
  const mac = Buffer.alloc(32, 1);
  let compared = 0;
  function* candidates(): Iterable<Uint8Array> {
    for (const fill of [1, 2, 1, 3]) {
      yield Buffer.alloc(32, fill);
      compared++;
    }
  }

  expect(includesMac(mac, candidates())).toBe(true);
  expect(compared).toBe(4);
  expect(includesMac(mac, [Buffer.alloc(32, 2)])).toBe(false);
  expect(includesMac(mac, [])).toBe(false);
});
