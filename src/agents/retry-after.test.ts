import { expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const now = Date.UTC(2026, 0, 15, 12, 0, 0);
const dayMs = 24 * 60 * 60 * 1000;

it.each([
  ['0', 0],
  ['30', 30_000],
  [' 30 ', 30_000],
  ['999999999', dayMs],
  ['Thu, 15 Jan 2026 12:01:30 GMT', 90_000],
  ['Thu, 15 Jan 2026 11:00:00 GMT', 0],
  ['Thu, 15 Jan 2036 12:00:00 GMT', dayMs],
  ['1.5', undefined],
  ['-5', undefined],
  ['2027', 2_027_000],
  ['99999999999', undefined],
  ['tomorrow', undefined],
  ['2026-01-15T12:01:30Z', undefined],
  ['Thu, 45 Jan 2026 12:01:30 GMT', undefined],
  ['', undefined],
  [undefined, undefined],
])('reads Retry-After: %s as %s ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});
