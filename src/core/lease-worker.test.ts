import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import type { PartId, SourceId } from '../domain/ids.ts';
import { createNextId } from '../lib/ids.ts';
import type { LeasedPart } from '../store/outbox-store.ts';
import { leaseLost, LeaseWorker, type LeaseWorkerSettings } from './lease-worker.ts';

const settings = { inFlightMax: 8, perSourceMax: 4, leaseMs: 9_000, pollMs: 5_000, graceMs: 2_000 };
const stopping = new Error('The daemon stops.');

/** What one worker is doing with one row. */
interface Work {
  readonly row: LeasedPart;
  readonly signal: AbortSignal;
  /** Delivers it and lets the handler return. */
  readonly finish: () => Promise<void>;
  readonly fail: (error: Error) => void;
}

class WorkerWorld extends CoreWorld {
  readonly work: Work[] = [];
  sources: (() => readonly SourceId[]) | undefined;
  #workers = 0;

  createWorker(fields: Partial<LeaseWorkerSettings> = {}): LeaseWorker<LeasedPart> {
    const { clock, log, store } = this;
    const name = ++this.#workers;
    const { sources } = this;
    return new LeaseWorker<LeasedPart>({
      queue: store.outbox,
      clock,
      nextId: createNextId(clock, () => name / 100),
      log,
      settings: { ...settings, ...fields },
      ...(sources === undefined ? {} : { sources: () => sources() }),
      handle: (row, signal) =>
        new Promise((resolve, reject) => {
          const finish = async (): Promise<void> => {
            const report = { at: clock.now(), durationMs: 1, outcome: 'delivered' } as const;
            await store.outbox
              .settle(row, { state: 'delivered', platformIds: [] }, report)
              .then(resolve, reject);
            await settled();
          };
          this.work.push({ row, signal, finish, fail: reject });
        }),
    });
  }

  async startWorker(fields?: Partial<LeaseWorkerSettings>): Promise<LeaseWorker<LeasedPart>> {
    const worker = this.createWorker(fields);
    this.store.watch((topics) => (topics.has('outbox') ? worker.wake() : undefined));
    worker.start();
    await settled();
    return worker;
  }

  get keys(): readonly string[] {
    return this.work.map(({ row }) => row.key);
  }

  async fill(lanes: number, perLane = 1, connector = 'echo:default'): Promise<void> {
    for (let lane = 1; lane <= lanes; lane++)
      for (let nth = 1; nth <= perLane; nth++)
        await this.send(`${connector}-${lane}-${nth}`, 'hello', { connector, conversation: `room-${lane}` });
    await settled();
  }
}

afterEach(closeAll);

describe('a worker', () => {
  it('takes the head of each lane, and the next one when that is done', async () => {
    const world = new WorkerWorld();
    await world.startWorker();

    await world.fill(2, 2);
    const heads = [...world.keys];
    await world.work[1]!.finish();

    expect(heads).toEqual(['echo:default-1-1:0', 'echo:default-2-1:0']);
    expect(world.keys.slice(2)).toEqual(['echo:default-2-2:0']);
  });

  it('works on no more at once than it may, in all and of one source', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker({ inFlightMax: 6 });

    await world.fill(10, 1, 'echo:a');
    const ofOne = worker.inFlight;
    await world.fill(10, 1, 'echo:b');

    expect(ofOne).toBe(4);
    expect(worker.inFlight).toBe(6);
    expect(world.work.filter(({ row }) => row.source === 'echo:b')).toHaveLength(2);
  });

  it('fills the one place that became free with one row, whatever is due', async () => {
    const world = new WorkerWorld();
    await world.fill(6, 1, 'echo:a');
    await world.fill(6, 1, 'echo:b');
    const worker = await world.startWorker({ inFlightMax: 6, perSourceMax: 6 });
    const full = worker.inFlight;

    await world.work[0]!.finish();

    expect([full, worker.inFlight]).toEqual([6, 6]);
  });

  it('takes another when a place becomes free', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker({ perSourceMax: 1 });
    await world.fill(3);

    await world.work[0]!.finish();

    expect([worker.inFlight, world.keys]).toEqual([1, ['echo:default-1-1:0', 'echo:default-2-1:0']]);
  });

  it('keeps a place for every source that may come, so that one that does not move delays no other', async () => {
    const world = new WorkerWorld();
    world.sources = () => ['echo:a', 'echo:b', 'echo:c', 'echo:d'] as SourceId[];
    const worker = await world.startWorker();

    await world.fill(10, 1, 'echo:a');
    const ofOne = worker.inFlight;
    await world.fill(1, 1, 'echo:d');

    expect([ofOne, world.work.at(-1)?.row.source]).toEqual([2, 'echo:d']);
  });

  it('takes nothing of a source that it is not to work for', async () => {
    const world = new WorkerWorld();
    let sources = ['echo:a'] as SourceId[];
    world.sources = () => sources;
    const worker = await world.startWorker();
    await world.fill(1, 1, 'echo:b');
    const before = worker.inFlight;

    sources = ['echo:b'] as SourceId[];
    worker.wake();
    await settled();

    expect([before, worker.inFlight]).toEqual([0, 1]);
  });

  it('comes back when the earliest wait is over, and not before', async () => {
    const world = new WorkerWorld();
    await world.startWorker();
    await world.fill(1);
    const { row } = world.work[0]!;
    const at = world.clock.now();
    await world.store.outbox.defer(row, { at, dueAt: at + 3_000, reason: 'rate_limited' });
    world.work[0]!.fail(new AppError('lease_lost', 'Given back.'));

    await world.clock.pass(2_999);
    const early = world.work.length;
    await world.clock.pass(1);

    expect([early, world.work.length]).toEqual([1, 2]);
  });

  it('looks by itself, for what nobody woke it for', async () => {
    const world = new WorkerWorld();
    const worker = world.createWorker();
    worker.start();
    await settled();
    await world.fill(1);
    const before = world.work.length;

    await world.clock.pass(settings.pollMs);

    expect([before, world.work.length]).toEqual([0, 1]);
  });

  it('misses nothing that comes while it is looking, at whatever moment', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker();
    const looks: number[] = [];

    for (let steps = 0; steps < 100; steps++) {
      const before = world.faults.count('outbox.lease');
      worker.wake();
      for (let step = 0; step < steps; step++) await Promise.resolve();
      worker.wake();
      await settled();
      looks.push(world.faults.count('outbox.lease') - before);
    }

    expect(looks).toEqual(looks.map(() => 2));
  });

  it('asks the store once for each thing that happened, and not while nothing does', async () => {
    const world = new WorkerWorld();
    await world.startWorker();
    await world.fill(1);
    await world.work[0]!.finish();
    const before = world.faults.count('outbox.lease');

    await world.clock.pass(10 * settings.pollMs);

    expect(before).toBeLessThan(8);
    expect(world.faults.count('outbox.lease') - before).toBe(10);
  });

  it('asks again after a while when the store is in trouble, and loses nothing', async () => {
    const world = new WorkerWorld();
    let down = true;
    world.faults.before('outbox.lease', () => {
      if (down) throw new AppError('unavailable', 'Down.');
    });
    await world.startWorker();
    await world.fill(1);
    const before = world.work.length;

    down = false;
    await world.clock.pass(settings.pollMs);

    expect([before, world.work.length]).toEqual([0, 1]);
    expect(world.log.eventsAt('warn')).toContain('worker.lease_failed');
  });

  it('is started once', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker();

    worker.start();
    await world.fill(1);

    expect(world.work.length).toBe(1);
  });
});

describe('a row that is worked on', () => {
  it('stays with its worker for as long as that takes', async () => {
    const world = new WorkerWorld();
    await world.startWorker();
    await world.fill(1);
    await world.startWorker();

    await world.clock.pass(20 * settings.leaseMs);

    expect([world.work.length, world.work[0]?.signal.aborted]).toEqual([1, false]);
  });

  it('goes to another when its worker is gone', async () => {
    const world = new WorkerWorld();
    await world.startWorker();
    await world.fill(1);
    world.faults.before('outbox.extend', () => {
      throw new AppError('unavailable', 'Cut off.');
    });
    await world.startWorker();

    await world.clock.pass(settings.leaseMs);

    expect(world.work.map(({ row }) => [row.attempt, row.uncertain])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it('is let go of by a worker that hears that another has it, and what it writes later is refused', async () => {
    const world = new WorkerWorld();
    await world.startWorker();
    await world.fill(1);
    let isCutOff = true;
    world.faults.before('outbox.extend', () => {
      if (isCutOff) throw new AppError('unavailable', 'Cut off.');
    });
    await world.startWorker();
    await world.clock.pass(settings.leaseMs);
    isCutOff = false;
    const [stale, fresh] = world.work;

    await world.clock.pass(settings.leaseMs / 3);
    await stale?.finish();
    const after = await world.part(fresh?.row.id);

    expect([stale?.signal.aborted, stale?.signal.reason, fresh?.signal.aborted]).toEqual([
      true,
      leaseLost,
      false,
    ]);
    expect(after.state).toBe('pending');
    expect(world.log.eventsAt('info')).toContain('worker.lease_lost');
    expect(world.log.eventsAt('error')).toEqual([]);
  });

  it('is not taken by its own worker again after the machine stood still', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker();
    await world.fill(1);

    // All timers go off late, at once, and the look for work comes before the heartbeat.
    worker.wake();
    world.clock.advance(10 * settings.leaseMs);
    await settled();
    await world.work[0]!.finish();

    expect(world.work.length).toBe(1);
    expect(world.log.eventsAt('info')).not.toContain('worker.lease_lost');
  });

  it('comes again, as another attempt, when its handler has a bug', async () => {
    const world = new WorkerWorld();
    await world.startWorker();
    await world.fill(1);

    world.work[0]!.fail(new TypeError('a bug'));
    await world.clock.pass(settings.leaseMs);

    expect(world.log.eventsAt('error')).toEqual(['worker.failed']);
    expect(world.work.map(({ row }) => row.attempt)).toEqual([1, 2]);
  });
});

describe('stopping', () => {
  it('waits for what is under way, and takes nothing new', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker();
    await world.fill(1, 2);
    let stopped = false;

    const stop = worker.stop(stopping).then(() => (stopped = true));
    await settled();
    const early = stopped;
    await world.work[0]!.finish();
    await stop;
    worker.wake();
    await world.clock.pass(60_000);

    expect([early, world.work.length, world.clock.pending]).toEqual([false, 1, 0]);
  });

  it('tells what takes too long to end', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker();
    await world.fill(1);

    const stop = worker.stop(stopping);
    await world.clock.pass(settings.graceMs - 1);
    const early = world.work[0]?.signal.aborted;
    await world.clock.pass(1);
    const { signal } = world.work[0]!;
    await world.work[0]!.finish();
    await stop;

    expect([early, signal.aborted, signal.reason]).toEqual([false, true, stopping]);
  });

  it('keeps the leases alive meanwhile', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker({ graceMs: 10 * settings.leaseMs });
    await world.fill(1);
    const stop = worker.stop(stopping);
    await world.startWorker();

    await world.clock.pass(5 * settings.leaseMs);
    await world.work[0]!.finish();
    await stop;

    expect(world.work.length).toBe(1);
  });

  it('gives back what was leased in that very moment, untried', async () => {
    const world = new WorkerWorld();
    await world.fill(1);
    const answer = Promise.withResolvers<undefined>();
    world.faults.before('outbox.lease', () => answer.promise);
    const worker = await world.startWorker();

    const stop = worker.stop(stopping);
    answer.resolve(undefined);
    await stop;

    expect(await world.part('prt_echo:default-1-1_1' as PartId)).toMatchObject({
      state: 'pending',
      attempts: 0,
      reason: 'daemon_stopping',
    });
    expect(world.work).toEqual([]);
  });

  it('ends at once when nothing is under way', async () => {
    const world = new WorkerWorld();
    const worker = await world.startWorker();

    await worker.stop(stopping);

    expect(world.clock.pending).toBe(0);
  });
});
