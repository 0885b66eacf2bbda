import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message, sender } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import type { EventId } from '../domain/ids.ts';
import type { InboundEvent, InboundMessageEdited } from '../domain/inbound-event.ts';
import type { Engine } from './engine.ts';

afterEach(closeAll);

async function started(): Promise<CoreWorld & { readonly engine: Engine }> {
  const world = new CoreWorld();
  await world.furnish();
  const engine = await world.start();
  await settled();
  return Object.assign(world, { engine });
}

type World = Awaited<ReturnType<typeof started>>;

describe('a message that its author changes before its turn comes', () => {
  /** What people do while the conversation is held up by a turn that is under way. */
  async function whileBusy(world: World, ...later: readonly InboundEvent[]): Promise<readonly EventId[]> {
    const go = Promise.withResolvers<undefined>();
    world.run = async () => {
      await go.promise;
      return { kind: 'answered' };
    };
    await world.accept(world.engine, message());
    await settled();
    const ids = await world.accept(world.engine, ...later);
    go.resolve(undefined);
    await world.until(async () => (await world.event(ids.at(-1)!)).state !== 'pending');
    return ids;
  }
  const said = message({ text: 'deply' });
  const edited = (fields: Partial<InboundMessageEdited> = {}): InboundMessageEdited => ({
    ...said,
    type: 'message.edited',
    dedupeKey: `edit:${fields.text}`,
    text: 'deploy',
    mentions: { self: true, everyone: false, users: [] },
    ...fields,
  });
  const deleted = {
    ...said,
    type: 'message.deleted',
    dedupeKey: 'delete',
    sender: sender({ id: 'x' }),
  } as const;

  it('reaches the agent as it is now, and the trace says so', async () => {
    const world = await started();

    const [id] = await whileBusy(world, said, message(), edited({ text: 'dploy' }), edited());

    expect(world.turns.map(({ event }) => 'text' in event && event.text)).toEqual([
      'hello',
      'deploy',
      'hello',
    ]);
    const steps = await world.store.journal.listSubject(id!, 100);
    expect(steps.map(({ kind }) => kind)).toContain('inbound.amended');
  });

  it('reaches nobody when it was deleted, and says why', async () => {
    const world = await started();

    const [id] = await whileBusy(world, said, edited(), deleted);

    expect(await world.event(id!)).toMatchObject({ state: 'ignored', reason: 'message_withdrawn' });
    expect(world.turns).toHaveLength(1);
  });

  it('is not changed by an edit that names somebody else', async () => {
    const world = await started();

    await whileBusy(world, said, edited({ sender: sender({ id: 'echo:user:eve' }) }));

    expect(world.turns.map(({ event }) => 'text' in event && event.text)).toEqual(['hello', 'deply']);
  });
});
