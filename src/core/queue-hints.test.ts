import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message, sender } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import type { EventId } from '../domain/ids.ts';
import type { InboundMessageEvent } from '../domain/inbound-event.ts';
import type { Engine } from './engine.ts';
import { traceOf } from './trace.ts';

afterEach(closeAll);

/** A conversation in which one turn takes as long as the test wants. */
class BusyWorld extends CoreWorld {
  engine!: Engine;
  #go = Promise.withResolvers<undefined>();

  async begin(rule: object = { acknowledgeWith: '👀' }): Promise<this> {
    await this.addAgent('helper', { timeoutMs: 600_000 });
    await this.addRule(rule);
    await this.addConnector();
    this.engine = await this.start();
    this.run = async () => {
      await this.#go.promise;
      return { kind: 'answered' };
    };
    await settled();
    await this.say({ text: 'takes long' });
    return this;
  }

  async say(fields: Partial<InboundMessageEvent>): Promise<EventId> {
    const [id] = await this.accept(this.engine, message(fields));
    await settled();
    return id!;
  }

  async goOn(id: EventId): Promise<void> {
    this.#go.resolve(undefined);
    await this.until(async () => (await this.event(id)).state !== 'pending');
    await settled();
  }

  /** What was put on a message and taken off it, in order. */
  async reactionsTo(id: EventId): Promise<readonly string[]> {
    const { event } = await this.event(id);
    const about = event?.type === 'message.created' ? event.address.message : undefined;
    return this.adapter.sessions
      .flatMap(({ sent }) => sent)
      .filter(({ address }) => address.message === about)
      .flatMap(({ operation }) =>
        operation.op === 'react' ? [`${operation.remove ? '-' : '+'}${operation.emoji}`] : [],
      );
  }
}

describe('a message that waits behind another', () => {
  it('is marked after some seconds, once, until its turn begins', async () => {
    const world = await new BusyWorld().begin();
    const id = await world.say({ text: 'me too' });

    await world.clock.pass(4_000);
    const early = await world.reactionsTo(id);
    await world.clock.pass(30_000);
    const late = await world.reactionsTo(id);
    await world.goOn(id);

    expect([early, late]).toEqual([[], ['+⏳']]);
    expect(await world.reactionsTo(id)).toEqual(['+⏳', '-⏳', '+👀']);
  });

  it('is not marked when its turn comes soon', async () => {
    const world = await new BusyWorld().begin();
    await world.clock.pass(4_000);
    const id = await world.say({ text: 'me too' });

    await world.clock.pass(4_000);
    await world.goOn(id);

    expect(await world.reactionsTo(id)).toEqual(['+👀']);
  });

  it.each([
    ['that does not acknowledge', {}, {}],
    [
      'that does not want it',
      { acknowledgeWith: '👀' },
      { sender: sender({ id: 'echo:user:x', kind: 'bot' }) },
    ],
  ] as const)('is not marked under a rule %s', async (_which, rule, fields) => {
    const world = await new BusyWorld().begin({ bots: 'deny', ...rule });
    const id = await world.say(fields);

    await world.clock.pass(30_000);
    await world.goOn(id);

    expect((await world.reactionsTo(id)).filter((reaction) => reaction.includes('⏳'))).toEqual([]);
  });

  it('loses its mark after a restart too', async () => {
    const world = await new BusyWorld().begin();
    const id = await world.say({ text: 'me too' });
    await world.clock.pass(30_000);

    await world.stop(world.engine);
    world.run = async () => ({ kind: 'answered' });
    world.engine = await world.start();
    await world.goOn(id);

    expect(await world.reactionsTo(id)).toEqual(['+⏳', '-⏳', '+👀']);
  });

  it.each([
    ['refuses', { kind: 'rejected', code: 'permission_missing', detail: 'No.', scope: 'message' }],
    ['fails', { kind: 'retry', code: 'platform_error', scope: 'lane', deferral: false }],
    ['puts off', { kind: 'retry', code: 'rate_limited', scope: 'lane', deferral: true, afterMs: 60_000 }],
    ['does not answer for', { kind: 'unknown', code: 'answer_lost' }],
  ] as const)('is in nobody’s way when the platform %s its mark', async (_does, outcome) => {
    const world = await new BusyWorld().begin();
    const { session } = world.adapter;
    const { send } = session;
    session.send = async (part, signal) => (part.operation.op === 'react' ? outcome : send(part, signal));
    const id = await world.say({ text: 'me too' });
    await world.clock.pass(30_000);

    await world.goOn(id);

    const parts = await world.store.outbox.listPartsOfEvent(id);
    expect(parts.map(({ key, state }) => [key.split(':')[1], state])).toEqual([
      ['queued', 'discarded'],
      ['acknowledgement', 'discarded'],
    ]);
    expect(world.log.eventsAt('error')).toEqual([]);
    expect(await world.event(id)).toMatchObject({ state: 'done', reason: 'answered' });
    const trace = await traceOf(
      { store: world.store, findAdapter: () => undefined, findBlock: async () => undefined },
      id,
    );
    expect(trace).toMatchObject({ state: 'done', reason: 'answered' });
  });

  it('costs the turn nothing when it cannot be marked', async () => {
    const world = await new BusyWorld().begin();
    const id = await world.say({ text: 'me too' });
    for (const call of ['inbox.listWaiting', 'outbox.getPartByKey'])
      world.faults.before(call, () => Promise.reject(new TypeError('A bug.')));

    await world.clock.pass(30_000);
    await world.goOn(id);

    expect((await world.event(id)).reason).toBe('answered');
    expect(world.log.eventsAt('warn')).toContain('turn.queue_not_shown');
  });
});
