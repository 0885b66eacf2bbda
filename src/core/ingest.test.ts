import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId, EventId, SourceId } from '../domain/ids.ts';
import { createNextId } from '../lib/ids.ts';
import { createIngest, type Ingest, type IngestRequest, randomHex } from './ingest.ts';

const source = 'echo:default' as SourceId;

afterEach(closeAll);

function ingestOf(world: CoreWorld, depthMax = 100): Ingest {
  const { clock, log, store } = world;
  const random = (): number => 0.5;
  return createIngest({
    inbox: store.inbox,
    clock,
    nextId: createNextId(clock, random),
    random,
    log,
    depthMax,
  });
}

async function accept(world: CoreWorld, request: Partial<IngestRequest> = {}): Promise<EventId> {
  const [accepted] = await ingestOf(world).accept({ source, events: [message()], ...request });
  return accepted!.id;
}

describe('what comes in', () => {
  it('is on disk when it is acknowledged, under an id and a trace', async () => {
    const world = new CoreWorld();

    const id = await accept(world);

    expect(id).toMatch(/^evt_[0-9a-z]{26}$/);
    expect(await world.event(id)).toMatchObject({
      state: 'pending',
      traceId: '80000000'.repeat(4),
    });
  });

  it.each([
    ['goes on with the trace of its sender', '0af7651916cd43dd8448eb211c80319c', true],
    ['begins a trace of its own instead of one of zeros', '0'.repeat(32), false],
    ['begins a trace of its own instead of what is none', 'xyz', false],
    ['begins a trace of its own instead of one in capitals', 'A'.repeat(32), false],
  ])('%s', async (_what, traceId, isTaken) => {
    const world = new CoreWorld();

    const { traceId: taken } = await world.event(await accept(world, { traceId }));

    expect(taken === traceId).toBe(isTaken);
    expect(taken).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is logged in one line, with nothing of what was said', async () => {
    const world = new CoreWorld();

    const id = await accept(world, { events: [message({ text: 'between you and me' })] });

    expect(world.log.lines).toMatchObject([
      {
        event: 'inbound.accepted',
        connector_id: source,
        inbox_id: id,
        type: 'message.created',
        duplicate: false,
      },
    ]);
    expect(JSON.stringify(world.log.lines)).not.toContain('between you and me');
  });

  it('is cut to the limits, and kept with the reason', async () => {
    const world = new CoreWorld();

    const id = await accept(world, { events: [message({ text: 'x'.repeat(70_000) })] });

    const { state, reason, event } = await world.event(id);
    expect([state, reason]).toEqual(['ignored', 'message_oversized']);
    expect(event).toMatchObject({ truncated: true });
  });

  it('is refused when too much waits already, and logged as nothing', async () => {
    const world = new CoreWorld();
    const ingest = ingestOf(world, 1);
    await ingest.accept({ source, events: [message()] });

    const refused = ingest.accept({ source, events: [message()], cursor: 'position 2' });

    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.log.lines).toHaveLength(1);
    expect(await world.store.connectors.getCursor(source)).toBeUndefined();
  });

  it('is refused when the store cannot commit', async () => {
    const world = new CoreWorld();
    world.faults.beforeAny(() => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    await expect(accept(world)).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.log.lines).toEqual([]);
  });

  it.each([
    ['source', { source: 'echo:other' as SourceId }],
    ['address', { address: { connector: 'echo:other' as ConnectorId, conversation: 'room' } }],
  ])('is not taken under another account’s %s, nor what comes with it', async (_what, fields) => {
    const world = new CoreWorld();
    const foreign = { ...message(), ...fields };

    await expect(accept(world, { events: [message(), foreign] })).rejects.toMatchObject({ code: 'internal' });
    expect((await world.store.inbox.listEvents({}, { limit: 10 })).items).toEqual([]);
  });
});

it.each([1, 8, 12, 32])('makes %i hex digits of chance', (digits) => {
  let seed = 0;
  const random = (): number => (seed = (seed + 0.37) % 1);

  expect(randomHex(random, digits)).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
  expect(randomHex(() => 0, digits)).toBe('0'.repeat(digits));
});
