import { describe, expect, it } from 'vitest';
import { ScriptedAdapter, type ScriptedSession } from '../../test/support/scripted-adapter.ts';
import type { ConnectorHost, ConnectorSession } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import type { OutboundPart } from '../domain/outbound.ts';
import { redactedAdapter } from './redacted-adapter.ts';

const redact = (text: string): string => text.replaceAll('s3cret', '[secret]');
const host = { connectorId: 'echo:default' } as ConnectorHost<unknown>;
const part = { key: 'k' } as OutboundPart;
const { signal } = new AbortController();

async function open(
  prepare: (session: ScriptedSession) => void = () => undefined,
): Promise<{ session: ConnectorSession; own: ScriptedSession }> {
  const adapter = new ScriptedAdapter();
  adapter.prepare = prepare;
  const session = await redactedAdapter(adapter, redact).open(host, signal);
  return { session, own: adapter.session };
}

describe('a session', () => {
  it('keeps its outcomes, but for the secrets in them', async () => {
    const { session } = await open((own) => {
      own.send = () =>
        Promise.resolve({ kind: 'rejected', code: 'platform_rejected', detail: 'not s3cret', scope: 'lane' });
    });

    expect(await session.sendOutbound(part, signal)).toEqual({
      kind: 'rejected',
      code: 'platform_rejected',
      detail: 'not [secret]',
      scope: 'lane',
    });
  });

  it('keeps an outcome that says nothing as it is', async () => {
    const { session } = await open();

    expect(await session.sendOutbound(part, signal)).toEqual({ kind: 'delivered', platformIds: ['p-k'] });
  });

  it('throws what it threw, but for the secrets in it', async () => {
    const bug = new TypeError('s3cret is not a function');
    const { session, own } = await open();

    own.send = () => Promise.reject(new AppError('forbidden', 'not s3cret'));
    const told = session.sendOutbound(part, signal);
    await expect(told).rejects.toMatchObject({ code: 'forbidden', message: 'not [secret]' });
    own.send = () => Promise.reject(bug);

    await expect(session.sendOutbound(part, signal)).rejects.toBe(bug);
  });

  it('keeps the reason of what is thrown', async () => {
    const { session, own } = await open();
    own.send = () => Promise.reject(new AppError('conflict', 'not s3cret', { reason: 'account_taken' }));

    await expect(session.sendOutbound(part, signal)).rejects.toMatchObject({
      message: 'not [secret]',
      reason: 'account_taken',
    });
  });

  it('throws as a promise also what its code throws at once', async () => {
    const { session, own } = await open();
    own.send = () => {
      throw new AppError('forbidden', 'not s3cret');
    };

    await expect(session.sendOutbound(part, signal)).rejects.toMatchObject({ message: 'not [secret]' });
  });

  it('ends as it ended, but for the secrets in why', async () => {
    const { session, own } = await open();

    own.end({ kind: 'blocked', code: 'unauthenticated', detail: 'not s3cret' });

    expect(await session.closed).toEqual({
      kind: 'blocked',
      code: 'unauthenticated',
      detail: 'not [secret]',
    });
  });

  it('says why it does not hear its platform, but for the secrets in that', async () => {
    const { session } = await open((own) => {
      own.receiving = () => ({ ok: false, since: 1, detail: 'no s3cret' });
    });

    expect(session.receiving?.()).toEqual({ ok: false, since: 1, detail: 'no [secret]' });
  });

  it('that breaks its promise never to reject is heard by who waits, and by nobody else', async () => {
    const { session, own } = await open();

    own.fail(new AppError('unavailable', 'no s3cret'));

    await expect(session.closed).rejects.toMatchObject({ message: 'no [secret]' });
  });

  it('shows how it is doing, but for the secrets that the platform has put in there', async () => {
    const { session } = await open((own) =>
      Object.assign(own, { snapshot: () => ({ bot: { name: 'I am s3cret' }, shards: [1, 2] }) }),
    );

    expect(session.snapshot?.()).toEqual({ bot: { name: 'I am [secret]' }, shards: [1, 2] });
  });

  it('can what it could, and no more', async () => {
    const { session, own } = await open();
    own.resolveUnknown = () => Promise.resolve({ kind: 'absent' });

    await session.close();

    expect(own.closeCalls).toBe(1);
    expect(session).not.toHaveProperty('read');
    expect(session).not.toHaveProperty('simulate');
    expect('resolveUnknown' in session).toBe(true);
    expect('read' in session).toBe(false);
    expect(await session.resolveUnknown?.({ ...part, firstAttemptAt: 0 }, signal)).toEqual({
      kind: 'absent',
    });
  });
});

describe('an adapter', () => {
  it('is the same, but for the secrets in why it does not open', async () => {
    const adapter = new ScriptedAdapter({ kind: 'chat' });
    adapter.onOpen = () => Promise.reject(new AppError('unauthenticated', 'not s3cret'));
    const redacted = redactedAdapter(adapter, redact);

    const opening = redacted.open(host, signal);

    await expect(opening).rejects.toMatchObject({ code: 'unauthenticated', message: 'not [secret]' });
    expect([redacted.kind, redacted.title, redacted.needsSecret]).toEqual(['chat', 'Scripted', false]);
    expect(redacted.canonicalIdentity('user', '<@7>')).toBe('chat:user:7');
    expect('parseLink' in redacted).toBe(false);
  });
});
