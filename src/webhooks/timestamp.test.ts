import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatTimestamp, parseTimestamp, windowFault } from './timestamp.ts';

it('reads every instant that it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8.64e15 / 10 }), fc.constantFrom('s', 'ms'), (at, unit) => {
      const read = parseTimestamp(formatTimestamp(at, unit), unit);

      expect(read).toBe(unit === 's' ? at - (at % 1_000) : at);
    }),
  );
});

it('takes nothing but the plain writing of a whole number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 20 }), fc.double().map(String)), (text) => {
      const at = parseTimestamp(text, 'ms');

      if (at !== undefined) expect(String(at)).toBe(text);
    }),
    { numRuns: 5_000 },
  );
});

it.each([
  ...[
    '',
    ' ',
    '1 ',
    ' 1',
    '\n1',
    '1\n',
    '1junk',
    'junk',
    '1.0',
    '1.',
    '.1',
    '1e9',
    '1e0',
    '0x10',
    '0b1',
    '0o7',
  ],
  ...[
    '+1',
    '-1',
    '-0',
    '00',
    '01',
    '1n',
    '1_000',
    '1,000',
    'NaN',
    'Infinity',
    'null',
    '٣',
    '１',
    '9'.repeat(13),
  ],
])('refuses %j', (text) => {
  expect(parseTimestamp(text, 's')).toBeUndefined();
});

it('keeps the largest that it takes a safe integer', () => {
  expect(Number.isSafeInteger(parseTimestamp('9'.repeat(12), 's'))).toBe(true);
  expect(Number.isSafeInteger(parseTimestamp('9'.repeat(15), 'ms'))).toBe(true);
});

it.each([
  [-300_001, 'timestamp_too_old'],
  [-300_000, undefined],
  [0, undefined],
  [300_000, undefined],
  [300_001, 'timestamp_in_future'],
])('judges a skew of %i ms: %s', (skewMs, fault) => {
  expect(windowFault(skewMs, 300_000)).toBe(fault);
});
