import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareSnowflakes, isSnowflake, snowflakeAt, snowflakeTime } from './snowflake.ts';

// The example of https://docs.discord.com/developers/reference#snowflakes
it('knows when an id was made', () => {
  const at = snowflakeTime('175928847299117063');

  expect(new Date(at).toISOString()).toBe('2016-04-30T11:18:25.796Z');
});

it('makes the smallest id of a moment', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_420_070_400_001, max: 4_102_444_800_000 }), (at) => {
      const id = snowflakeAt(at);

      expect(snowflakeTime(id)).toBe(at);
      expect(snowflakeTime((BigInt(id) - 1n).toString())).toBe(at - 1);
    }),
  );
});

it('has no id from before the platform began', () => {
  expect(snowflakeAt(0)).toBe('0');
});

it('sorts ids as the numbers they are', () => {
  const id = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n });
  fc.assert(
    fc.property(id, id, (a, b) => {
      const order = compareSnowflakes(a.toString(), b.toString());

      expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

it.each([
  ['1', true],
  ['18446744073709551615', true],
  ['18446744073709551616', false],
  ['', false],
  ['0', false],
  ['01', false],
  ['+1', false],
  ['1e3', false],
  ['1\n', false],
  ['١', false],
])('says of %j as an id: %s', (text, valid) => {
  expect(isSnowflake(text)).toBe(valid);
});
