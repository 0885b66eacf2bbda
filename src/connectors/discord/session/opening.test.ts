import { describe, expect, it } from 'vitest';
import { ManualClock, settled } from '../../../../test/support/manual-clock.ts';
import { createIdentifyGate } from '../gateway/identify-gate.ts';
import { Hearing } from './hearing.ts';
import { Opening } from './opening.ts';

const never = new AbortController().signal;

function open({ remaining = 1_000, count = 1 } = {}) {
  const clock = new ManualClock();
  const hearing = new Hearing();
  const limit = { remaining, resetAfterMs: 3_600_000, maxConcurrency: 1 };
  const gate = createIdentifyGate({ clock, limit: async () => limit });
  const closing = new AbortController();
  const opening = new Opening({ gate, hearing, count, clock, signal: closing.signal });
  const names = Array.from({ length: count }, (_none, index) => `${index}/${count}`);
  for (const name of names) hearing.expect(name, clock.now(), () => undefined);
  const turns = (): Promise<unknown> =>
    Promise.allSettled(names.map((name, index) => opening.turn(name, index, never)));
  const state = (): Promise<string> =>
    Promise.race([
      opening.done.then(
        () => 'open',
        (error: unknown) => (error as Error).message,
      ),
      settled().then(() => 'opening'),
    ]);
  return { clock, hearing, opening, closing, names, turns, state };
}

describe('a session is open', () => {
  it('as soon as anything is heard', async () => {
    const { opening, state } = open();
    const before = await state();

    opening.heard();

    expect([before, await state()]).toEqual(['opening', 'open']);
  });

  it('while the gateway takes its time with the session that it was asked for', async () => {
    const { clock, turns, state } = open();
    await turns();
    await clock.pass(9_000);
    const before = await state();

    await clock.pass(1_000);

    expect([before, await state()]).toEqual(['opening', 'open']);
  });

  it('never when it is closed before', async () => {
    const { clock, turns, closing, state } = open();
    await turns();

    closing.abort();
    await clock.pass(20_000);

    expect(await state()).toBe('opening');
  });

  it('never when no shard may begin one today, and says so', async () => {
    const { turns, state } = open({ remaining: 10, count: 3 });

    await turns();

    expect(await state()).toContain('Only 10 session starts are left today');
  });

  it('with those that are heard, when others may not begin one today', async () => {
    const { turns, opening, names, state } = open({ remaining: 10, count: 3 });

    await Promise.allSettled(names.slice(1).map((name, index) => opening.turn(name, index + 1, never)));
    const before = await state();
    opening.heard();
    await turns();

    expect([before, await state()]).toEqual(['opening', 'open']);
  });
});

it('of many shards that start one after the other, none counts as unheard for long', async () => {
  const { clock, hearing, names, turns } = open({ count: 16 });
  const waits: number[] = [];

  void turns();
  for (let second = 0; second < 88; second++) {
    await clock.pass(1_000);
    // Each is up within the second in which its turn came.
    const up = Math.floor(second / 5.5) + 1;
    for (const name of names.slice(0, up)) hearing.note(name, { state: 'ready', at: clock.now() });
    const { ok, since } = hearing.reception;
    waits.push(ok ? 0 : clock.now() - since);
  }

  expect(Math.max(...waits)).toBeLessThan(10_000);
  expect(hearing.reception.ok).toBe(true);
});
