import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from './outcome.ts';
import { askedMs, backoffMs, type RetryPolicy, settle, type Settlement, type Spent } from './settle.ts';

const policy: RetryPolicy = {
  attemptsMax: 3,
  deferralsMax: 5,
  ageMsMax: 100_000,
  backoffMsMin: 1_000,
  backoffMsMax: 60_000,
  onUnknown: 'resend-labelled',
};
const now = 1_000_000;

function spent(fields: Partial<Spent> = {}): Spent {
  return { attempts: 1, deferrals: 0, firstAttemptAt: now, ...fields };
}

function retry(fields: Partial<Extract<DeliveryOutcome, { kind: 'retry' }>> = {}): DeliveryOutcome {
  return { kind: 'retry', code: 'platform_error', scope: 'message', deferral: false, ...fields };
}

const outcome: fc.Arbitrary<DeliveryOutcome> = fc.oneof(
  fc.record({
    kind: fc.constant('retry' as const),
    code: fc.constant('rate_limited' as const),
    scope: fc.constantFrom('message' as const, 'lane' as const, 'connector' as const),
    deferral: fc.boolean(),
    afterMs: fc.oneof(fc.integer({ min: -5, max: 1e7 }), fc.double({ min: 0, max: 1e6 })),
  }),
  fc.record({
    kind: fc.constant('rejected' as const),
    code: fc.constant('platform_rejected' as const),
    detail: fc.string(),
    scope: fc.constantFrom('message' as const, 'lane' as const, 'connector' as const),
  }),
  fc.record({ kind: fc.constant('unknown' as const), code: fc.constant('answer_lost' as const) }),
  fc.constant({ kind: 'delivered' as const, platformIds: ['1'] }),
);
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anySpent = fc.record({
  attempts: fc.integer({ min: 1, max: 6 }),
  deferrals: fc.integer({ min: 0, max: 8 }),
  firstAttemptAt: fc.integer({ min: 0, max: now }),
});

describe('settle', () => {
  it.each<[string, DeliveryOutcome, Spent, Partial<Settlement>]>([
    [
      'delivers',
      { kind: 'delivered', platformIds: ['7'] },
      spent(),
      { state: 'delivered', platformIds: ['7'] },
    ],
    [
      'buries what the platform refuses',
      { kind: 'rejected', code: 'platform_rejected', detail: 'No.', scope: 'message' },
      spent(),
      { state: 'dead', code: 'platform_rejected', detail: 'No.' },
    ],
    [
      'holds the queue when the connector is at fault, and kills nothing, however often it happens',
      { kind: 'rejected', code: 'unauthenticated', detail: 'No.', scope: 'connector' },
      spent({ attempts: 99, deferrals: 99, firstAttemptAt: 0 }),
      { state: 'pending', code: 'unauthenticated', deferral: true, holdConnector: {}, uncertain: false },
    ],
    [
      'waits as long as the platform asks for',
      retry({ afterMs: 30_000 }),
      spent(),
      { state: 'pending', dueAt: now + 30_000, deferral: false },
    ],
    [
      'backs off when the platform says nothing',
      retry(),
      spent({ attempts: 2 }),
      { state: 'pending', dueAt: now + 3_000 },
    ],
    [
      'backs off further than the platform asks for when it keeps failing',
      retry({ afterMs: 10 }),
      spent({ attempts: 2 }),
      { state: 'pending', dueAt: now + 3_000 },
    ],
    [
      'stops the whole connector when the platform asks that of all of it',
      retry({ afterMs: 500, scope: 'connector', deferral: true }),
      spent({ deferrals: 1 }),
      { state: 'pending', dueAt: now + 500, holdConnector: { until: now + 500 }, deferral: true },
    ],
    [
      'looks again into what nobody knows',
      { kind: 'unknown', code: 'answer_lost' },
      spent(),
      { state: 'pending', uncertain: true, deferral: false },
    ],
    [
      'gives up on what nobody knows when the attempts are spent',
      { kind: 'unknown', code: 'answer_lost' },
      spent({ attempts: 3 }),
      { state: 'dead', code: 'answer_lost' },
    ],
    [
      'gives up when the attempts are spent',
      retry(),
      spent({ attempts: 3 }),
      { state: 'dead', code: 'retry_limit_reached', detail: 'platform_error' },
    ],
    [
      'gives up when it has failed for too long',
      retry(),
      spent({ firstAttemptAt: now - 100_000 }),
      { state: 'dead', code: 'age_limit_reached' },
    ],
    [
      'gives up when it was put off too often',
      retry({ deferral: true }),
      spent({ deferrals: 5 }),
      { state: 'dead', code: 'deferral_limit_reached' },
    ],
    [
      'puts off as often as it likes without spending attempts or growing old',
      retry({ deferral: true, afterMs: 5_000 }),
      spent({ attempts: 3, deferrals: 4, firstAttemptAt: 0 }),
      { state: 'pending', deferral: true, dueAt: now + 5_000 },
    ],
  ])('%s', (_what, result, used, settlement) => {
    expect(settle(result, used, now, policy, 0.5)).toMatchObject(settlement);
  });

  it('never shortens a wait that the platform asked for', () =>
    fc.assert(
      fc.property(outcome, anySpent, random, (result, used, chance) => {
        const settlement = settle(result, used, now, policy, chance);

        const asked = result.kind === 'retry' ? (askedMs(result.afterMs) ?? 0) : 0;
        if (settlement.state === 'pending') expect(settlement.dueAt).toBeGreaterThanOrEqual(now + asked);
        if (settlement.state === 'pending' && settlement.holdConnector?.until !== undefined)
          expect(settlement.holdConnector.until).toBeGreaterThanOrEqual(now + asked);
      }),
      { numRuns: 1_000 },
    ));

  it('gives times that a database can store', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 1e300)),
        fc.boolean(),
        random,
        (afterMs, deferral, chance) => {
          const settlement = settle(retry({ afterMs, deferral }), spent(), now, policy, chance);

          expect(settlement).toMatchObject({ state: 'pending' });
          if (settlement.state === 'pending') expect(Number.isSafeInteger(settlement.dueAt)).toBe(true);
        },
      ),
    ));

  it('comes to an end, whatever the platform answers, unless the connector is at fault', () =>
    fc.assert(
      fc.property(fc.infiniteStream(outcome), random, (outcomes, chance) => {
        let [attempts, deferrals, at] = [0, 0, now];
        for (const result of outcomes) {
          if (result.kind === 'rejected' && result.scope === 'connector') continue;
          const used = { attempts: attempts + 1, deferrals: deferrals + 1, firstAttemptAt: now };
          const settlement = settle(result, used, at, policy, chance);
          if (settlement.state !== 'pending') return;
          if (settlement.deferral) deferrals++;
          else attempts++;
          at = settlement.dueAt;
          expect(attempts + deferrals).toBeLessThan(policy.attemptsMax + policy.deferralsMax);
        }
      }),
    ));

  it('does not ask a platform again and again at once that asks for no wait at all', () => {
    const waits = [1, 2, 3, 4].map((deferrals) => {
      const settlement = settle(retry({ deferral: true, afterMs: 0 }), spent({ deferrals }), now, policy, 0);
      return settlement.state === 'pending' ? settlement.dueAt - now : undefined;
    });

    expect(waits).toEqual([2, 4, 8, 16]);
  });
});

describe('backoffMs', () => {
  it('doubles from try to try within its bounds, and spreads over the upper half', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), random, (tries, chance) => {
        const ceiling = Math.min(60_000, 1_000 * 2 ** tries);

        const wait = backoffMs(tries, policy, chance);

        expect(wait).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
        expect(wait).toBeLessThanOrEqual(ceiling);
      }),
    ));

  it('is never shorter than its least, and grows with chance', () => {
    expect(backoffMs(1, policy, 0)).toBe(1_000);
    expect(backoffMs(1, policy, 0.999)).toBeGreaterThan(1_900);
  });
});

it.each([
  [undefined, undefined],
  [NaN, undefined],
  [0, 0],
  [-5, 0],
  [0.2, 1],
  [1_500, 1_500],
  [Infinity, 2_592_000_000],
])('reads a wait of %s ms as %s', (asked, read) => {
  expect(askedMs(asked)).toBe(read);
});
