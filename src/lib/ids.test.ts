import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createNextId } from './ids.ts';

function idsAt(times: readonly number[], random: () => number): readonly string[] {
  let index = 0;
  const nextId = createNextId({ now: () => times[index++] ?? 0 }, random);
  return times.map(() => nextId('evt'));
}

it('makes ids that sort by the order of the calls, also within a millisecond and when the clock goes back', () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_003 }), { maxLength: 60 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (times, chance) => {
        const ids = idsAt(times, () => chance);

        expect(ids).toEqual(ids.toSorted());
        expect(new Set(ids).size).toBe(ids.length);
      },
    ),
  ));

it('carries over when the last digits are used up', () => {
  const ids = idsAt(Array(40).fill(1_700_000_000_000) as number[], () => 31 / 32);

  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(40);
});

it('begins with the prefix and the time, in 26 characters of Crockford’s alphabet', () => {
  const [early = '', late = ''] = idsAt([1_700_000_000_000, 1_700_000_000_001], () => 0.5);

  expect(early).toMatch(/^evt_[0-9a-hjkmnp-tv-z]{26}$/);
  expect(early.slice(0, 14) < late.slice(0, 14)).toBe(true);
});
