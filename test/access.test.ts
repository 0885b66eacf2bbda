import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../src/cli/client.ts';
import { isSettled } from '../src/domain/trace.ts';
import { openDaemon, type TestDaemon } from './support/daemon.ts';
import { closeAll } from './support/egress.ts';

const connector = 'echo:default';

describe('pairing', () => {
  let daemon: TestDaemon;
  let said = 0;

  beforeEach(async () => {
    daemon = await openDaemon();
    await daemon.api('PUT /router/rules/{id}', {
      params: { id: 'paired' },
      body: {
        match: { sources: [connector] },
        ...{ action: 'accept', agent: 'echo', directMessages: 'pairing', position: 1, denyFrom: ['mallory'] },
      },
    });
  });

  afterEach(closeAll);

  /** What a sender gets to hear, and why. */
  async function say(text: string, sender = 'ada'): Promise<{ reason: string; replies: readonly string[] }> {
    const { event } = await daemon.api('POST /channels/{id}/test', {
      params: { id: connector },
      body: { text, sender, conversation: `dm-${sender}`, messageId: `m${++said}` },
    });
    const { reason, parts } = await daemon.traceUntil(
      event,
      (trace) => isSettled(trace.state) && trace.parts.every(({ state }) => state === 'delivered'),
    );
    return {
      reason,
      replies: parts.map(({ operation }) => (operation?.op === 'send' ? operation.text : '')),
    };
  }

  async function mint(body = {}): Promise<string> {
    const { message } = await daemon.api('POST /channels/{id}/pairing/codes', {
      params: { id: connector },
      body,
    });
    return message;
  }

  async function pendingApproval(): Promise<string> {
    const { pending } = await daemon.api('GET /channels/{id}/pairing', { params: { id: connector } });
    return pending[0]?.id ?? '';
  }

  it('answers a stranger once, takes a code, waits for an approval, and then lets the sender in', async () => {
    const stranger = await say('hello');
    const again = await say('hello?');
    const code = await say(await mint());
    await daemon.api('POST /approvals/{id}/approve', { params: { id: await pendingApproval() } });
    const friend = await say('hello at last');

    expect(stranger).toMatchObject({ reason: 'direct_message_pairing_required' });
    expect(stranger.replies[0]).toContain('pair CODE');
    expect(again.replies).toEqual([]);
    expect(code).toMatchObject({ reason: 'pairing_pending_approval' });
    expect(code.replies[0]).toContain('has to approve');
    expect(friend.replies).toEqual(['echo: hello at last']);
  });

  it('uses a code up, and tells every sender what became of theirs', async () => {
    const code = await mint();

    const good = await say(code, 'ada');
    const used = await say(code, 'bob');
    const impatient = await say(code, 'ada');

    expect([good.reason, used.reason, impatient.reason]).toEqual([
      'pairing_pending_approval',
      'pairing_code_invalid',
      'pairing_pending_approval',
    ]);
    for (const { replies } of [good, used, impatient]) expect(replies).toHaveLength(1);
  });

  it('locks a sender out who guesses, and says so in the log', async () => {
    const reasons: string[] = [];
    for (let index = 0; index < 6; index++) reasons.push((await say(`pair AAAA000${index}`)).reason);

    expect(reasons).toEqual([...Array<string>(5).fill('pairing_code_invalid'), 'pairing_locked']);
    expect((await say(await mint())).reason).toBe('pairing_locked');
    expect(daemon.lines.filter(({ event }) => event === 'pairing.attempted')).toHaveLength(7);
  });

  it('keeps grants and codes over a restart, and ends a grant that is revoked at once', async () => {
    const code = await mint();
    await daemon.restart();
    await say(code);
    await daemon.api('POST /approvals/{id}/approve', { params: { id: await pendingApproval() } });
    await daemon.restart();
    const friend = await say('still here?');

    await daemon.api('DELETE /channels/{id}/pairing/{sender}', { params: { id: connector, sender: 'ada' } });
    const stranger = await say('and now?');

    expect(friend.replies).toEqual(['echo: still here?']);
    expect(stranger.reason).toBe('direct_message_pairing_required');
  });

  it('never takes a code of somebody on the deny list', async () => {
    const denied = await say(await mint(), 'mallory');

    expect(denied).toEqual({ reason: 'sender_denied', replies: [] });
  });

  it('shows a code once, and never again', async () => {
    const code = (await mint()).replace('pair ', '');
    const view = await daemon.api('GET /channels/{id}/pairing', { params: { id: connector } });

    expect(view.codes).toHaveLength(1);
    expect(JSON.stringify(view)).not.toContain(code);
    expect(daemon.logged.join('')).not.toContain(code);
  });

  it('makes no code where no rule would take it', async () => {
    await daemon.api('DELETE /router/rules/{id}', { params: { id: 'paired' } });

    await expect(mint()).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('an approval', () => {
  afterEach(closeAll);

  async function approver(daemon: TestDaemon): Promise<ApiClient> {
    const { token } = await daemon.api('POST /tokens', {
      body: { name: 'second', scopes: ['operate', 'read'] },
    });
    return daemon.apiAs(token);
  }

  it('of a pairing that is denied is told to the sender, and lets nobody in', async () => {
    const daemon = await openDaemon();
    await daemon.api('PUT /router/rules/{id}', {
      params: { id: 'paired' },
      body: {
        match: { sources: [connector] },
        ...{ action: 'accept', agent: 'echo', directMessages: 'pairing', position: 1 },
      },
    });
    const { message } = await daemon.api('POST /channels/{id}/pairing/codes', {
      params: { id: connector },
      body: {},
    });
    const { event } = await daemon.api('POST /channels/{id}/test', {
      params: { id: connector },
      body: { text: message, sender: 'ada', conversation: 'dm-ada' },
    });
    await daemon.traceUntil(event);
    const { items } = await daemon.api('GET /approvals', { query: { kind: 'pairing' } });
    const second = await approver(daemon);

    const denied = await second('POST /approvals/{id}/deny', { params: { id: items[0]?.id ?? '' } });

    expect(denied.state).toBe('denied');
    await expect(second('POST /approvals/{id}/approve', { params: { id: denied.id } })).rejects.toMatchObject(
      { code: 'conflict' },
    );
    const view = await daemon.api('GET /channels/{id}/pairing', { params: { id: connector } });
    expect(view.grants).toEqual([]);
  });
});
