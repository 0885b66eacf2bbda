import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../../domain/errors.ts';
import { closeCodes } from './close-codes.ts';
import { type ConnectionEnd, judgeEnd, type Verdict } from './judge-end.ts';

const identity = { intents: 513, shard: [0, 1] } as const;

function judge(end: ConnectionEnd, chance = 0.5): Verdict {
  return judgeEnd(end, identity, () => chance);
}

function unprepared(what: 'url' | 'token' | 'turn', code: ErrorCode): Verdict {
  return judge({ kind: 'unprepared', what, error: new AppError(code, 'The message.') });
}

describe('a connection that the gateway closed', () => {
  it.each([...closeCodes])('with %i is judged by its class', (code, { then, reason }) => {
    const verdict = judge({ kind: 'closed', code });

    expect(verdict.keepSession).toBe(then === 'resume');
    expect(verdict.detail).toContain(String(code));
    expect(verdict.end).toEqual(
      then === 'fatal' ? { kind: 'blocked', code: reason, detail: verdict.detail } : undefined,
    );
  });

  it('for sending too much is opened again after five seconds', () => {
    expect(judge({ kind: 'closed', code: 4008 }).waitMsMin).toBe(5_000);
  });

  it('tells less about its session when it just broke', () => {
    expect(judge({ kind: 'closed', code: 1006 }).doubt).toBe('weak');
    expect(judge({ kind: 'closed', code: 4000 }).doubt).toBe('strong');
  });
});

describe('what the gateway says', () => {
  it('makes a new connection at once when it asks for one', () => {
    expect(judge({ kind: 'reconnect' })).toMatchObject({ atOnce: true, keepSession: true, doubt: 'none' });
  });

  it.each([
    [0, 1_000],
    [0.5, 3_000],
    [0.999_9, 5_000],
  ])('ends the session and makes us wait 1 to 5 s: chance %f, %i ms', (chance, waitMsMin) => {
    const verdict = judge({ kind: 'invalid_session', resumable: false }, chance);

    expect(verdict).toMatchObject({ keepSession: false, waitMsMin });
  });

  it('keeps the session when it says so', () => {
    expect(judge({ kind: 'invalid_session', resumable: true })).toMatchObject({
      keepSession: true,
      doubt: 'strong',
    });
  });
});

describe('a connection that does not work', () => {
  it.each([
    [{ kind: 'zombie' }, 'weak'],
    [{ kind: 'silent', detail: 'Nothing came.' }, 'strong'],
    [{ kind: 'unreadable', detail: 'It is damaged.' }, 'strong'],
    [{ kind: 'unreachable', error: new AppError('unavailable', 'No connection.') }, 'none'],
  ] as const)('is tried again with the same session: %j', (end, doubt) => {
    expect(judge(end)).toMatchObject({ keepSession: true, doubt, atOnce: false });
    expect(judge(end).end).toBeUndefined();
  });
});

describe('what cannot be had', () => {
  it.each([
    ['url', 'unauthenticated', 'blocked', 'unauthenticated'],
    ['url', 'not_found', 'blocked', 'connector_misconfigured'],
    ['url', 'forbidden', 'blocked', 'connector_misconfigured'],
    ['url', 'config_invalid', 'blocked', 'connector_misconfigured'],
    ['url', 'invalid_request', 'blocked', 'connector_misconfigured'],
    ['token', 'unauthenticated', 'blocked', 'unauthenticated'],
    ['token', 'not_found', 'blocked', 'credential_missing'],
    ['token', 'vault_locked', 'lost', 'vault_locked'],
  ] as const)('ends the shard: %s %s', (what, code, kind, reason) => {
    expect(unprepared(what, code).end).toEqual({ kind, code: reason, detail: 'The message.' });
  });

  it.each(['unavailable', 'timeout', 'rate_limited', 'conflict'] as const)('is tried again: %s', (code) => {
    expect(unprepared('url', code).end).toBeUndefined();
  });
});

it('ends when what came could not be stored, and keeps the session', () => {
  const verdict = judge({ kind: 'not_committed', error: new AppError('unavailable', 'The disk is full.') });

  expect(verdict.end).toMatchObject({ kind: 'lost', code: 'session_failed' });
  expect(verdict.detail).toContain('The disk is full.');
  expect(verdict.keepSession).toBe(true);
});

it('ends blocked when what came could not be placed with this token', () => {
  const { end } = judge({ kind: 'not_committed', error: new AppError('unauthenticated', 'The message.') });

  expect(end).toEqual({ kind: 'blocked', code: 'unauthenticated', detail: 'The message.' });
});

it('ends as asked when it was asked to', () => {
  expect(judge({ kind: 'stopped' })).toMatchObject({
    // It is the cause of a gap, for a person to read.
    detail: 'The daemon closed the connection.',
    keepSession: true,
    end: { kind: 'closed' },
  });
});

it('ends with a bug when there is one', () => {
  expect(judge({ kind: 'failed', error: AppError.from(new Error('x')) }).end).toMatchObject({
    kind: 'lost',
    code: 'internal_error',
  });
});
