import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import { AppError } from '../../../domain/errors.ts';
import { GapLedger } from './ledger.ts';
import { SessionBench } from './session.fixture.ts';

const counts = { recovered: 3, duplicates: 1 };
const scope = '0/1';

function open(bench = new SessionBench()) {
  return { bench, ledger: new GapLedger(bench.host, bench.closing.signal) };
}

describe('a gap', () => {
  it('lasts from the loss of a connection until what was missed is replayed', async () => {
    const { bench, ledger } = open();

    ledger.lost(scope, bench.clock.now(), 'It broke.');
    bench.clock.advance(5_000);
    ledger.resumed(scope);
    ledger.replayed(scope, counts);
    await ledger.written();

    expect(bench.gapRecords).toEqual([
      {
        id: 'gap_1',
        connector: 'discord:default',
        scope,
        cause: 'It broke.',
        fromAt: bench.clock.now() - 5_000,
        toAt: bench.clock.now(),
        state: 'resumed',
        recovered: 3,
        duplicates: 1,
        skipped: 0,
      },
    ]);
  });

  it('is owed when a new session begins, and settled with what came of it', async () => {
    const { bench, ledger } = open();
    const at = bench.clock.now();

    ledger.lost(scope, at, 'It broke.');
    const owed = await ledger.renewed(scope, at + 7_000);

    expect(owed).toMatchObject({ fromAt: at, toAt: at + 7_000, state: 'open' });
    expect(bench.gapRecords).toMatchObject([{ toAt: at + 7_000, state: 'open' }]);

    await ledger.settle(owed!, { state: 'read_back', ...counts, skipped: 2, detail: 'Left out: x.' });

    expect(bench.gapRecords).toMatchObject([
      { toAt: at + 7_000, state: 'read_back', recovered: 3, skipped: 2, detail: 'Left out: x.' },
    ]);
  });

  it('goes on when the connection is lost again before the replay is committed', async () => {
    const { bench, ledger } = open();
    const at = bench.clock.now();

    ledger.lost(scope, at, 'first');
    ledger.resumed(scope);
    ledger.lost(scope, at + 10, 'second');
    ledger.replayed(scope, counts);
    await ledger.written();

    expect(bench.gapRecords).toMatchObject([{ state: 'open', fromAt: at, cause: 'first' }]);
  });

  it('is another one when the connection is lost right after the replay', async () => {
    const { bench, ledger } = open();
    const at = bench.clock.now();

    ledger.lost(scope, at, 'first');
    ledger.resumed(scope);
    ledger.replayed(scope, counts);
    ledger.lost(scope, at + 10, 'second');
    await ledger.written();

    expect(bench.gapRecords).toMatchObject([
      { state: 'resumed', cause: 'first' },
      { state: 'open', cause: 'second', fromAt: at + 10 },
    ]);
  });

  it('is another one when the connection is lost right after a new session began', async () => {
    const { bench, ledger } = open();
    const at = bench.clock.now();

    ledger.lost(scope, at, 'first');
    const owed = ledger.renewed(scope, at + 10);
    ledger.lost(scope, at + 20, 'second');
    await ledger.written();

    expect(await owed).toMatchObject({ cause: 'first', toAt: at + 10 });
    expect(bench.gapRecords).toMatchObject([
      { cause: 'first', toAt: at + 10 },
      { cause: 'second', fromAt: at + 20, state: 'open' },
    ]);
    expect(bench.gapRecords[1]).not.toHaveProperty('toAt');
  });

  it('is none where a connection was never down', async () => {
    const { bench, ledger } = open();

    const owed = await ledger.renewed(scope, bench.clock.now());
    ledger.replayed(scope, counts);
    await ledger.written();

    expect(owed).toBeUndefined();
    expect(bench.gapRecords).toEqual([]);
  });
});

describe('a ledger that is opened', () => {
  it('notes a gap back to when the platform was heard last, for every connection', async () => {
    const { bench, ledger } = open();

    const owed = await ledger.begin(['0/2', '1/2'], 500, 'The daemon was away.');

    expect(owed).toEqual([]);
    expect(bench.gapRecords).toMatchObject([
      { scope: '0/2', fromAt: 500, cause: 'The daemon was away.', state: 'open' },
      { scope: '1/2', fromAt: 500 },
    ]);
  });

  it('notes none when the platform was never heard', async () => {
    const { bench, ledger } = open();

    await ledger.begin([scope], undefined, 'The daemon was away.');
    const owed = await ledger.renewed(scope, 10);

    expect(owed).toBeUndefined();
    expect(bench.gapRecords).toEqual([]);
  });

  it('lets the gap of a daemon that died go on, with its beginning', async () => {
    const { bench, ledger } = open();
    await bench.gaps.open({ scope, fromAt: 100, cause: 'It broke.' });

    const owed = await ledger.begin([scope], 900, 'The daemon was away.');
    ledger.resumed(scope);
    ledger.replayed(scope, counts);
    await ledger.written();

    expect(owed).toEqual([]);
    expect(bench.gapRecords).toMatchObject([{ fromAt: 100, cause: 'It broke.', state: 'resumed' }]);
  });

  it.each([
    ['has ended and was not settled', { scope, toAt: 200 }],
    ['is of another number of connections', { scope: '3/4' }],
  ])('answers with a gap of before that %s', async (_what, { scope: earlier, ...change }) => {
    const { bench, ledger } = open();
    const { id } = await bench.gaps.open({ scope: earlier, fromAt: 100, cause: 'It broke.' });
    await bench.gaps.update(id, change);

    const owed = await ledger.begin([scope], 900, 'The daemon was away.');

    expect(owed).toMatchObject([{ id, scope: earlier }]);
    expect(bench.gapRecords).toMatchObject([{ id }, { scope, fromAt: 900 }]);
  });

  it('takes only the first of two open gaps of a connection for the one that goes on', async () => {
    const { bench, ledger } = open();
    await bench.gaps.open({ scope, fromAt: 100, cause: 'a' });
    await bench.gaps.open({ scope, fromAt: 200, cause: 'b' });

    const owed = await ledger.begin([scope], 900, 'c');

    expect(owed).toMatchObject([{ cause: 'b' }]);
    expect(await ledger.renewed(scope, 950)).toMatchObject({ cause: 'a' });
  });
});

describe('a store that fails', () => {
  it('makes no gap disappear: it is written when a new session begins', async () => {
    const { bench, ledger } = open();
    bench.gapsFail = true;
    ledger.lost(scope, 100, 'It broke.');
    await ledger.written();
    bench.gapsFail = false;

    const owed = await ledger.renewed(scope, 200);

    expect(owed).toMatchObject({ fromAt: 100, toAt: 200, cause: 'It broke.' });
    expect(bench.log.eventsAt('warn')).toEqual(['gap.not_written']);
  });

  it('is waited for when a new session begins, and what happens next is written after it', async () => {
    const { bench, ledger } = open();
    ledger.lost(scope, 100, 'first');
    await ledger.written();
    bench.gapsFail = true;
    const renewal = ledger.renewed(scope, 200);
    ledger.lost(scope, 300, 'second');
    await bench.clock.pass(60_000);
    const before = bench.gapRecords;

    bench.gapsFail = false;
    await bench.clock.pass(5_000);

    expect(before).toMatchObject([{ cause: 'first' }]);
    expect(before[0]).not.toHaveProperty('toAt');
    expect(await renewal).toMatchObject({ cause: 'first', toAt: 200 });
    expect(bench.gapRecords).toMatchObject([
      { cause: 'first', toAt: 200 },
      { cause: 'second', fromAt: 300 },
    ]);
  });

  it('keeps a new session that closes from being taken for one in which nothing was missed', async () => {
    const { bench, ledger } = open();
    ledger.lost(scope, 100, 'It broke.');
    await ledger.written();
    bench.gapsFail = true;
    const renewal = ledger.renewed(scope, 200).catch((error: unknown) => error);
    await bench.clock.pass(1_000);

    bench.closing.abort(new AppError('unavailable', 'The session is closing.'));
    await ledger.written();

    expect(await renewal).toMatchObject({ message: 'The disk is full.' });
    expect(bench.gapRecords[0]).not.toHaveProperty('toAt');
  });

  it('is waited for when all was replayed', async () => {
    const { bench, ledger } = open();
    ledger.lost(scope, 100, 'It broke.');
    await ledger.written();
    bench.gapsFail = true;
    ledger.resumed(scope);

    ledger.replayed(scope, counts);
    await bench.clock.pass(60_000);
    const before = bench.gapRecords;
    bench.gapsFail = false;
    await bench.clock.pass(5_000);

    expect(before).toMatchObject([{ state: 'open' }]);
    expect(bench.gapRecords).toMatchObject([{ state: 'resumed', recovered: 3 }]);
  });

  it('is a line in the log when all was replayed and the session closes: the next one owes the gap', async () => {
    const { bench, ledger } = open();
    ledger.lost(scope, 100, 'It broke.');
    await ledger.written();
    bench.gapsFail = true;
    ledger.resumed(scope);
    ledger.replayed(scope, counts);
    await bench.clock.pass(1_000);

    bench.closing.abort(new AppError('unavailable', 'The session is closing.'));
    await ledger.written();

    expect(bench.log.eventsAt('warn')).toContain('gap.not_written');
    expect(bench.gapRecords).toMatchObject([{ state: 'open' }]);
  });
});

type Step = 'lost' | 'resumed' | 'replayed' | 'renewed' | 'write';

it('covers every time in which a connection was down, whatever happens in whichever order', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom<Step>('lost', 'resumed', 'replayed', 'renewed', 'write'), {
        maxLength: 40,
        size: 'max',
      }),
      async (steps) => {
        const { bench, ledger } = open();
        let downSince: number | undefined;
        const downs: (readonly [number, number])[] = [];
        for (const step of steps) {
          bench.clock.advance(10);
          const at = bench.clock.now();
          if (step === 'lost' && downSince === undefined) {
            ledger.lost(scope, at, 'It broke.');
            downSince = at;
          }
          if ((step === 'resumed' || step === 'renewed') && downSince !== undefined) {
            if (step === 'resumed') ledger.resumed(scope);
            else void ledger.renewed(scope, at);
            downs.push([downSince, at]);
            downSince = undefined;
          }
          if (step === 'replayed' && downSince === undefined) ledger.replayed(scope, counts);
          if (step === 'write') await settled();
        }
        await ledger.written();

        for (const [from, to] of downs)
          expect(
            bench.gapRecords.some(({ fromAt, toAt = Infinity }) => fromAt <= from && to <= toAt),
            `${from}–${to}`,
          ).toBe(true);
      },
    ),
  ));
