import { expect, it } from 'vitest';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import { persist } from './persist.ts';

const unavailable = new AppError('unavailable', 'The disk is full.');

/** A write that fails until it is mended, and notes when it was tried. */
function failingWrite(clock: ManualClock): {
  tries: number[];
  mended: boolean;
  write: () => Promise<string>;
} {
  const store = {
    tries: [] as number[],
    mended: false,
    write: async (): Promise<string> => {
      store.tries.push(clock.now());
      if (!store.mended) throw unavailable;
      return 'written';
    },
  };
  return store;
}

it('writes once when that works', async () => {
  const clock = new ManualClock();
  const store = failingWrite(clock);
  store.mended = true;

  await expect(persist(clock, new AbortController().signal, store.write)).resolves.toBe('written');

  expect([store.tries.length, clock.pending]).toEqual([1, 0]);
});

it('tries again, less and less often, until the store takes it', async () => {
  const clock = new ManualClock();
  const store = failingWrite(clock);
  const writing = persist(clock, new AbortController().signal, store.write);

  await clock.pass(60_000);
  store.mended = true;
  await clock.pass(2_000);

  await expect(writing).resolves.toBe('written');
  const waits = store.tries.slice(1).map((at, index) => at - (store.tries[index] ?? 0));
  expect(waits.slice(0, 8)).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
  expect(store.tries.length).toBeLessThan(50);
});

it('tries a last time and gives up when it is aborted', async () => {
  const clock = new ManualClock();
  const store = failingWrite(clock);
  const controller = new AbortController();
  const writing = persist(clock, controller.signal, store.write);
  await settled();

  controller.abort();

  await expect(writing).rejects.toBe(unavailable);
  expect([store.tries.length, clock.pending]).toEqual([2, 0]);
});

it('writes even when it was aborted before, for what has happened has happened', async () => {
  const clock = new ManualClock();
  const store = failingWrite(clock);
  store.mended = true;

  await expect(persist(clock, AbortSignal.abort(), store.write)).resolves.toBe('written');
});

it.each(['lease_lost', 'conflict', 'internal'] as const)(
  'does not repeat a write that ends in %s',
  async (code) => {
    const clock = new ManualClock();
    const error = new AppError(code, 'No.');

    await expect(persist(clock, new AbortController().signal, () => Promise.reject(error))).rejects.toBe(
      error,
    );

    expect(clock.pending).toBe(0);
  },
);
