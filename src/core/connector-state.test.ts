import fc from 'fast-check';
import { expect, it } from 'vitest';
import { afterFailure, levelOf, type RestartPolicy } from './connector-state.ts';

const policy: RestartPolicy = {
  backoffMsMin: 500,
  backoffMsMax: 60_000,
  stableMs: 60_000,
  failuresMax: 8,
  breakerMs: 300_000,
  openTimeoutMs: 30_000,
  claimMs: 20_000,
};
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

it('waits longer from failure to failure, within bounds and spread by chance, until the breaker opens', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), random, (failures, chance) => {
      const { state, waitMs } = afterFailure(failures, policy, chance);

      const ceiling = Math.min(60_000, 500 * 2 ** (failures - 1));
      const isOpen = failures >= policy.failuresMax;
      expect(state).toBe(isOpen ? 'crash_loop' : 'backoff');
      expect(waitMs).toBeGreaterThanOrEqual(isOpen ? 225_000 : ceiling / 2);
      expect(waitMs).toBeLessThanOrEqual(isOpen ? 375_000 : ceiling);
    }),
  ));

it('differs with chance, so that many connectors do not come back at once', () => {
  expect(afterFailure(5, policy, 0).waitMs).toBeLessThan(afterFailure(5, policy, 0.9).waitMs);
  expect(afterFailure(9, policy, 0).waitMs).toBeLessThan(afterFailure(9, policy, 0.9).waitMs);
});

it('never waits less than the platform asked for, and always a time that a timer understands', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), random, fc.double(), (failures, chance, afterMs) => {
      const { waitMs } = afterFailure(failures, policy, chance, afterMs);

      expect(Number.isSafeInteger(waitMs)).toBe(true);
      if (afterMs > 0 && afterMs < 1e9) expect(waitMs).toBeGreaterThanOrEqual(afterMs);
    }),
  ));

it.each([
  ['running', 'info'],
  ['backoff', 'warn'],
  ['blocked', 'error'],
  ['crash_loop', 'error'],
] as const)('tells of %s at level %s', (state, level) => {
  const wait = { since: 0, retryAt: 0, code: 'session_failed', detail: '' } as const;

  expect(levelOf({ ...wait, state })).toBe(level);
});
