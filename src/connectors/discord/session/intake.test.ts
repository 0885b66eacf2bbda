import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { RecordingLog } from '../../../../test/support/recording-log.ts';
import { AppError, type ErrorCode } from '../../../domain/errors.ts';
import type { EventId } from '../../../domain/ids.ts';
import type { GatewayDispatch } from '../gateway/contract.ts';
import { Intake } from './intake.ts';

const point = { sessionId: 'the-session', seq: 9, resumeUrl: 'wss://gateway.example' };
const dispatch = (seq: number): GatewayDispatch => ({ type: `TYPE_${seq}`, data: {}, seq });

/** What takes dispatches, but for those that `fail` throws at. */
class Bench {
  readonly clock = new ManualClock();
  readonly log = new RecordingLog();
  readonly closing = new AbortController();
  /** What was committed, by its numbers, with the cursor. */
  readonly taken: (readonly [string, string | undefined])[] = [];
  tries = 0;
  fail: (batch: readonly number[]) => void = () => undefined;
  readonly intake: Intake;

  constructor() {
    const { clock, log } = this;
    const receiver = {
      take: async (batch: readonly GatewayDispatch[], _point: unknown, cursor?: () => string) => {
        this.tries++;
        this.fail(batch.map(({ seq }) => seq));
        this.taken.push([batch.map(({ seq }) => seq).join(), cursor?.()]);
        return batch.map(({ seq }) => ({ id: `evt_${seq}` as EventId, duplicate: false }));
      },
    };
    this.intake = new Intake({ receiver, clock, log, signal: this.closing.signal });
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
    expect(bench.intake.setAside).toEqual({});
  });

  it('that fails for a moment is taken whole a little later', async () => {
    const bench = new Bench();
    bench.fail = () => {
      if (bench.tries < 3) throw new Error('A bug that comes and goes.');
    };

    await bench.take(1, 2);

    expect(bench.taken).toEqual([['1,2', 'at 2']]);
    expect(bench.intake.setAside).toEqual({});
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
    expect(bench.intake.setAside).toEqual({ TYPE_2: 1 });
    expect(bench.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { event: 'gateway.dispatch_set_aside', type: 'TYPE_2', seq: 2 },
    ]);
  });

  it('of which nothing can be taken, nor a cursor, is left with the gateway', async () => {
    const bench = new Bench();
    bench.fail = () => {
      throw new AppError('internal', 'Nothing works.');
    };

    await expect(bench.take(1, 2)).rejects.toMatchObject({ code: 'internal' });
    expect(bench.taken).toEqual([]);
    expect(bench.intake.setAside).toEqual({});
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
    expect(bench.intake.setAside).toEqual({ TYPE_2: 1 });
  });

  it('is let go of when the session is closed', async () => {
    const bench = new Bench();
    bench.poison('internal', 1);
    bench.clock.after(100, () => bench.closing.abort(new AppError('unavailable', 'The session is closing.')));

    await expect(bench.take(1)).rejects.toMatchObject({ code: 'unavailable' });
    expect(bench.intake.setAside).toEqual({});
  });
});
