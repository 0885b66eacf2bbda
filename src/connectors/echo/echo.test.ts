import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, coreSettings } from '../../../test/support/core-world.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { settled } from '../../../test/support/manual-clock.ts';
import { ScriptedAdapter } from '../../../test/support/scripted-adapter.ts';
import type { Engine } from '../../core/engine.ts';
import { Channels } from '../../core/platform/channels.ts';
import { connectorId, type EventId, type NextId } from '../../domain/ids.ts';
import type { PartRecord } from '../../store/outbox-store.ts';
import type { SimulatedMessage } from '../connector.ts';
import { createEchoAdapter } from './adapter.ts';

const id = connectorId('echo', 'default');

afterEach(closeAll);

/** The daemon's core with the echo connector in it, as on the first day: everything goes to an agent that says it back. */
class EchoWorld extends CoreWorld {
  engine!: Engine;
  channels!: Channels;
  #said = 0;

  constructor() {
    super([createEchoAdapter()], new ScriptedAdapter({ kind: 'scripted' }));
  }

  static async begin(onUnknown: 'resend-labelled' | 'hold' = 'resend-labelled'): Promise<EchoWorld> {
    const world = new EchoWorld();
    await world.furnish();
    world.engine = await world.start({ retry: { ...coreSettings.retry, onUnknown } });
    await settled();
    const { store, adapters, clock } = world;
    const nextId = ((prefix: string) => `${prefix}_${++world.#said}`) as NextId;
    world.channels = new Channels({ store, supervisor: world.engine.supervisor, adapters, clock, nextId });
    return world;
  }

  /** As `palyra channels test` does. */
  async say(
    text: string,
    fields: Partial<SimulatedMessage> = {},
  ): Promise<{ id: EventId; duplicate: boolean }> {
    const flags = { senderIsBot: false, direct: true, mentionsSelf: false };
    const accepted = await this.channels.test(id, {
      conversation: 'room',
      text,
      sender: 'ada',
      ...flags,
      ...fields,
    });
    await settled();
    return accepted;
  }

  async answerTo(event: EventId): Promise<PartRecord> {
    const [part] = await this.store.outbox.listPartsOfEvent(event);
    if (!part) throw new Error('There is no answer.');
    return part;
  }

  async outcomesOf(event: EventId): Promise<readonly unknown[]> {
    const steps = await this.store.journal.listSubject(event, 100);
    return steps.filter(({ kind }) => kind === 'delivery.attempted').map(({ data }) => data.outcome);
  }

  async untilDelivered(event: EventId): Promise<void> {
    await this.until(async () => (await this.answerTo(event)).state === 'delivered');
  }

  async shown(): Promise<readonly string[]> {
    const session = this.engine.supervisor.session(id);
    const answer = await session?.read?.({ conversation: 'room', limit: 100 }, AbortSignal.timeout(1_000));
    return answer?.kind === 'found' ? answer.value.messages.map(({ text }) => text).toReversed() : [];
  }
}

it('says back what it is told, at once', async () => {
  const world = await EchoWorld.begin();

  const { id: event } = await world.say('hello');

  expect(await world.answerTo(event)).toMatchObject({
    state: 'delivered',
    platformIds: [expect.stringMatching(/^echo-[0-9a-f]{32}$/)],
  });
  expect(await world.shown()).toEqual(['re hello']);
});

it('takes the same message once', async () => {
  const world = await EchoWorld.begin();

  const first = await world.say('hello', { messageId: 'm1' });
  const again = await world.say('hello', { messageId: 'm1' });

  expect(again).toEqual({ id: first.id, duplicate: true });
  expect(await world.shown()).toEqual(['re hello']);
});

describe('a control token in the text', () => {
  it('[connector-crash-once] ends the session, which is opened anew, and the message is delivered', async () => {
    const world = await EchoWorld.begin();

    const { id: event } = await world.say('[connector-crash-once]');
    const broken = world.engine.supervisor.state(id)?.state;
    await world.untilDelivered(event);

    expect(broken).toMatchObject({ state: 'backoff', code: 'session_failed' });
    expect(world.engine.supervisor.state(id)).toMatchObject({ state: { state: 'running' }, restarts: 1 });
    expect(await world.outcomesOf(event)).toEqual(['retry', 'delivered']);
    expect((await world.answerTo(event)).attempts).toBe(2);
  });

  it('[rate-limit-once] makes it wait, which spends no attempt', async () => {
    const world = await EchoWorld.begin();

    const { id: event } = await world.say('[rate-limit-once]');
    const waiting = await world.answerTo(event);
    await world.untilDelivered(event);

    expect(waiting).toMatchObject({ state: 'pending', reason: 'rate_limited', attempts: 0 });
    expect(waiting.dueAt).toBeGreaterThanOrEqual(world.clock.now());
    expect(await world.outcomesOf(event)).toEqual(['retry', 'delivered']);
    expect((await world.answerTo(event)).attempts).toBe(1);
  });

  it('[nack] has it refused for good, each time', async () => {
    const world = await EchoWorld.begin();

    const { id: event } = await world.say('[nack]');
    const { id: part, ...answer } = await world.answerTo(event);
    await world.store.outbox.replay(part, world.clock.now());
    await settled();

    expect(answer).toMatchObject({ state: 'dead', reason: 'platform_rejected' });
    expect(await world.outcomesOf(event)).toEqual(['rejected', 'rejected']);
    expect(await world.shown()).toEqual([]);
  });

  it.each(['resend-labelled', 'hold'] as const)(
    '[reply-lost-once] loses the answer; the platform is asked, and has it (%s)',
    async (onUnknown) => {
      const world = await EchoWorld.begin(onUnknown);

      const { id: event } = await world.say('[reply-lost-once]');
      await world.untilDelivered(event);

      expect(await world.outcomesOf(event)).toEqual(['unknown', 'reconciled']);
      expect(await world.shown()).toEqual(['re [reply-lost-once]']);
    },
  );

  it('and another one each do their part', async () => {
    const world = await EchoWorld.begin();

    const { id: event } = await world.say(
      '[rate-limit-once] and [connector-crash-once] and [reply-lost-once]',
    );
    await world.untilDelivered(event);

    expect(await world.outcomesOf(event)).toEqual(['retry', 'retry', 'unknown', 'reconciled']);
    expect(await world.shown()).toHaveLength(1);
  });

  it('holds up its own conversation, and no other', async () => {
    const world = await EchoWorld.begin();

    const { id: stuck } = await world.say('[rate-limit-once]');
    const { id: behind } = await world.say('behind it');
    const { id: elsewhere } = await world.say('elsewhere', { conversation: 'another' });
    const states = await Promise.all([stuck, behind, elsewhere].map((event) => world.answerTo(event)));
    await world.untilDelivered(behind);

    expect(states.map(({ state }) => state)).toEqual(['pending', 'pending', 'delivered']);
    expect(await world.shown()).toEqual(['re [rate-limit-once]', 're behind it']);
  });

  it('is known by its part: another message with the same token meets it too', async () => {
    const world = await EchoWorld.begin();

    const first = await world.say('[rate-limit-once]');
    await world.untilDelivered(first.id);
    const second = await world.say('[rate-limit-once]');
    await world.untilDelivered(second.id);

    expect(await world.outcomesOf(second.id)).toEqual(['retry', 'delivered']);
  });
});

it('keeps accounts apart', async () => {
  const world = await EchoWorld.begin();
  await world.addConnector('echo:other');
  await settled();

  await world.say('hello');

  const other = world.engine.supervisor.session(connectorId('echo', 'other'));
  expect(await other?.read?.({ conversation: 'room', limit: 10 }, AbortSignal.timeout(1_000))).toMatchObject({
    value: { messages: [] },
  });
});
