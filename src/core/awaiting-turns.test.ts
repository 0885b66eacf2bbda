import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { limits } from '../domain/limits.ts';
import { type EventId, turnIdOf } from '../domain/ids.ts';
import type { Engine } from './engine.ts';
import { Messages } from './platform/messages.ts';

const awaitMs = 120_000;

afterEach(closeAll);

/** A daemon whose agent takes each turn and answers later, within `awaitMs`. */
class AwaitingWorld extends CoreWorld {
  engine!: Engine;
  messages!: Messages;

  async begin(waitMs = awaitMs): Promise<readonly EventId[]> {
    this.run = async () => ({ kind: 'awaiting', untilAt: this.clock.now() + waitMs });
    await this.furnish();
    await this.restart();
    const ids = await this.accept(this.engine, message({ text: 'one' }), message({ text: 'two' }));
    await settled();
    return ids;
  }

  async restart(): Promise<void> {
    this.engine = await this.start();
    const { store, clock } = this;
    this.messages = new Messages({ store, clock, plan: this.engine.plan, depthMax: 10_000 });
    await settled();
  }

  async answer(id: EventId | undefined, text: string, postId = 'post-1'): Promise<unknown> {
    const answer = await this.messages.answerTurn(turnIdOf(id!), [{ op: 'send', text }], postId);
    await settled();
    return answer;
  }
}

describe('a turn that its agent answers later', () => {
  it('keeps its conversation closed, and no place of the agent', async () => {
    const world = new AwaitingWorld();
    const [first, second] = await world.begin();

    await world.clock.pass(awaitMs / 2);

    expect(await world.event(first)).toMatchObject({
      state: 'pending',
      awaiting: true,
      reason: 'awaiting_agent',
    });
    expect(await world.event(second)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(world.turns).toHaveLength(1);
  });

  it('ends with the messages that are posted, to where it came from', async () => {
    const world = new AwaitingWorld();
    const [first, second] = await world.begin();

    const answer = await world.answer(first, 'here it is');

    expect(answer).toEqual({ turn: turnIdOf(first!), repeated: false, parts: 1 });
    expect(await world.event(first)).toMatchObject({ state: 'done', reason: 'answered', agent: 'helper' });
    expect(world.sentTexts).toEqual(['here it is']);
    expect(world.adapter.session.sent[0]?.address).toMatchObject({ conversation: 'room' });
    expect(world.turns.map((turn) => turn.id)).toEqual([first, second].map((id) => turnIdOf(id!)));
  });

  it('takes the same post once, however often it comes', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();

    await world.answer(first, 'here it is');
    const again = await world.answer(first, 'here it is');

    expect(again).toMatchObject({ repeated: true });
    expect(world.sentTexts).toEqual(['here it is']);
  });

  it('takes no second answer', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();
    await world.answer(first, 'here it is');

    const other = world.answer(first, 'something else', 'post-2');

    await expect(other).rejects.toMatchObject({ code: 'conflict' });
    expect(world.sentTexts).toEqual(['here it is']);
  });

  it('is still waited for after a restart', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();

    await world.stop(world.engine);
    await world.restart();
    await world.answer(first, 'after the restart');

    expect(world.sentTexts).toEqual(['after the restart']);
    expect(world.turns.filter((turn) => turn.id === turnIdOf(first!))).toHaveLength(1);
  });

  it('is asked for again when the agent lets its time pass', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();
    world.run = async (_turn, out) => {
      out.send({ op: 'send', text: 'the second time' });
      return { kind: 'answered' };
    };

    await world.clock.pass(awaitMs - 1);
    const early = world.turns.length;
    await world.clock.pass(1);

    expect([early, world.turns[1]?.attempt]).toEqual([1, 2]);
    expect(await world.event(first)).toMatchObject({ state: 'done' });
  });

  it('takes no answer to the first time while it is asked for again', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();
    world.run = () => new Promise(() => undefined);
    await world.clock.pass(awaitMs);

    const late = world.answer(first, 'late');

    await expect(late).rejects.toMatchObject({ code: 'conflict' });
    expect((await world.event(first)).state).toBe('pending');
  });

  it('is a dead letter when the agent lets its time pass as often as it may', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();

    await world.clock.pass(3 * awaitMs);

    expect(await world.event(first)).toMatchObject({ state: 'dead', reason: 'agent_timeout' });
    expect(world.turns.filter((turn) => turn.id === turnIdOf(first!))).toHaveLength(3);
  });

  it('refuses an answer that comes after that', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin();
    await world.clock.pass(3 * awaitMs);

    await expect(world.answer(first, 'too late')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is not waited for without end, whatever the agent says', async () => {
    const world = new AwaitingWorld();
    const [first] = await world.begin(10 * limits.awaitMsMax);

    const { dueAt } = await world.event(first);

    expect(dueAt).toBe(world.clock.now() + limits.awaitMsMax);
  });
});

it('takes no answer to a turn that nobody waits for', async () => {
  const world = new AwaitingWorld();
  await world.begin();

  await expect(world.answer('evt_none' as EventId, 'hello')).rejects.toMatchObject({ code: 'not_found' });
});
