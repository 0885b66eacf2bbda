import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode, errorTable } from '../domain/errors.ts';
import { classifyTurnFailure, type TurnFailure } from './turn-failure.ts';

type Class = readonly [TurnFailure['kind'], TurnFailure['reason']];

const classes: Readonly<Record<ErrorCode, Class>> = {
  invalid_request: ['dead', 'agent_rejected'],
  unauthenticated: ['retry', 'agent_unavailable'],
  forbidden: ['dead', 'agent_rejected'],
  not_found: ['retry', 'agent_unavailable'],
  conflict: ['retry', 'agent_unavailable'],
  lease_lost: ['retry', 'agent_unavailable'],
  too_large: ['dead', 'agent_answer_invalid'],
  unsupported: ['dead', 'agent_answer_invalid'],
  rate_limited: ['retry', 'agent_busy'],
  unavailable: ['retry', 'agent_unavailable'],
  timeout: ['retry', 'agent_timeout'],
  vault_locked: ['wait', 'vault_locked'],
  config_invalid: ['dead', 'agent_rejected'],
  internal: ['retry', 'agent_failed'],
};

describe('an agent that fails with', () => {
  it.each(Object.keys(errorTable) as ErrorCode[])('%s', (code) => {
    const failure = classifyTurnFailure(new AppError(code, 'Why.'), undefined);

    expect([failure.kind, failure.reason]).toEqual(classes[code]);
    if (failure.kind !== 'wait') expect(failure.detail).toBe('Why.');
  });
});

it('takes what it does not know for a failure of the agent, which may pass, and keeps it for the log', () => {
  const bug = new TypeError('text of a user');

  const failure = classifyTurnFailure(bug, undefined);

  expect(failure).toMatchObject({ kind: 'retry', reason: 'agent_failed', error: bug });
  expect(JSON.stringify({ ...failure, error: undefined })).not.toContain('text of a user');
});

it.each(['unavailable', 'rate_limited'] as const)('waits as long as the agent asks for with %s', (code) => {
  expect(classifyTurnFailure(new AppError(code, 'Later.'), 7_000)).toMatchObject({ afterMs: 7_000 });
});
