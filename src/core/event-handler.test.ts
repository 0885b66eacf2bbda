import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, coreSettings } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message, sender } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import type { EventId } from '../domain/ids.ts';
import type { InboundMessageEvent } from '../domain/inbound-event.ts';
import type { Engine, EventHandlerSettings } from './engine.ts';

afterEach(closeAll);

const bot = sender({ id: 'echo:user:robot', kind: 'bot' });

async function started(events: Partial<EventHandlerSettings> = {}): Promise<CoreWorld & { engine: Engine }> {
  const world = new CoreWorld();
  await world.furnish();
  const engine = await world.start({ events: { ...coreSettings.events, ...events } });
  await settled();
  return Object.assign(world, { engine });
}

type World = Awaited<ReturnType<typeof started>>;

async function hear(world: World, fields: Partial<InboundMessageEvent> = {}): Promise<EventId> {
  const [id] = await world.accept(world.engine, message(fields));
  await settled();
  return id!;
}

describe('an event', () => {
  it('that no rule wants ends with the reason, and goes to nobody', async () => {
    const world = await started();
    await world.addRule({ action: 'ignore' });
    await settled();

    const id = await hear(world);

    expect(await world.event(id)).toMatchObject({ state: 'ignored', reason: 'ignored_by_rule', rule: 'all' });
    expect(world.turns).toEqual([]);
  });

  it('that no rule wants is taken back where the platform shows that an answer is coming', async () => {
    const world = await started();
    await world.addRule({ action: 'ignore' });
    await settled();

    const { address } = message({});
    const id = await hear(world, { address: { ...address, handle: 'interaction:1' } });
    await settled();

    expect((await world.event(id)).state).toBe('ignored');
    expect(world.adapter.session.sent).toMatchObject([
      { operation: { op: 'delete' }, address: { handle: 'interaction:1' } },
    ]);
  });

  it('is decided by the rules as they are at that moment, without a restart', async () => {
    const world = await started();

    const before = await hear(world);
    await world.addRule({ denyFrom: ['echo:user:ada'] });
    await settled();
    const after = await hear(world);

    expect((await world.event(before)).state).toBe('done');
    expect(await world.event(after)).toMatchObject({ state: 'ignored', reason: 'sender_denied' });
  });

  it('leaves a trace of the decision, with the rule and the policy that made it', async () => {
    const world = await started();

    const id = await hear(world);

    const steps = await world.store.journal.listSubject(id, 100);
    expect(steps.find(({ kind }) => kind === 'inbound.routed')?.data).toEqual({
      decision: 'accept',
      code: 'routed',
      rule: 'all',
      agent: 'helper',
      policy: world.engine.policy.router.hash,
    });
  });

  it('that is over a limit is kept and goes to nobody', async () => {
    const world = await started();

    const id = await hear(world, { text: 'x'.repeat(70_000) });

    expect(await world.event(id)).toMatchObject({ state: 'ignored', reason: 'message_oversized' });
    expect(world.turns).toEqual([]);
  });

  it('gets the mark that says it was seen, once, before the agent answers', async () => {
    const world = await started();
    await world.addRule({ acknowledgeWith: '👀' });
    await settled();
    world.run = () => Promise.reject(new AppError('unavailable', 'Down.'));

    const id = await hear(world);
    await world.until(async () => (await world.event(id)).state === 'dead');

    expect(world.turns).toHaveLength(3);
    const seen = world.adapter.session.sent.map(({ operation }) => operation);
    expect(seen.filter(({ op }) => op === 'react')).toMatchObject([
      { op: 'react', emoji: '👀', remove: false },
    ]);
  });
});

describe('bots among themselves', () => {
  it('get a few answers in a row, until a person says something', async () => {
    const world = await started();

    const ids: EventId[] = [];
    for (let nth = 1; nth <= 5; nth++) ids.push(await hear(world, { sender: bot, text: `${nth}` }));
    await hear(world, { text: 'a person' });
    ids.push(await hear(world, { sender: bot, text: 'again' }));

    const reasons = await Promise.all(ids.map(async (id) => (await world.event(id)).reason));
    const guard = 'bot_loop_guard';
    expect(reasons).toEqual(['answered', 'answered', 'answered', guard, guard, 'answered']);
  });

  it('are not let in again by a person to whom nobody listens', async () => {
    const world = await started();
    await world.addRule({ denyFrom: ['echo:user:ada'] });
    await settled();
    for (let nth = 1; nth <= 3; nth++) await hear(world, { sender: bot, text: `${nth}` });

    await hear(world, { text: 'STOP' });
    const next = await hear(world, { sender: bot, text: 'again' });

    expect((await world.event(next)).reason).toBe('bot_loop_guard');
  });

  it('are counted by what they cause, not by how often that is tried', async () => {
    const world = await started();
    let failures = 2;
    world.run = async () => {
      if (failures-- > 0) throw new AppError('unavailable', 'Down.');
      return { kind: 'answered' };
    };

    const first = await hear(world, { sender: bot });
    await world.until(async () => (await world.event(first)).state === 'done');
    const second = await hear(world, { sender: bot });
    const third = await hear(world, { sender: bot });

    expect([(await world.event(second)).reason, (await world.event(third)).reason]).toEqual([
      'answered',
      'answered',
    ]);
  });
});

describe('a bot', () => {
  const budget = { botTurnsPerDayMax: 2 };
  const places = ['one', 'two', 'three', 'four'].map((conversation) => ({
    address: { connector: 'echo:default' as never, conversation },
  }));

  async function reasonsOf(world: World, heard: readonly Partial<InboundMessageEvent>[]): Promise<unknown> {
    const ids: EventId[] = [];
    for (const fields of heard) ids.push(await hear(world, { sender: bot, ...fields }));
    return Promise.all(ids.map(async (id) => (await world.event(id)).reason));
  }

  it('is listened to so often in a day, wherever it writes and whoever speaks in between', async () => {
    const world = await started(budget);
    const other = sender({ id: 'echo:user:other', kind: 'bot' });

    const reasons = await reasonsOf(world, [
      places[0]!,
      { ...places[0]!, sender: sender() },
      places[0]!,
      { ...places[0]!, sender: sender() },
      places[0]!,
      places[1]!,
      { ...places[1]!, sender: other },
    ]);

    const spent = 'bot_budget_spent';
    expect(reasons).toEqual(['answered', 'answered', 'answered', 'answered', spent, spent, 'answered']);
  });

  it('has spent what it has spent after a restart too, until a day has gone by', async () => {
    const world = await started(budget);
    const restarted = async (ms: number): Promise<void> => {
      await world.stop(world.engine);
      world.clock.advance(ms);
      world.engine = await world.start({ events: { ...coreSettings.events, ...budget } });
      await settled();
    };

    const first = await reasonsOf(world, places.slice(0, 2));
    await restarted(12 * 3_600_000);
    const sameDay = await reasonsOf(world, places);
    await restarted(12 * 3_600_000);
    const nextDay = await reasonsOf(world, places.slice(0, 2));

    expect(first).toEqual(['answered', 'answered']);
    expect(sameDay).toEqual(Array.from(places, () => 'bot_budget_spent'));
    expect(nextDay).toEqual(['answered', 'answered']);
  });

  it('spends one turn on a message, however often that is tried', async () => {
    const world = await started(budget);
    let failures = 2;
    world.run = async () => {
      if (failures-- > 0) throw new AppError('unavailable', 'Down.');
      return { kind: 'answered' };
    };

    const first = await hear(world, { sender: bot });
    await world.until(async () => (await world.event(first)).state === 'done');

    expect(await reasonsOf(world, places.slice(0, 2))).toEqual(['answered', 'bot_budget_spent']);
  });

  it('spends nothing by what no rule wants', async () => {
    const world = await started(budget);
    await world.addRule({ mention: { required: true, patterns: ['helper'] } });
    await settled();
    const aside = { direct: false, ...places[0] };

    await reasonsOf(world, [aside, aside, aside]);

    expect(await reasonsOf(world, [{ ...aside, text: 'helper?' }])).toEqual(['answered']);
  });
});

describe('a thread', () => {
  const inThread = (text: string): Partial<InboundMessageEvent> => ({
    text,
    direct: false,
    address: {
      connector: 'echo:default' as never,
      conversation: 'room',
      thread: 'aside',
      message: `m-${text}`,
    },
    mentions: { self: text.includes('@'), everyone: false, users: [] },
  });

  it('in which we have spoken needs no mention any more', async () => {
    const world = await started();
    await world.addRule({ mention: { required: true, patterns: [] } });
    await settled();

    const before = await hear(world, inThread('not to us'));
    const called = await hear(world, inThread('@us'));
    const after = await hear(world, inThread('and then'));

    const reasons = [before, called, after].map(async (id) => (await world.event(id)).reason);
    expect(await Promise.all(reasons)).toEqual(['no_matching_mention', 'answered', 'answered']);
  });
});

describe('a bug of ours', () => {
  it('makes an event neither come back without end nor close its conversation for good', async () => {
    const world = await started();
    world.faults.before('outbox.getParticipation', () => {
      throw new TypeError('a user’s text');
    });
    const address = {
      connector: 'echo:default' as never,
      conversation: 'room',
      thread: 'aside',
      message: 'm1',
    };

    const broken = await hear(world, { address });
    await world.until(async () => (await world.event(broken)).state === 'dead');
    world.faults.mend();
    const next = await hear(world, { address: { ...address, message: 'm2' } });

    const event = await world.event(broken);
    expect(event).toMatchObject({ reason: 'turn_retry_limit_reached', attempts: 5 });
    expect(event.detail).not.toContain('a user’s text');
    expect((await world.event(next)).state).toBe('done');
    expect(world.log.eventsAt('error').filter((name) => name === 'turn.broken')).toHaveLength(5);
  });
});

describe('a store that cannot commit', () => {
  it('is asked again until it can, and the agent is not', async () => {
    const world = await started();
    let isDown = true;
    world.faults.before('inbox.complete', () => {
      if (isDown) throw new AppError('unavailable', 'The disk is full.');
    });

    const id = await hear(world);
    await world.clock.pass(20_000);
    const waiting = await world.event(id);
    isDown = false;
    await world.until(async () => (await world.event(id)).state === 'done');

    expect([waiting.state, waiting.leased, world.turns.length]).toEqual(['pending', true, 1]);
    expect(world.sentTexts).toEqual(['re hello']);
  });
});

describe('a daemon that stops', () => {
  it('waits for the turn that is under way', async () => {
    const world = await started();
    const answer = Promise.withResolvers<undefined>();
    world.run = async () => {
      await answer.promise;
      return { kind: 'answered' };
    };
    const id = await hear(world);

    const stopping = world.stop(world.engine);
    answer.resolve(undefined);
    await stopping;

    expect((await world.event(id)).state).toBe('done');
  });

  it('gives back a turn that takes too long, untried, and the next daemon takes it up', async () => {
    const world = await started();
    const signals: AbortSignal[] = [];
    world.run = (_turn, _out, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    const id = await hear(world);

    await world.stop(world.engine);
    const given = await world.event(id);
    world.run = async () => ({ kind: 'answered' });
    await world.start();
    await settled();

    expect(signals[0]?.aborted).toBe(true);
    expect(given).toMatchObject({ state: 'pending', attempts: 0, reason: 'daemon_stopping', leased: false });
    expect(world.turns.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it('gives back turns that wait for their agent', async () => {
    const world = await started();
    await world.addAgent('helper', { concurrency: 1 });
    await settled();
    world.run = () => new Promise(() => undefined);
    await hear(world);
    const address = { connector: 'echo:default' as never, conversation: 'another', message: 'm' };
    const waiting = await hear(world, { address });

    await world.stop(world.engine);

    expect(await world.event(waiting)).toMatchObject({ state: 'pending', attempts: 0, leased: false });
  });

  it('leaves nothing leased, and no timer set', async () => {
    const world = await started();
    world.run = () => new Promise(() => undefined);
    for (let room = 1; room <= 5; room++)
      await hear(world, {
        address: { connector: 'echo:default' as never, conversation: `room-${room}`, message: 'm' },
      });

    await world.stop(world.engine);

    const now = world.clock.now();
    const request = {
      now,
      leaseMs: coreSettings.inboxWorker.leaseMs,
      leaseId: 'lse_x',
      limit: 10,
      perSource: 10,
    };
    expect((await world.store.inbox.lease(request)).rows).toHaveLength(5);
    expect(world.clock.pending).toBe(0);
  });
});
