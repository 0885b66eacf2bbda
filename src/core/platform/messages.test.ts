import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../test/support/egress.ts';
import { connector, message, webhook } from '../../../test/support/events.ts';
import { settled } from '../../../test/support/manual-clock.ts';
import { type OutboxScript, OutboxWorld, refused } from '../../../test/support/outbox-world.ts';
import { AppError } from '../../domain/errors.ts';
import type { EventId } from '../../domain/ids.ts';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { DeliveryOutcome } from '../../domain/outcome.ts';
import { Messages, type OriginRequest, type SendRequest, type Sent } from './messages.ts';

const unknown = { kind: 'unknown', code: 'answer_lost' } as const satisfies DeliveryOutcome;

afterEach(closeAll);

class MessagesWorld extends OutboxWorld {
  messages!: Messages;

  async begin(depthMax = 10_000): Promise<this> {
    await this.furnish();
    const engine = await this.startOutbox();
    const { store, clock } = this;
    this.messages = new Messages({ store, clock, plan: engine.plan, depthMax });
    return this;
  }

  async post(fields: Partial<SendRequest> = {}): ReturnType<Messages['send']> {
    const sent = await this.messages.send({
      connector: 'echo:default',
      conversation: 'room',
      operation: { op: 'send', text: 'hello' },
      principal: 'tok_1 operator',
      idempotencyKey: 'key-1',
      ...fields,
    });
    await settled();
    return sent;
  }
}

const begun = (script: OutboxScript = {}): Promise<MessagesWorld> => new MessagesWorld(script).begin();

describe('a message by the API', () => {
  it('is on disk when it is answered, and delivered to where it was addressed', async () => {
    const world = await begun();

    const { message: id, added } = await world.post({ thread: 'aside', message: 'm1' });

    expect(added).toBe(true);
    expect((await world.messages.get(id)).parts).toMatchObject([{ state: 'delivered', part: 1, parts: 1 }]);
    expect(world.adapter.session.sent[0]?.address).toEqual({
      ...{ connector: 'echo:default', conversation: 'room', thread: 'aside', message: 'm1' },
    });
  });

  it('is sent once, however often it is posted', async () => {
    const world = await begun();

    const first = await world.post();
    const again = await world.post();

    expect(again).toMatchObject({ message: first.message, added: false });
    expect(world.sentTexts).toEqual(['hello']);
  });

  it('is another one under the key of another caller', async () => {
    const world = await begun();

    await world.post();
    await world.post({ principal: 'tok_2 somebody' });

    expect(world.sentTexts).toEqual(['hello', 'hello']);
  });

  it('is refused when its key stands for other words', async () => {
    const world = await begun();
    await world.post();

    const other = world.post({ operation: { op: 'send', text: 'other' } });

    await expect(other).rejects.toMatchObject({ code: 'conflict' });
    expect(world.sentTexts).toEqual(['hello']);
  });

  it('is refused for a connector that is not there, or is none', async () => {
    const world = await begun();

    await expect(world.post({ connector: 'echo:nobody' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(world.post({ connector: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('is refused when the connector has as much to do as it may', async () => {
    const world = await new MessagesWorld({}).begin(1);
    await world.store.connectors.pause('echo:default' as never, 'Maintenance.', world.clock.now());
    await world.post();

    const more = world.post({ idempotencyKey: 'key-2' });

    await expect(more).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is cut for the platform before the first part is sent, and of these only the first is a reply', async () => {
    const world = await begun();

    await world.post({ operation: { op: 'send', text: 'word '.repeat(50) }, message: 'm1' });
    await world.until(() => world.sentTexts.length === 3);

    const { sent } = world.adapter.session;
    expect(sent.map(({ part, parts, address }) => [part, parts, address.message])).toEqual([
      [1, 3, 'm1'],
      [2, 3, undefined],
      [3, 3, undefined],
    ]);
    expect(sent.every(({ operation }) => 'text' in operation && operation.text.length <= 100)).toBe(true);
  });
});

describe('a message to where a turn came from', () => {
  const thread = { connector, conversation: 'room', thread: 'aside' };

  /** An event whose turn has ended; what was sent since. */
  async function ended(event: InboundEvent): Promise<MessagesWorld> {
    const world = await begun();
    world.run = async () => ({ kind: 'answered' });
    const id = 'evt_0' as EventId;
    const events = [{ id, traceId: '0'.repeat(32), event }];
    await world.store.inbox.accept({ at: world.clock.now(), source: event.source, events, depthMax: 10 });
    await world.until(async () => (await world.event(id)).state !== 'pending');
    return world;
  }

  const post = (world: MessagesWorld, turn: string, fields: Partial<OriginRequest> = {}): Promise<Sent> =>
    world.messages.sendToOrigin({
      turn,
      reply: false,
      operation: { op: 'send', text: 'Done at last.' },
      principal: 'tok_1 operator',
      idempotencyKey: 'key-1',
      ...fields,
    });

  it.each([
    ['by its turn', 'turn_0'],
    ['by its event', 'evt_0'],
  ])('goes into the very thread, %s, and not in the place of its answer', async (_how, turn) => {
    const world = await ended(message({ address: { ...thread, message: 'm1', handle: 'h1' } }));

    await post(world, turn);
    await settled();

    expect(world.adapter.session.sent.at(-1)?.address).toEqual(thread);
  });

  it.each([
    ['the message that the event is', { ...thread, message: 'm1' }, { ...thread, message: 'm1' }],
    ['none where there is none', thread, thread],
  ])('replies, when asked to, to %s', async (_what, address, expected) => {
    const world = await ended(message({ address }));

    await post(world, 'turn_0', { reply: true });
    await settled();

    expect(world.adapter.session.sent.map((part) => part.address)).toEqual([expected]);
  });

  it('is sent once, however often it is posted', async () => {
    const world = await ended(message({ address: thread }));

    const first = await post(world, 'turn_0');
    const again = await post(world, 'evt_0');
    await settled();

    expect(again).toMatchObject({ message: first.message, added: false });
    expect(world.sentTexts).toEqual(['Done at last.']);
  });

  it('is refused where nobody knows of the turn, or it came from no conversation', async () => {
    const world = await ended(webhook());

    await expect(post(world, 'turn_1')).rejects.toMatchObject({ code: 'not_found' });
    await expect(post(world, 'turn_0')).rejects.toMatchObject({ code: 'conflict' });
    expect(world.sentTexts).toEqual([]);
  });

  it('is refused when its connector is gone, or retention has emptied the event', async () => {
    const world = await ended(message({ address: thread }));
    const never = { tombstonesMs: 1e9, deadLettersMs: 1e9, journalMs: 1e9, auditMs: 1e9, activityMs: 1e9 };

    await world.store.connectors.removeConnector(connector, world.clock.now());
    await expect(post(world, 'turn_0')).rejects.toMatchObject({ code: 'not_found' });
    await world.store.maintenance.prune({
      ...never,
      contentsMs: 1,
      now: world.clock.now() + 10,
      sliceRows: 10,
    });

    await expect(post(world, 'turn_0')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('removed by retention') as string,
    });
  });
});

describe('dead letters', () => {
  /** A message whose second of three parts died. */
  async function half(answers: OutboxScript['answers']): Promise<MessagesWorld> {
    const world = await begun({ answers: [{ kind: 'delivered', platformIds: ['p1'] }, ...(answers ?? [])] });
    await world.send('m', ['one', 'two', 'three']);
    await settled();
    return world;
  }

  const states = (world: MessagesWorld): Promise<readonly string[]> =>
    Promise.all([1, 2, 3].map((part) => world.stateOf('m', part)));

  it('are shown whole, with what became of them', async () => {
    const world = await half([refused]);

    const { items } = await world.messages.listDeadLetters(undefined, { limit: 10 });
    const shown = await world.messages.getDeadLetter('prt_m_2');

    expect(items.map(({ id, state, reason }) => [id, state, reason])).toContainEqual([
      'prt_m_2',
      'dead',
      'platform_rejected',
    ]);
    expect(shown).toMatchObject({
      queue: 'outbox',
      detail: 'The text is empty.',
      contents: { operation: { op: 'send', text: 'two' }, part: 2, parts: 3 },
    });
  });

  it('are replayed with the parts that they held up, in order', async () => {
    const world = await half([refused]);
    const before = await states(world);

    await world.messages.replay('prt_m_2');
    await settled();

    expect(before).toEqual(['delivered', 'dead', 'held']);
    expect(await states(world)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(world.sentTexts).toEqual(['one', 'two', 'two', 'three']);
  });

  it('are thrown away with the parts that they held up', async () => {
    const world = await half([refused]);

    await world.messages.discard('prt_m_2');
    await world.clock.pass(60_000);

    expect(await states(world)).toEqual(['delivered', 'discarded', 'discarded']);
    expect(world.sentTexts).toEqual(['one', 'two']);
    await expect(world.messages.getDeadLetter('prt_m_2')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are decided about once', async () => {
    const world = await half([refused]);

    await world.messages.discard('prt_m_2');

    await expect(world.messages.replay('prt_m_2')).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.messages.replay('prt_none_1')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('go out labelled when nobody knows whether they were delivered', async () => {
    const world = await new MessagesWorld({ answers: [unknown], retry: { onUnknown: 'hold' } }).begin();
    await world.send('m', 'hello');
    await world.untilIs('held', 'm');

    await world.messages.replay('prt_m_1');
    await world.untilIs('delivered', 'm');

    expect(world.adapter.session.sent.map(({ possibleDuplicate }) => possibleDuplicate)).toEqual([
      false,
      true,
    ]);
  });

  it('of the inbox are shown, replayed and thrown away alike', async () => {
    const world = await begun();
    world.run = () => Promise.reject(new AppError('forbidden', 'The agent refuses.'));
    const [session] = world.adapter.sessions;
    const events = ['m1', 'm2'].map((id) =>
      message({ address: { connector: 'echo:default' as never, conversation: id, message: id }, text: id }),
    );
    const accepted = await session!.host.accept(events);
    await settled();
    const [first = '', second = ''] = accepted.map(({ id }) => id);

    const shown = await world.messages.getDeadLetter(first);
    world.run = async () => ({ kind: 'answered' });
    await world.messages.replay(first);
    await world.messages.discard(second);
    await settled();

    expect(shown).toMatchObject({ queue: 'inbox', reason: 'agent_rejected', contents: { text: 'm1' } });
    expect((await world.event(first as never)).state).toBe('done');
    expect((await world.event(second as never)).state).toBe('discarded');
  });
});
