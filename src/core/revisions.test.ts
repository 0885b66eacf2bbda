import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { connector, message, sender } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
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
    await world.until(async () => (await world.event(ids.at(-1))).state !== 'pending');
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

    expect(await world.event(id)).toMatchObject({ state: 'ignored', reason: 'message_withdrawn' });
    expect(world.turns).toHaveLength(1);
  });

  it('is answered once, also by an agent that is told of edits', async () => {
    const world = await started();
    await world.addRule({ match: { types: ['message.created', 'message.edited', 'message.deleted'] } });
    await settled();

    await whileBusy(world, said, edited());

    expect(world.turns.map(({ event }) => 'text' in event && event.text)).toEqual(['hello', 'deploy']);
  });

  it('passes the gate for broadcasts as it is now', async () => {
    const world = await started();
    await world.addRule({ broadcast: 'deny' });
    await settled();
    const everyone = { self: false, everyone: true, users: [] };

    const [id] = await whileBusy(world, said, edited({ mentions: everyone, broadcast: true }));

    expect((await world.event(id)).reason).toBe('broadcast_denied_by_policy');
  });

  it('is tried again as it is then, when the agent has failed on it', async () => {
    const world = await started();
    world.run = () => Promise.reject(new AppError('unavailable', 'Down.'));
    const [id] = await world.accept(world.engine, said);
    await world.until(() => world.turns.length === 1);

    const [edit] = await world.accept(world.engine, edited());
    await world.until(() => world.turns.length === 3);

    expect(world.turns.map(({ event }) => 'text' in event && event.text)).toEqual([
      'deply',
      'deploy',
      'deploy',
    ]);
    expect((await world.event(edit)).reason).toBe('revision_applied');
    expect((await world.event(id)).attempts).toBe(3);
  });

  it('takes back what was shown of an answer when it is deleted before the next attempt', async () => {
    const world = await started();
    world.run = async (_turn, out) => {
      out.draft('It is');
      await settled();
      throw new AppError('unavailable', 'Down.');
    };
    const [id] = await world.accept(world.engine, said);
    await world.until(async () => (await world.event(id)).reason === 'agent_unavailable');

    await world.accept(world.engine, deleted);
    await world.until(async () => (await world.event(id)).state === 'ignored');
    await settled();

    expect(world.adapter.session.sent.map(({ operation }) => operation.op)).toEqual(['send', 'delete']);
  });

  it('is looked at once more when its agent had no time for it', async () => {
    const world = await started();
    await world.addAgent('helper', { concurrency: 1, timeoutMs: 600_000 });
    await settled();
    const go = Promise.withResolvers<undefined>();
    world.run = async () => {
      await go.promise;
      return { kind: 'answered' };
    };
    const elsewhere = { connector, conversation: 'elsewhere', message: 'busy' };
    await world.accept(world.engine, message({ address: elsewhere }));
    await settled();
    const [id] = await world.accept(world.engine, said);
    await world.clock.pass(1_000);

    await world.accept(world.engine, deleted);
    await world.clock.pass(1_000);
    go.resolve(undefined);
    await world.until(async () => (await world.event(id)).state !== 'pending');

    expect((await world.event(id)).reason).toBe('message_withdrawn');
    expect(world.turns).toHaveLength(1);
  });

  it('is not changed by an edit that names somebody else', async () => {
    const world = await started();

    await whileBusy(world, said, edited({ sender: sender({ id: 'echo:user:eve' }) }));

    expect(world.turns.map(({ event }) => 'text' in event && event.text)).toEqual(['hello', 'deply']);
  });
});
