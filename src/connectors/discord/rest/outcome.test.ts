import { describe, expect, it } from 'vitest';
import { type Effect, outcomeOf } from './outcome.ts';
import type { RestAnswer } from './request.ts';

const repeatable: readonly Effect[] = ['edit', 'delete', 'react', 'unreact', 'typing'];

describe('a success', () => {
  it('delivers the message that its answer names', () => {
    const outcome = outcomeOf({ kind: 'ok', status: 200, body: { id: '123' } }, 'create');

    expect(outcome).toEqual({ kind: 'delivered', platformIds: ['123'] });
  });

  it.each([undefined, null, {}, { id: 5 }, { id: 'x' }, '<html>'])(
    'is unknown when a new message is not named: %j',
    (body) => {
      expect(outcomeOf({ kind: 'ok', status: 200, body }, 'create')).toMatchObject({
        kind: 'unknown',
        code: 'answer_lost',
      });
    },
  );

  it.each(repeatable)('of %s needs no body', (effect) => {
    expect(outcomeOf({ kind: 'ok', status: 204, body: undefined }, effect)).toEqual({
      kind: 'delivered',
      platformIds: [],
    });
  });
});

describe('a wait', () => {
  it.each([
    ['bucket', true, 'lane'],
    ['bucket', false, 'lane'],
    ['shared', true, 'lane'],
    ['global', true, 'connector'],
    ['global', false, 'lane'],
    ['budget', false, 'connector'],
  ] as const)('for %s, sent %s, holds back the %s and uses up no attempt', (scope, sent, reach) => {
    const outcome = outcomeOf({ kind: 'wait', afterMs: 700, scope, sent }, 'create');

    expect(outcome).toMatchObject({
      kind: 'retry',
      code: 'rate_limited',
      afterMs: 700,
      deferral: true,
      scope: reach,
    });
  });
});

describe('a failure', () => {
  const failed = (fields: Partial<Extract<RestAnswer, { kind: 'failed' }>>): RestAnswer => ({
    kind: 'failed',
    sent: true,
    detail: 'It broke.',
    ...fields,
  });

  it('before anything was sent is a wait', () => {
    expect(outcomeOf(failed({ sent: false }), 'create')).toMatchObject({
      kind: 'retry',
      code: 'transient_network',
      deferral: true,
    });
  });

  it.each([
    [{}, 'answer_lost'],
    [{ status: 200 }, 'answer_lost'],
    [{ status: 502, afterMs: 4_000 }, 'platform_error'],
  ])('after a new message was sent leaves it unknown: %j', (fields, code) => {
    expect(outcomeOf(failed(fields), 'create')).toEqual({ kind: 'unknown', code, detail: 'It broke.' });
  });

  it.each(repeatable)('after %s was sent is tried again: twice comes to the same', (effect) => {
    expect(outcomeOf(failed({ status: 502, afterMs: 4_000 }), effect)).toMatchObject({
      kind: 'retry',
      code: 'platform_error',
      deferral: false,
      afterMs: 4_000,
    });
  });

  it('of the guard stops the connector until somebody corrects it', () => {
    expect(outcomeOf(failed({ sent: false, forbidden: true }), 'create')).toMatchObject({
      kind: 'rejected',
      code: 'connector_misconfigured',
      scope: 'connector',
    });
  });
});
