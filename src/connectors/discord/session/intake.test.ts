import { describe, expect, it } from 'vitest';
import type { ManualClock } from '../../../../test/support/manual-clock.ts';
import { RecordingLog } from '../../../../test/support/recording-log.ts';
import { AppError, type ErrorCode } from '../../../domain/errors.ts';
import type { EventId } from '../../../domain/ids.ts';
import type { GatewayDispatch } from '../gateway/contract.ts';
import { Intake } from './intake.ts';
import { SessionBench } from './session.fixture.ts';
import { SetAside } from './set-aside.ts';

const point = { sessionId: 'the-session', seq: 9, resumeUrl: 'wss://gateway.example' };
const dispatch = (seq: number): GatewayDispatch => ({
  type: 'MESSAGE_CREATE',
  data: { id: `${seq}`, channel_id: '5' },
  seq,
});

type Failure = (batch: readonly number[]) => void;

/** What takes dispatches, but for those that `fail` throws at. */
class Bench {
  readonly clock: ManualClock;
  readonly log = new RecordingLog();
  readonly closing = new AbortController();
  /** What was committed, by its numbers, with the cursor. */
  readonly taken: (readonly [string, string | undefined])[] = [];
  readonly known = new Set<number>();
  tries = 0;
  fail: Failure = () => undefined;
  readonly session: SessionBench;
  readonly intake: Intake;
  readonly setAside: SetAside;

  /** After another session of the same connector, or as the first. */
  constructor(session = new SessionBench()) {
    this.session = session;
    this.clock = session.clock;
    const { clock, log } = this;
    this.setAside = new SetAside({ ...session.host, log });
    const { setAside } = this;
    const receiver = {
      take: async (batch: readonly GatewayDispatch[], _point: unknown, cursor?: () => string) => {
        this.tries++;
        this.fail(batch.map(({ seq }) => seq));
        this.taken.push([batch.map(({ seq }) => seq).join(), cursor?.()]);
        return batch.flatMap(({ seq }) => {
          const duplicate = this.known.has(seq);
          this.known.add(seq);
          return { id: `evt_${seq}` as EventId, duplicate };
        });
      },
    };
    this.intake = new Intake({ receiver, setAside, clock, log, signal: this.closing.signal });
  }

  /** From now on whatever has one of these in it is refused. */
  poison(code: ErrorCode, ...seqs: readonly number[]): void {
    this.fail = (batch) => {
      if (batch.some((seq) => seqs.includes(seq))) throw new AppError(code, 'It cannot be stored.');
    };
  }

  /** Settles as taking these does, with time going by. */
  async take(...seqs: readonly number[]): Promise<readonly string[]> {
    const done = this.intake.take(seqs.map(dispatch), point, () => `at ${seqs.at(-1)}`);
    done.catch(() => undefined);
    await this.clock.pass(60_000);
    return (await done).map(({ id }) => id);
  }
}

describe('a batch', () => {
  it('that can be taken is taken whole, with its cursor', async () => {
    const bench = new Bench();

    expect(await bench.take(1, 2)).toEqual(['evt_1', 'evt_2']);
    expect(bench.taken).toEqual([['1,2', 'at 2']]);
    expect(bench.setAside.counts).toEqual({});
  });

  it('that fails for a moment is taken whole a little later', async () => {
    const bench = new Bench();
    bench.fail = () => {
      if (bench.tries < 3) throw new Error('A bug that comes and goes.');
    };

    await bench.take(1, 2);

    expect(bench.taken).toEqual([['1,2', 'at 2']]);
    expect(bench.setAside.counts).toEqual({});
  });

  it('with something that cannot be taken is taken but for that, in order, and goes on behind it', async () => {
    const bench = new Bench();
    bench.poison('internal', 2);

    expect(await bench.take(1, 2, 3)).toEqual(['evt_1', 'evt_3']);
    expect(bench.taken).toEqual([
      ['1', undefined],
      ['3', undefined],
      ['', 'at 3'],
    ]);
    expect(bench.tries).toBe(3 + 3 + 1);
    expect(bench.setAside.counts).toEqual({ MESSAGE_CREATE: 1 });
    expect(bench.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { event: 'gateway.dispatch_set_aside', type: 'MESSAGE_CREATE', channel: '5', message: '2' },
    ]);
    expect(bench.session.gapRecords).toMatchObject([
      {
        scope: 'channel 5',
        state: 'skipped',
        skipped: 1,
        cause: 'Something could not be stored: It cannot be stored.',
        detail: 'Left out in 5: MESSAGE_CREATE 2.',
      },
    ]);
  });

  it('of which nothing can be taken, nor a cursor, is left with the gateway', async () => {
    const bench = new Bench();
    bench.fail = () => {
      throw new AppError('internal', 'Nothing works.');
    };

    await expect(bench.take(1, 2)).rejects.toMatchObject({ code: 'internal' });
    expect(bench.taken).toEqual([]);
    expect(bench.setAside.counts).toEqual({});
  });

  it('of which no event can be taken is left with the gateway, although a cursor could be', async () => {
    const bench = new Bench();
    bench.fail = (batch) => {
      if (batch.length > 0) throw new AppError('internal', 'No such column.');
    };

    await expect(bench.take(1, 2)).rejects.toMatchObject({ code: 'internal' });
    expect(bench.taken).toEqual([]);
    expect(bench.setAside.counts).toEqual({});
    expect(bench.session.gapRecords).toEqual([]);
  });

  it('of which only what was known can be taken is left with the gateway', async () => {
    const bench = new Bench();
    bench.known.add(1);
    bench.poison('internal', 2);

    await expect(bench.take(1, 2)).rejects.toMatchObject({ code: 'internal' });
    expect(bench.taken).toEqual([['1', undefined]]);
  });

  it('of one that cannot be taken is judged by what comes behind it', async () => {
    const bench = new Bench();
    bench.poison('internal', 2, 3);
    for (const seq of [2, 3, 4]) bench.intake.expect(dispatch(seq), point.sessionId);
    bench.intake.expect(dispatch(5), 'another-session');

    await bench.take(2);

    expect(bench.taken).toEqual([
      ['4', undefined],
      ['', 'at 2'],
    ]);
    expect(bench.setAside.counts).toEqual({ MESSAGE_CREATE: 1 });
  });

  it('with more faults than come singly is left with the gateway, by later sessions too, and goes on hourly', async () => {
    const bench = new Bench();
    const faulty = [2, 3, 4, 5, 6, 7];
    bench.poison('internal', ...faulty);
    const take = async (session: Bench): Promise<string> => {
      session.poison('internal', ...faulty);
      return session.take(...faulty, 20 + session.tries).then(
        () => 'taken',
        () => 'left',
      );
    };

    const first = await take(bench);
    const second = new Bench(bench.session);
    const again = await take(second);
    await second.clock.pass(3_600_000);
    const later = await take(second);

    expect([first, again, later]).toEqual(['left', 'left', 'taken']);
    expect(bench.session.gapRecords.map(({ skipped }) => skipped)).toEqual([5, 1]);
  });

  it.each(['lease_lost', 'vault_locked'] as const)('is left with the gateway at once: %s', async (code) => {
    const bench = new Bench();
    bench.poison(code, 2);

    await expect(bench.take(1, 2)).rejects.toMatchObject({ code });
    expect(bench.tries).toBe(1);
  });

  it('waits for the store, also while it is taken one by one', async () => {
    const bench = new Bench();
    let isFull = true;
    bench.fail = (batch) => {
      if (batch.includes(2)) throw new AppError('internal', 'It cannot be stored.');
      if (batch.includes(3) && isFull) throw new AppError('unavailable', 'The disk is full.');
    };
    bench.clock.after(20_000, () => {
      isFull = false;
    });

    expect(await bench.take(2, 3)).toEqual(['evt_3']);
    expect(bench.setAside.counts).toEqual({ MESSAGE_CREATE: 1 });
  });

  it('is let go of when the session is closed', async () => {
    const bench = new Bench();
    bench.poison('internal', 1);
    bench.clock.after(100, () => bench.closing.abort(new AppError('unavailable', 'The session is closing.')));

    await expect(bench.take(1)).rejects.toMatchObject({ code: 'unavailable' });
    expect(bench.setAside.counts).toEqual({});
  });
});
