import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import { deadline, rejectAfterGrace, rejectOnAbort, sleep } from './clock.ts';

/** What became of a promise by now. */
function watch(promise: Promise<unknown>): { outcome: string } {
  const watched = { outcome: 'pending' };
  promise.then(
    (value) => (watched.outcome = `resolved: ${String(value)}`),
    (error: unknown) => (watched.outcome = `rejected: ${String(error)}`),
  );
  return watched;
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

describe('sleep', () => {
  it('resolves when the time has passed, and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const sleeping = watch(sleep(clock, 100, signal));

    await clock.pass(99);
    const before = sleeping.outcome;
    await clock.pass(1);

    expect([before, sleeping.outcome]).toEqual(['pending', 'resolved: undefined']);
    expect([listenersOf(signal), clock.pending]).toEqual([0, 0]);
  });

  it('resolves at once when it is aborted, and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleeping = watch(sleep(clock, 100, controller.signal));

    controller.abort();
    await settled();

    expect(sleeping.outcome).toBe('resolved: undefined');
    expect([listenersOf(controller.signal), clock.pending]).toEqual([0, 0]);
  });

  it('does not begin when it was aborted before', async () => {
    const clock = new ManualClock();

    await sleep(clock, 100, AbortSignal.abort());

    expect(clock.pending).toBe(0);
  });
});

describe('deadline', () => {
  it('aborts with its reason when the time is up', async () => {
    const clock = new ManualClock();
    const { signal } = deadline(clock, 100, () => 'late', new AbortController().signal);

    await clock.pass(100);

    expect([signal.aborted, signal.reason]).toEqual([true, 'late']);
  });

  it('aborts with the reason of the parent that aborts first', () => {
    const parent = new AbortController();
    const { signal } = deadline(new ManualClock(), 100, () => 'late', parent.signal);

    parent.abort('stop');

    expect(signal.reason).toBe('stop');
  });

  it('is over when the work is', async () => {
    const clock = new ManualClock();
    const { signal, clear } = deadline(clock, 100, () => 'late');

    clear();
    await clock.pass(200);

    expect([signal.aborted, clock.pending]).toEqual([false, 0]);
  });
});

describe('rejectOnAbort', () => {
  it('settles like the work, and leaves no listener', async () => {
    const { signal } = new AbortController();

    const value = await rejectOnAbort(Promise.resolve(7), signal);

    expect([value, listenersOf(signal)]).toEqual([7, 0]);
  });

  it('rejects with the reason of the signal when that comes first', async () => {
    const controller = new AbortController();
    const work = watch(rejectOnAbort(new Promise(() => undefined), controller.signal));

    controller.abort('enough');
    await settled();

    expect(work.outcome).toBe('rejected: enough');
  });

  it('lets work that fails too late fail unheard', async () => {
    const work = Promise.withResolvers<never>();
    const waiting = watch(rejectOnAbort(work.promise, AbortSignal.abort('enough')));

    work.reject(new Error('too late'));
    await settled();

    expect(waiting.outcome).toBe('rejected: enough');
  });
});

describe('rejectAfterGrace', () => {
  it('takes an answer that comes within the grace', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const work = Promise.withResolvers<string>();
    const waiting = watch(rejectAfterGrace(work.promise, controller.signal, clock, 50));

    controller.abort('stop');
    await clock.pass(49);
    work.resolve('just in time');
    await settled();

    expect(waiting.outcome).toBe('resolved: just in time');
    expect([listenersOf(controller.signal), clock.pending]).toEqual([0, 0]);
  });

  it('gives up when the grace is over, also when the signal had aborted before', async () => {
    const clock = new ManualClock();
    const waiting = watch(
      rejectAfterGrace(new Promise(() => undefined), AbortSignal.abort('stop'), clock, 50),
    );

    await clock.pass(50);

    expect([waiting.outcome, clock.pending]).toEqual(['rejected: stop', 0]);
  });

  it('waits for ever where nothing aborts', async () => {
    const clock = new ManualClock();
    const waiting = watch(
      rejectAfterGrace(new Promise(() => undefined), new AbortController().signal, clock, 50),
    );

    await clock.pass(1_000_000);

    expect(waiting.outcome).toBe('pending');
  });
});
