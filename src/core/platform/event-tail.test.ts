import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../../test/support/core-world.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { type EventBatch, openEventTail } from './event-tail.ts';

let world: CoreWorld;
let ending: AbortController;

beforeEach(() => {
  world = new CoreWorld();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await closeAll();
});

function tail(after?: string, filter = {}): Promise<AsyncGenerator<EventBatch, void>> {
  return openEventTail(world, { after, filter, idleMs: 15_000, signal: ending.signal });
}

/** Writes so many entries, and returns when they are on disk. */
async function record(kind: string, count = 1): Promise<void> {
  const entry = { at: 0, kind, level: 'info', data: {} } as const;
  await world.store.journal.append(Array.from({ length: count }, () => entry));
}

function kindsOf(batch: EventBatch | undefined): string[] | undefined {
  return typeof batch === 'object' ? batch.map(({ kind }) => kind) : batch && [batch];
}

/** The kinds in the next batch that is not empty; undefined when there is none any more. */
async function next(entries: AsyncGenerator<EventBatch, void>): Promise<string[] | undefined> {
  for (;;) {
    const { value } = await entries.next();
    const kinds = kindsOf(value ?? undefined);
    if (kinds?.length !== 0) return kinds;
  }
}

describe('the tail of the recorder', () => {
  it('begins with what comes after it was opened', async () => {
    await record('before');
    const entries = await tail();

    await record('after');

    expect(await next(entries)).toEqual(['after']);
  });

  it('wakes for what comes while it waits', async () => {
    const entries = await tail();
    const waiting = next(entries);

    await record('late');

    expect(await waiting).toEqual(['late']);
  });

  it('says that it is still there when nothing comes', async () => {
    const entries = await tail();
    const waiting = next(entries);

    await world.clock.passUntil(() => world.clock.pending > 0);
    await world.clock.pass(14_999);
    const tooEarly = world.clock.pending;
    await world.clock.pass(1);

    expect(tooEarly).toBe(1);
    expect(await waiting).toEqual(['idle']);
  });

  it('says so too while only others than it asks for come', async () => {
    const entries = await tail(undefined, { kind: 'wanted' });
    const waiting = next(entries);

    await record('other', 3);
    await world.clock.passUntil(() => world.clock.pending > 0);
    await world.clock.pass(15_000);

    expect(await waiting).toEqual(['idle']);
    await record('wanted');
    expect(await next(entries)).toEqual(['wanted']);
  });

  it('gives much in batches, one when it is asked for, without a gap', async () => {
    await record('many', 450);
    const entries = await tail('0');

    const sizes = [
      (await next(entries))?.length,
      (await next(entries))?.length,
      (await next(entries))?.length,
    ];

    expect(sizes).toEqual([200, 200, 50]);
  });

  it('ends when it is told, and waits for nothing any more', async () => {
    const entries = await tail();
    const waiting = next(entries);
    await world.clock.passUntil(() => world.clock.pending > 0);

    ending.abort();

    expect([await waiting, world.clock.pending]).toEqual([undefined, 0]);
    expect(await entries.next()).toEqual({ done: true, value: undefined });
  });

  it('does not begin after what never was', async () => {
    await record('one');

    await expect(tail('2')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(tail('-1')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(tail('1')).resolves.toBeDefined();
  });

  it('begins after what was, although retention has removed everything', async () => {
    await expect(tail('7')).resolves.toBeDefined();
  });
});
