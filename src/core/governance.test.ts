import { describe, expect, it } from 'vitest';
import type { ConnectorId } from '../domain/ids.ts';
import { judgeMutation, type MutationFacts, type MutationOp } from './governance.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const scoped = 'discord:support' as ConnectorId;
const standard = 'discord:default' as ConnectorId;

interface Given {
  readonly connector?: ConnectorId;
  readonly ageMs?: number;
  readonly isOwn?: boolean;
  readonly direct?: boolean;
  readonly approval?: MutationFacts['approval'];
}

function judge(op: MutationOp, given: Given = {}): readonly [string, boolean] {
  const {
    connector = scoped,
    ageMs = minuteMs,
    isOwn = true,
    direct = true,
    approval = 'conditional',
  } = given;
  const { risk, needsApproval } = judgeMutation({
    op,
    connector,
    approval,
    message: { ageMs, isOwn, direct },
  });
  return [risk, needsApproval];
}

describe('the governance of changes', () => {
  it.each<readonly [string, MutationOp, Given, string, boolean]>([
    ['an own fresh message in a direct conversation', 'edit', {}, 'low', false],
    ['an own recent one in a direct conversation', 'edit', { ageMs: 20 * minuteMs }, 'high', false],
    ['an own recent one in public', 'edit', { ageMs: 20 * minuteMs, direct: false }, 'high', true],
    ['an own fresh one in public', 'edit', { direct: false }, 'high', true],
    ['an own fresh one of the default account', 'edit', { connector: standard }, 'high', true],
    ['an own old one', 'edit', { ageMs: 25 * hourMs }, 'critical', true],
    ["somebody else's", 'edit', { isOwn: false }, 'critical', true],
    ['an own fresh message in a direct conversation', 'delete', {}, 'medium', true],
    ['an own recent one', 'delete', { ageMs: 20 * minuteMs, direct: false }, 'high', true],
    ['an own old one', 'delete', { ageMs: 25 * hourMs }, 'critical', true],
    ["somebody else's", 'delete', { isOwn: false }, 'critical', true],
    [
      'a message of the last hours in a direct conversation',
      'react',
      { ageMs: 5 * hourMs, isOwn: false },
      'low',
      false,
    ],
    [
      'a message of today in a direct conversation',
      'react',
      { ageMs: 7 * hourMs, isOwn: false },
      'medium',
      false,
    ],
    ['a fresh one in public', 'react', { direct: false, isOwn: false }, 'medium', true],
    ['a fresh one of the default account', 'react', { connector: standard }, 'medium', true],
    ['an old one', 'react', { ageMs: 25 * hourMs }, 'high', true],
  ])('%s: %s', (_what, op, given, risk, needsApproval) => {
    expect(judge(op, given)).toEqual([risk, needsApproval]);
  });

  it('takes the strictest row for a message that could not be looked at', () => {
    const facts = { connector: scoped, approval: 'conditional', message: undefined } as const;

    expect(judgeMutation({ op: 'edit', ...facts })).toMatchObject({ risk: 'critical', needsApproval: true });
    expect(judgeMutation({ op: 'react', ...facts })).toMatchObject({ risk: 'high', needsApproval: true });
  });

  it('asks nobody where the platform has no approvals, and always where it requires them', () => {
    expect(judge('delete', { approval: 'none' })).toEqual(['medium', false]);
    expect(judge('edit', { approval: 'required' })).toEqual(['low', true]);
  });

  it('says what it was judged by', () => {
    const judged = judgeMutation({
      ...{ op: 'edit', connector: standard, approval: 'conditional' },
      message: { ageMs: 20 * minuteMs, isOwn: false, direct: false },
    });

    expect(judged.because).toBe(
      'edit of a recent message, by somebody else, in a shared conversation, on the default account',
    );
  });
});
