import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, coreSettings, type Run, textOf } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { EventId } from '../domain/ids.ts';
import type { Engine } from './engine.ts';

afterEach(closeAll);

const never: Run = () => new Promise(() => undefined);
const failing =
  (code: ErrorCode): Run =>
  () =>
    Promise.reject(new AppError(code, 'What is wrong.'));

/** A daemon with one connector, and one agent that gets everything. */
async function started(run?: Run): Promise<CoreWorld & { readonly engine: Engine }> {
  const world = new CoreWorld();
  if (run) world.run = run;
  await world.furnish();
  const engine = await world.start();
  await settled();
  return Object.assign(world, { engine });
}

type World = Awaited<ReturnType<typeof started>>;

async function hear(world: World, text = 'hello', conversation = 'room'): Promise<EventId> {
  const id = `m-${text}-${conversation}`;
  const address = { connector: 'echo:default' as never, conversation, message: id };
  const [event] = await world.accept(world.engine, message({ text, dedupeKey: id, address }));
  await settled();
  return event!;
}

const stateOf = async (world: CoreWorld, id: EventId): Promise<string> => (await world.event(id)).state;

describe('a turn', () => {
  it('ends in one commit with what it sends, which is then delivered to where it came from', async () => {
    const world = await started();

    const id = await hear(world);

    expect(await world.event(id)).toMatchObject({
      state: 'done',
      reason: 'answered',
      attempts: 1,
      agent: 'helper',
    });
    expect(world.adapter.session.sent).toMatchObject([
      {
        key: `turn_${id.slice(4)}:0:0`,
        address: { connector: 'echo:default', conversation: 'room', message: 'm-hello-room' },
        operation: { op: 'send', text: 're hello' },
      },
    ]);
    expect(world.faults.count('inbox.complete')).toBe(1);
    expect(world.faults.count('outbox.enqueue')).toBe(0);
  });

  it('sends nothing of what the agent said before it failed', async () => {
    const world = await started(async (_turn, out) => {
      out.send({ op: 'send', text: 'half of it' });
      throw new AppError('forbidden', 'No more.');
    });

    const id = await hear(world);

    expect([await stateOf(world, id), world.sentTexts]).toEqual(['dead', []]);
  });

  it('tells the agent who asks, and until when', async () => {
    const world = await started();

    const id = await hear(world);

    expect(world.turns).toMatchObject([
      {
        id: `turn_${id.slice(4)}`,
        attempt: 1,
        event: { text: 'hello' },
        rule: 'all',
        deadlineAt: world.clock.now() + 30_000,
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      },
    ]);
  });

  it('says that it has no place to answer, where the event has none', async () => {
    const world = await started();
    const event = {
      ...{ type: 'webhook', source: 'webhook:site', dedupeKey: 'd1', lane: 'webhook:site', occurredAt: 0 },
      ...{ integration: 'site', provider: 'github', event: 'push', delivery: 'dlv_1' },
    } as never;

    const [id] = await world.accept(world.engine, event);
    await settled();

    expect(await world.event(id)).toMatchObject({ state: 'dead', reason: 'reply_address_missing' });
  });
});

describe('an agent that fails', () => {
  it.each(['unavailable', 'timeout', 'rate_limited', 'internal'] as const)(
    'with %s is asked again later, with the same turn',
    async (code) => {
      const world = await started(failing(code));

      const id = await hear(world);
      const waiting = await world.event(id);
      world.run = async () => ({ kind: 'answered' });
      await world.until(async () => (await stateOf(world, id)) === 'done');

      expect(waiting).toMatchObject({ state: 'pending', attempts: 1 });
      expect(waiting.dueAt).toBeGreaterThanOrEqual(waiting.acceptedAt + 1_000);
      expect(world.turns.map((turn) => [turn.id, turn.attempt])).toEqual([
        [world.turns[0]?.id, 1],
        [world.turns[0]?.id, 2],
      ]);
    },
  );

  it('as often as it may makes a dead letter, whole', async () => {
    const world = await started(failing('unavailable'));

    const id = await hear(world);
    await world.until(async () => (await stateOf(world, id)) === 'dead');

    const event = await world.event(id);
    expect(event).toMatchObject({
      reason: 'turn_retry_limit_reached',
      attempts: 3,
      agent: 'helper',
      rule: 'all',
    });
    expect(event.detail).toContain('What is wrong.');
    expect(textOf(event.event!)).toBe('hello');
    expect(world.turns).toHaveLength(3);
  });

  it('for good is not asked again', async () => {
    const world = await started(failing('invalid_request'));

    const id = await hear(world);
    await world.clock.pass(60_000);

    expect(await world.event(id)).toMatchObject({ state: 'dead', reason: 'agent_rejected', attempts: 1 });
    expect(world.turns).toHaveLength(1);
  });

  it('closes its conversation meanwhile, and no other', async () => {
    const world = await started(async (turn) => {
      if (textOf(turn.event) === 'first') throw new AppError('unavailable', 'Down.');
      return { kind: 'answered' };
    });

    const first = await hear(world, 'first');
    const behind = await hear(world, 'behind');
    const elsewhere = await hear(world, 'elsewhere', 'another room');
    const meanwhile = await Promise.all([first, behind, elsewhere].map((id) => stateOf(world, id)));
    await world.until(async () => (await stateOf(world, behind)) === 'done');

    expect(meanwhile).toEqual(['pending', 'pending', 'done']);
    expect(await stateOf(world, first)).toBe('dead');
    expect(world.turns.map(({ event }) => textOf(event))).toEqual([
      'first',
      'elsewhere',
      'first',
      'first',
      'behind',
    ]);
  });

  it('is asked again, from the beginning, when somebody replays the dead letter', async () => {
    const world = await started(failing('invalid_request'));
    const id = await hear(world);

    world.run = async (_turn, out) => {
      out.send({ op: 'send', text: 'now it works' });
      return { kind: 'answered' };
    };
    await world.store.inbox.replay(id, world.clock.now());
    await world.until(() => world.sentTexts.length === 1);

    expect(world.turns.map(({ id: turn, attempt }) => [turn, attempt])).toEqual([
      [world.turns[0]?.id, 1],
      [world.turns[0]?.id, 1],
    ]);
    expect(await world.event(id)).toMatchObject({ state: 'done', attempts: 1 });
  });

  it('is not asked again when somebody discards it', async () => {
    const world = await started(failing('invalid_request'));
    const id = await hear(world);

    await world.store.inbox.discard(id, world.clock.now());
    await world.clock.pass(60_000);

    expect([await stateOf(world, id), world.turns.length]).toEqual(['discarded', 1]);
  });
});

describe('an agent that takes its time', () => {
  it('keeps the turn for as long as it may', async () => {
    const world = await started(never);
    const other = await world.start({}, 'daemon-2');

    const id = await hear(world);
    await world.clock.pass(3 * coreSettings.inboxWorker.leaseMs);

    expect([world.turns.length, (await world.event(id)).leased]).toEqual([1, true]);
    await world.stop(other);
  });

  it('and longer than it may is cut off, told so, and asked again', async () => {
    const signals: AbortSignal[] = [];
    const world = await started((_turn, _out, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });

    const id = await hear(world);
    await world.clock.pass(30_000);

    expect(signals[0]?.aborted).toBe(true);
    expect(await world.event(id)).toMatchObject({ state: 'pending', reason: 'agent_timeout', attempts: 1 });
  });

  it('and answers when nobody waits for it any more is not heard', async () => {
    const answer = Promise.withResolvers<undefined>();
    const world = await started(async (turn, out) => {
      if (turn.attempt === 1) await answer.promise;
      out.send({ op: 'send', text: `attempt ${turn.attempt}` });
      return { kind: 'answered' };
    });
    const id = await hear(world);
    await world.clock.pass(30_000);

    answer.resolve(undefined);
    await world.until(async () => (await stateOf(world, id)) === 'done');
    await settled();

    expect(world.sentTexts).toEqual(['attempt 2']);
  });

  it('and whose daemon was overtaken cannot end the turn', async () => {
    const answer = Promise.withResolvers<undefined>();
    const world = await started(async (_turn, out) => {
      await answer.promise;
      out.send({ op: 'send', text: 'of the stale owner' });
      return { kind: 'answered' };
    });
    const id = await hear(world);
    const now = world.clock.now() + coreSettings.inboxWorker.leaseMs;
    const request = { now, leaseMs: 60_000, leaseId: 'lse_of_another', limit: 1, perSource: 1 };
    const { rows } = await world.store.inbox.lease(request);

    answer.resolve(undefined);
    await settled();

    expect(rows).toMatchObject([{ eventId: id, attempt: 2, interrupted: true }]);
    expect([await stateOf(world, id), world.sentTexts]).toEqual(['pending', []]);
    expect(world.log.eventsAt('info')).toContain('worker.lease_lost');
    expect(world.log.eventsAt('error')).toEqual([]);
  });

  it('and takes the daemon down with it is asked no more often than it may', async () => {
    const world = await started();
    await world.stop(world.engine);
    const [id] = await world.accept(world.engine, message());
    for (let death = 1; death <= 3; death++) {
      const now = world.clock.now();
      await world.store.inbox.lease({ now, leaseMs: 1, leaseId: `lse_${death}`, limit: 1, perSource: 1 });
      await world.clock.pass(10);
    }

    await world.start();
    await settled();

    expect(await world.event(id)).toMatchObject({ state: 'dead', reason: 'turn_retry_limit_reached' });
    expect(world.turns).toEqual([]);
  });
});

describe('what must be mended first', () => {
  it('is waited for when the agent is not there, and no attempt is spent', async () => {
    const world = await started();
    await world.store.agents.removeAgent('helper' as never);

    const id = await hear(world);
    await world.clock.pass(300_000);
    const waiting = await world.event(id);
    await world.addAgent();
    await world.until(async () => (await stateOf(world, id)) === 'done');

    expect(waiting).toMatchObject({ state: 'pending', reason: 'agent_missing', attempts: 0 });
  });

  it('is waited for when the agent is switched off', async () => {
    const world = await started();
    await world.addAgent('helper', { enabled: false });

    const id = await hear(world);

    expect(await world.event(id)).toMatchObject({ state: 'pending', reason: 'agent_missing' });
  });

  it('is waited for when the vault is locked, and noted once', async () => {
    const world = await started(failing('vault_locked'));

    const id = await hear(world);
    await world.clock.pass(300_000);
    const waiting = await world.event(id);
    world.run = async () => ({ kind: 'answered' });
    await world.until(async () => (await stateOf(world, id)) === 'done');

    expect(waiting).toMatchObject({ state: 'pending', reason: 'vault_locked', attempts: 0 });
    const steps = await world.store.journal.listSubject(id, 1_000);
    expect(steps.filter(({ kind }) => kind === 'turn.deferred')).toHaveLength(1);
  });
});

describe('how many turns run at once', () => {
  it('is what the agent may do, and the others wait without spending anything', async () => {
    const world = await started(never);
    await world.addAgent('helper', { concurrency: 2 });
    await settled();

    const ids = [];
    for (let room = 1; room <= 5; room++) ids.push(await hear(world, 'hello', `room-${room}`));
    await world.clock.pass(10_000);

    expect(world.turns).toHaveLength(2);
    expect(await Promise.all(ids.map((id) => stateOf(world, id)))).toEqual(ids.map(() => 'pending'));
  });

  it('is what one connector may have with one agent', async () => {
    const world = await started(never);
    await world.addAgent('helper', { concurrency: 100 });
    await settled();

    for (let room = 1; room <= 12; room++) await hear(world, 'hello', `room-${room}`);

    expect(world.turns).toHaveLength(coreSettings.events.turnsPerSourceMax);
  });

  it('does not let a slow agent hold up another', async () => {
    const world = await started((turn, out, signal) =>
      textOf(turn.event).startsWith('slow')
        ? never(turn, out, signal)
        : Promise.resolve({ kind: 'answered' }),
    );
    await world.addAgent('slow', { concurrency: 1 });
    await world.addRule({
      id: 'slow' as never,
      position: 0,
      agent: 'slow' as never,
      match: { conversations: Array.from({ length: 40 }, (_none, room) => `slow-${room}`) },
    });
    await settled();

    const slow: EventId[] = [];
    for (let room = 0; room < 40; room++) slow.push(await hear(world, `slow ${room}`, `slow-${room}`));
    const id = await hear(world, 'fast');
    await world.until(async () => (await stateOf(world, id)) === 'done');
    await world.clock.pass(25_000);

    expect(world.turns.filter(({ event }) => textOf(event).startsWith('slow'))).toHaveLength(1);
    const waiting = await Promise.all(slow.map((each) => world.event(each)));
    expect(waiting.map(({ state }) => state)).toEqual(slow.map(() => 'pending'));
    expect(waiting.filter(({ attempts }) => attempts > 1)).toEqual([]);
  });
});
