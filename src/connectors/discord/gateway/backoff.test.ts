import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

it.each([
  [0, 0, 500],
  [0, 0.999, 1_000],
  [1, 0, 1_000],
  [3, 0.5, 6_000],
  [5, 0, 16_000],
  [6, 0, 30_000],
  [6, 0.999, 59_970],
  [1_000, 0, 30_000],
])('waits after %i failures, by chance %f, %i ms', (failures, chance, ms) => {
  expect(backoffMs(failures, () => chance)).toBeCloseTo(ms, -1);
});

it('never waits longer than a minute, and never no time at all', () =>
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, chance) => {
      const ms = backoffMs(failures, () => chance);

      expect(ms).toBeGreaterThanOrEqual(500);
      expect(ms).toBeLessThanOrEqual(60_000);
    }),
  ));
