import { describe, expect, it } from 'vitest';
import { ManualClock, settled } from '../../../../test/support/manual-clock.ts';
import { AppError } from '../../../domain/errors.ts';
import type { SessionStartLimit } from './gateway-info.ts';
import { budgetWaitOf, createIdentifyGate, type IdentifyGate } from './identify-gate.ts';

const never = new AbortController().signal;

function openGate(given: Partial<SessionStartLimit> = {}): {
  clock: ManualClock;
  gate: IdentifyGate;
  limit: { remaining: number };
  reads: () => number;
} {
  const clock = new ManualClock();
  const limit = { remaining: 1_000, resetAfterMs: 3_600_000, maxConcurrency: 1, ...given };
  let reads = 0;
  const gate = createIdentifyGate({
    clock,
    limit: async () => {
      reads++;
      return { ...limit };
    },
  });
  return { clock, gate, limit, reads: () => reads };
}

describe('turns', () => {
  it('come one per five seconds, in order', async () => {
    const { clock, gate } = openGate();
    const start = clock.now();
    const turns: (readonly [number, number])[] = [];

    for (const shard of [0, 1, 2])
      void gate.turn(shard, never).then(() => turns.push([shard, clock.now() - start]));
    await clock.pass(30_000);

    expect(turns).toEqual([
      [0, 0],
      [1, 5_500],
      [2, 11_000],
    ]);
  });

  it('come side by side for shards of different keys', async () => {
    const { clock, gate } = openGate({ maxConcurrency: 2 });
    const start = clock.now();
    const turns: (readonly [number, number])[] = [];

    for (const shard of [0, 1, 2, 3])
      void gate.turn(shard, never).then(() => turns.push([shard, clock.now() - start]));
    await clock.pass(30_000);

    expect(turns).toEqual([
      [0, 0],
      [1, 0],
      [2, 5_500],
      [3, 5_500],
    ]);
  });

  it('come at once when the last one is long ago', async () => {
    const { clock, gate } = openGate();

    await gate.turn(0, never);
    await clock.pass(5_500);
    await gate.turn(0, never);

    expect(clock.pending).toBe(0);
  });

  it('can be given up', async () => {
    const { clock, gate } = openGate();
    const controller = new AbortController();
    await gate.turn(0, never);

    const waiting = gate.turn(1, controller.signal);
    await settled();
    controller.abort(new AppError('conflict', 'stopped'));

    await expect(waiting).rejects.toThrow('stopped');
    await expect(gate.turn(2, controller.signal)).rejects.toThrow('stopped');
    expect(clock.pending).toBe(0);
  });
});

describe('the budget', () => {
  it('is read before every start', async () => {
    const { clock, gate, reads } = openGate();

    for (let start = 0; start < 3; start++) {
      await gate.turn(0, never);
      await clock.pass(6_000);
    }

    expect(reads()).toBe(3);
  });

  it('is never used up: ten starts stay, and the error says how long to wait', async () => {
    const { gate } = openGate({ remaining: 10 });

    const error = await gate.turn(0, never).catch((thrown: unknown) => thrown as AppError);

    expect(error).toMatchObject({ code: 'rate_limited', message: expect.stringContaining('60 minutes') });
    expect(budgetWaitOf(error as AppError)).toBe(3_600_000);
    expect(budgetWaitOf(new AppError('rate_limited', 'another'))).toBeUndefined();
  });

  it('counts the starts that the API does not count yet', async () => {
    const { clock, gate } = openGate({ remaining: 12, maxConcurrency: 16 });

    const turns = Promise.allSettled([0, 1, 2, 3].map((shard) => gate.turn(shard, never)));
    await clock.pass(1);

    const results = await turns;
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    // By then it does.
    const waits = results.flatMap((result) =>
      result.status === 'rejected' ? budgetWaitOf(result.reason as AppError) : [],
    );
    expect(waits).toEqual([10_000, 10_000]);
  });

  it('is there again after the reset', async () => {
    const { clock, gate, limit } = openGate({ remaining: 3 });

    await expect(gate.turn(0, never)).rejects.toThrow('session starts');
    await clock.pass(3_600_000);
    limit.remaining = 1_000;

    await expect(gate.turn(0, never)).resolves.toBeUndefined();
  });

  it('passes on that it could not be read, and is read again for the next', async () => {
    const clock = new ManualClock();
    let reads = 0;
    const gate = createIdentifyGate({
      clock,
      limit: async () => {
        if (++reads === 1) throw new AppError('unavailable', 'no answer');
        return { remaining: 100, resetAfterMs: 1, maxConcurrency: 1 };
      },
    });

    await expect(gate.turn(0, never)).rejects.toThrow('no answer');
    await expect(gate.turn(0, never)).resolves.toBeUndefined();
  });
});
