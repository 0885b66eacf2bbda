import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../domain/errors.ts';
import { openAgentServer, status } from '../../../test/support/agent-server.ts';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { StoreFaults } from '../../../test/support/store-faults.ts';

const faults = new StoreFaults();
let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon({ wrapStore: faults.wrap });
});
afterAll(closeAll);

const message = (text = 'hello') => ({
  connector: 'echo:default',
  conversation: 'sending',
  operation: { op: 'send' as const, text },
});

function send(body: object, idempotencyKey?: string, token = daemon.token): Promise<Response> {
  return daemon.request('/admin/v1/messages', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    body: JSON.stringify(body),
  });
}

interface Sent {
  readonly message: string;
  readonly added: boolean;
  readonly code?: string;
}

async function answerOf(response: Promise<Response>): Promise<Sent & { status: number }> {
  const answered = await response;
  return { ...((await answered.json()) as Sent), status: answered.status };
}

describe('a message', () => {
  it('is on disk when it is answered, and delivered', async () => {
    const { status, message: id, added } = await answerOf(send(message()));
    const trace = await daemon.traceUntil(id);

    expect([status, added]).toEqual([202, true]);
    expect(trace).toMatchObject({ id, state: 'delivered', parts: [{ operation: { text: 'hello' } }] });
  });

  it('is another one each time without a key', async () => {
    const [first, second] = [await answerOf(send(message())), await answerOf(send(message()))];

    expect(first.message).not.toBe(second.message);
  });

  it('with the same key is the same', async () => {
    const [first, second] = [await answerOf(send(message(), 'k-1')), await answerOf(send(message(), 'k-1'))];
    const trace = await daemon.traceUntil(first.message);

    expect([first.added, second.added, second.status]).toEqual([true, false, 202]);
    expect(second.message).toBe(first.message);
    expect(trace.parts).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  });

  it('with the same key is the same when many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => answerOf(send(message(), 'k-many'))));

    expect(new Set(answers.map((answer) => answer.message)).size).toBe(1);
    expect(answers.filter(({ added }) => added)).toHaveLength(1);
  });

  it.each([
    ['text', { operation: { op: 'send', text: 'bye' } }],
    ['conversation', { conversation: 'elsewhere' }],
    ['thread', { thread: 'deep' }],
    ['reference', { replyTo: 'm-1' }],
    ['extras', { operation: { op: 'send', text: 'hello', extras: { loud: true } } }],
    ['operation', { operation: { op: 'typing' } }],
  ])('with the same key and another %s is refused', async (what, other) => {
    const first = await answerOf(send(message(), `k-${what}`));

    const second = await answerOf(send({ ...message(), ...other }, `k-${what}`));

    expect([first.status, second.status, second.code]).toEqual([202, 409, 'conflict']);
  });

  it('with the key of another token is another one', async () => {
    const { token } = await daemon.api('POST /tokens', { body: { name: 'other', scopes: ['send'] } });

    const [mine, theirs] = [
      await answerOf(send(message(), 'k-2')),
      await answerOf(send(message('other'), 'k-2', token)),
    ];

    expect(theirs.status).toBe(202);
    expect(theirs.message).not.toBe(mine.message);
  });

  it.each([
    ['is empty', ' '],
    ['is long', 'x'.repeat(201)],
    ['has a space', 'a b'],
    ['is not ASCII', '\xe9'],
  ])('with a key that %s is refused', async (_what, key) => {
    const { status, code } = await answerOf(send(message(), key));

    expect([status, code]).toEqual([400, 'invalid_request']);
  });

  it('is refused when it cannot be stored, and its key is still good', async () => {
    faults.before('outbox.enqueue', () => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    const refused = await send(message(), 'k-full');
    faults.mend();
    const taken = await answerOf(send(message(), 'k-full'));

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect([taken.status, taken.added]).toEqual([202, true]);
  });

  it('is found again after a restart', async () => {
    const before = await answerOf(send(message(), 'k-restart'));

    await daemon.restart();
    const after = await answerOf(send(message(), 'k-restart'));

    expect([after.message, after.added]).toEqual([before.message, false]);
  });
});

describe('a turn that an agent took', () => {
  it('takes the same post once, and no other afterwards', async () => {
    const agent = await openAgentServer();
    agent.next(status(202));
    await daemon.api('PUT /agents/{id}', {
      params: { id: 'echo' },
      body: { kind: 'http', config: { url: agent.url } },
    });
    const params = { id: 'echo:default' };
    const { event } = await daemon.api('POST /channels/{id}/test', { params, body: { text: 'later' } });
    await daemon.traceUntil(event, ({ state }) => state === 'awaiting');
    const turn = event.replace('evt_', 'turn_');
    const post = (text: string): Promise<{ repeated: boolean; parts: number }> =>
      daemon.api('POST /turns/{id}/messages', { params: { id: turn }, body: [{ op: 'send', text }] });

    const first = await post('now');
    const again = await post('now');
    const another = post('something else');

    expect([first, again]).toMatchObject([
      { repeated: false, parts: 1 },
      { repeated: true, parts: 1 },
    ]);
    await expect(another).rejects.toMatchObject({ code: 'conflict' });
    expect(await daemon.traceUntil(event)).toMatchObject({
      state: 'delivered',
      parts: [{ operation: { text: 'now' } }],
    });
    await agent.close();
  });
});
