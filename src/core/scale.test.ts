import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, textOf } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import type { MessageId, PartId } from '../domain/ids.ts';
import type { InboundMessageEvent } from '../domain/inbound-event.ts';
import type { NewPart } from '../store/outbox-store.ts';

// What one call of the store costs does not grow with what is stuck: src/store/sqlite/query-plan.test.ts.
// Here: neither does the number of the calls, nor who comes first.
const stuckRows = 100_000;
const lanes = 60;
const batch = 5_000;

afterEach(closeAll);

interface Work {
  /** How often each method of the store was called from the first message in a free lane to the last answer. */
  readonly calls: Readonly<Record<string, number>>;
  /** What was handled, in order. */
  readonly handled: readonly string[];
}

async function measured(world: CoreWorld, work: () => Promise<void>): Promise<Work['calls']> {
  const before = world.faults.calls.length;
  await work();
  const calls: Record<string, number> = {};
  for (const name of world.faults.calls.slice(before)) calls[name] = (calls[name] ?? 0) + 1;
  return calls;
}

function inRoom(conversation: string, nth: number): InboundMessageEvent {
  const id = `${conversation}-${nth}`;
  const address = { connector: 'echo:default' as never, conversation, message: id };
  return message({ text: id, dedupeKey: id, address });
}

/** Events in many lanes, beside one whose head never ends and behind which so many wait. */
async function inboxBeside(stuck: number): Promise<Work> {
  const world = new CoreWorld();
  world.run = async (turn) => {
    if (textOf(turn.event) === 'stuck-0') await new Promise(() => undefined);
    return { kind: 'answered' };
  };
  await world.furnish();
  const engine = await world.start({ inboxDepthMax: 2 * stuckRows });
  for (let from = 0; from < stuck; from += batch) {
    const events = Array.from({ length: Math.min(batch, stuck - from) }, (_none, nth) =>
      inRoom('stuck', from + nth),
    );
    await engine.ingest.accept({ source: events[0]!.source, events });
  }
  await settled();

  const calls = await measured(world, async () => {
    for (let lane = 0; lane < lanes; lane++) await world.accept(engine, inRoom(`free-${lane}`, 0));
    await world.until(() => world.turns.length === lanes + 1);
  });
  return { calls, handled: world.turns.map(({ event }) => textOf(event)) };
}

function part(conversation: string, nth: number): NewPart {
  const id = `${conversation}-${nth}`;
  return {
    id: `prt_${id}` as PartId,
    message: `msg_${id}` as MessageId,
    key: `${id}:0`,
    address: { connector: 'echo:default' as never, conversation },
    operation: { op: 'send', text: id },
    part: 1,
    parts: 1,
    origin: { kind: 'api', principal: 'tok_test' },
  };
}

async function outboxBeside(stuck: number): Promise<Work> {
  const world = new CoreWorld();
  world.adapter.prepare = (session) => {
    session.send = async ({ operation }) => {
      if (textOf(operation) === 'stuck-0')
        return { kind: 'retry', code: 'rate_limited', afterMs: 3_600_000, scope: 'lane', deferral: true };
      return { kind: 'delivered', platformIds: [] };
    };
  };
  await world.addConnector();
  await world.start();
  await settled();
  const enqueue = (parts: readonly NewPart[]): Promise<unknown> =>
    world.store.outbox.enqueue(parts, world.clock.now(), 2 * stuckRows);
  for (let from = 0; from < stuck; from += batch)
    await enqueue(
      Array.from({ length: Math.min(batch, stuck - from) }, (_none, nth) => part('stuck', from + nth)),
    );
  await settled();

  const calls = await measured(world, async () => {
    for (let lane = 0; lane < lanes; lane++) await enqueue([part(`free-${lane}`, 0)]);
    await world.until(() => world.sentTexts.length === lanes + 1);
  });
  return { calls, handled: world.sentTexts };
}

describe.each([
  ['turns', inboxBeside],
  ['deliveries', outboxBeside],
])('%s beside a lane in which 100,000 rows are stuck', (_what, beside) => {
  it('take as many steps as beside one in which a single row is, and none of them waits for it', async () => {
    const besideOne = await beside(1);
    const besideMany = await beside(stuckRows);

    expect(besideMany).toEqual(besideOne);
    expect(besideMany.handled.slice(1)).toEqual(
      Array.from({ length: lanes }, (_none, lane) => `free-${lane}-0`),
    );
  });
});
