import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import type { GatewayDispatch, ResumePoint } from './contract.ts';
import { DispatchQueue, type LiveSession, type QueueEntry, waitingMax } from './dispatch-queue.ts';

function session(sessionId = 'one', committed: number | null = null): LiveSession {
  return { sessionId, resumeUrl: `wss://${sessionId}.example`, received: 0, committed };
}

function entry(seq: number, of: LiveSession, length = 10): QueueEntry {
  return { session: of, dispatch: { type: 'X', data: null, seq }, at: seq * 10, length };
}

interface Commit {
  readonly seqs: readonly number[];
  readonly point: ResumePoint;
  readonly done: PromiseWithResolvers<unknown>;
}

function openQueue(): { queue: DispatchQueue; commits: readonly Commit[]; failures: readonly unknown[] } {
  const commits: Commit[] = [];
  const failures: unknown[] = [];
  const queue = new DispatchQueue({
    commit: async (batch: readonly GatewayDispatch[], point) => {
      const done = Promise.withResolvers();
      commits.push({ seqs: batch.map(({ seq }) => seq), point, done });
      await done.promise;
    },
    onFailed: (error) => failures.push(error),
  });
  return { queue, commits, failures };
}

describe('a dispatch', () => {
  it('is handed on at once when nothing is before it', () => {
    const { queue, commits } = openQueue();

    queue.push(entry(1, session()));

    expect(commits).toMatchObject([
      { seqs: [1], point: { sessionId: 'one', seq: 1, resumeUrl: 'wss://one.example' } },
    ]);
  });

  it('waits for those before it, and goes on with those that came meanwhile', async () => {
    const { queue, commits } = openQueue();
    const one = session();

    for (const seq of [1, 2, 3]) queue.push(entry(seq, one));
    const before = commits.length;
    commits[0]?.done.resolve(undefined);
    await settled();

    expect(before).toBe(1);
    expect(commits.map(({ seqs }) => seqs)).toEqual([[1], [2, 3]]);
    expect(one.committed).toBe(1);
    expect(queue.waiting).toBe(2);
    expect(queue.waitingSince).toBe(20);
  });

  it('never shares a batch with one of another session', async () => {
    const { queue, commits } = openQueue();
    const [one, two] = [session('one'), session('two')];

    queue.push(entry(8, one));
    for (const each of [entry(9, one), entry(1, two), entry(2, two)]) queue.push(each);
    for (const index of [0, 1, 2]) {
      commits[index]?.done.resolve(undefined);
      await settled();
    }

    expect(commits.map(({ seqs, point }) => [point.sessionId, ...seqs])).toEqual([
      ['one', 8],
      ['one', 9],
      ['two', 1, 2],
    ]);
    expect([one.committed, two.committed]).toEqual([9, 2]);
  });

  it('comes in batches of 64 at most', async () => {
    const { queue, commits } = openQueue();
    const one = session();

    for (let seq = 1; seq <= 100; seq++) queue.push(entry(seq, one));
    commits[0]?.done.resolve(undefined);
    await settled();

    expect(commits[1]?.seqs).toHaveLength(64);
  });

  it('never takes the point back', () => {
    const { queue, commits } = openQueue();

    queue.push(entry(5, session('one', 9)));

    expect(commits[0]?.point.seq).toBe(9);
  });
});

describe('the queue', () => {
  it('is full at so many dispatches, and has room again at half of them', async () => {
    const { queue, commits } = openQueue();
    const one = session();

    for (let seq = 1; seq < waitingMax; seq++) queue.push(entry(seq, one));
    const almost = queue.isFull;
    queue.push(entry(waitingMax, one));
    const full = queue.isFull;
    let hasRoom = false;
    void queue.room().then(() => (hasRoom = true));
    const waitedFor: number[] = [];
    for (let index = 0; !hasRoom; index++) {
      waitedFor.push(queue.waiting);
      commits[index]?.done.resolve(undefined);
      await settled();
    }

    expect([almost, full]).toEqual([false, true]);
    expect(waitedFor.every((waiting) => waiting > waitingMax / 2)).toBe(true);
    expect(queue.waiting).toBeLessThanOrEqual(waitingMax / 2);
  });

  it('is full at so much text', async () => {
    const { queue, commits } = openQueue();
    const one = session();

    queue.push(entry(1, one, 8_000_000));
    const first = queue.isFull;
    queue.push(entry(2, one, 9_000_000));
    const second = queue.isFull;
    const room = queue.room();
    for (const index of [0, 1]) {
      commits[index]?.done.resolve(undefined);
      await settled();
    }
    await room;

    expect([first, second, queue.isFull]).toEqual([false, true, false]);
  });

  it('is drained when all is committed, not before', async () => {
    const { queue, commits } = openQueue();
    let drained = false;

    await queue.drained();
    queue.push(entry(1, session()));
    void queue.drained().then(() => (drained = true));
    await settled();
    const before = drained;
    commits[0]?.done.resolve(undefined);
    await settled();

    expect([before, drained]).toEqual([false, true]);
  });

  it('stops at a commit that fails: the point stays, and nothing is handed on after it', async () => {
    const { queue, commits, failures } = openQueue();
    const one = session('one', 4);
    const error = new Error('The disk is full.');

    for (const seq of [5, 6, 7]) queue.push(entry(seq, one));
    commits[0]?.done.reject(error);
    await queue.drained();
    queue.push(entry(8, one));
    await settled();

    expect(failures).toEqual([error]);
    expect(commits).toHaveLength(1);
    expect(one.committed).toBe(4);
  });

  it('starts no further batch once it is stopped, and lets those who wait go', async () => {
    const { queue, commits } = openQueue();
    const one = session();
    for (let seq = 1; seq <= 3; seq++) queue.push(entry(seq, one));
    const waiting = [queue.drained(), queue.room()];

    queue.stop();
    await Promise.all(waiting);
    commits[0]?.done.resolve(undefined);
    await settled();

    expect(commits).toHaveLength(1);
    expect(one.committed).toBe(1);
  });
});
