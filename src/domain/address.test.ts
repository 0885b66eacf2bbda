import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { type Address, laneOf } from './address.ts';
import type { ConnectorId } from './ids.ts';

const address: fc.Arbitrary<Address> = fc
  .record({
    connector: fc.constantFrom('echo:a', 'echo:b', 'echo:a/b'),
    conversation: anyText(6),
    thread: fc.option(anyText(6), { nil: undefined }),
  })
  .map(({ connector, conversation, thread }) => ({
    connector: connector as ConnectorId,
    conversation,
    ...(thread === undefined ? {} : { thread }),
  }));

it('gives different conversations different lanes, whatever stands in their names', () =>
  fc.assert(
    fc.property(address, address, (one, other) => {
      const isSame =
        one.connector === other.connector &&
        one.conversation === other.conversation &&
        one.thread === other.thread;

      expect(laneOf(one) === laneOf(other)).toBe(isSame);
    }),
    { numRuns: 2_000 },
  ));

it.each([
  [{ conversation: 'a', thread: 'b' }, { conversation: 'a/b' }],
  [{ conversation: 'a' }, { conversation: 'a', thread: '' }],
  [{ conversation: 'a%2Fb' }, { conversation: 'a/b' }],
  [{ conversation: 'a\ud800' }, { conversation: 'a\ufffd' }],
])('keeps %j and %j apart', (one, other) => {
  const connector = 'echo:default' as ConnectorId;

  expect(laneOf({ connector, ...one })).not.toBe(laneOf({ connector, ...other }));
});

it('does not part a lane by message', () => {
  const place = { connector: 'echo:default' as ConnectorId, conversation: 'room', thread: 't' };

  expect(laneOf({ ...place, message: '1' })).toBe(laneOf(place));
});

it('makes lanes that every database can store', () =>
  fc.assert(
    fc.property(address, (one) => {
      expect(laneOf(one)).toMatch(/^[^\p{Cc}\p{Cs}#]*$/u);
    }),
  ));
