import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, type Run } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import type { EventId } from '../domain/ids.ts';
import type { Engine } from './engine.ts';

afterEach(closeAll);

async function started(run?: Run): Promise<CoreWorld & { readonly engine: Engine }> {
  const world = new CoreWorld();
  if (run) world.run = run;
  await world.furnish();
  return Object.assign(world, { engine: await world.start() });
}

async function hear(world: Awaited<ReturnType<typeof started>>, text = 'hello'): Promise<EventId> {
  const id = `m-${text}-room`;
  const address = { connector: 'echo:default' as never, conversation: 'room', message: id };
  const [event] = await world.accept(world.engine, message({ text, dedupeKey: id, address }));
  await settled();
  return event!;
}

describe('an agent that changes what was said', () => {
  it.each(['edit', 'delete'] as const)('cannot %s a message that we did not send', async (op) => {
    const change = { op, message: 'm-hello-room', text: 'other words' } as const;
    const world = await started(async (_turn, out) => {
      out.send(op === 'edit' ? { ...change, op } : { op, message: change.message });
      return { kind: 'answered' };
    });

    const event = await world.event(await hear(world));

    expect(event).toMatchObject({ state: 'dead', reason: 'agent_answer_invalid' });
    expect(event.detail).toContain(`The agent may ${op} only messages that palyra has sent`);
    expect(world.adapter.session.sent).toEqual([]);
  });

  it('changes one that we sent', async () => {
    const world = await started();
    const first = await hear(world);
    const said = async () => (await world.store.outbox.listPartsOfEvent(first))[0];
    await world.until(async () => (await said())?.state === 'delivered');
    const message = (await said())?.platformIds[0] ?? 'none';
    world.run = async (_turn, out) => {
      out.send({ op: 'edit', message, text: 'better' });
      return { kind: 'answered' };
    };

    await hear(world, 'again');
    await world.until(() => world.adapter.session.sent.length > 1);

    expect(world.adapter.session.sent).toMatchObject([
      { operation: { op: 'send' } },
      { operation: { op: 'edit', text: 'better' }, address: { message } },
    ]);
  });
});
