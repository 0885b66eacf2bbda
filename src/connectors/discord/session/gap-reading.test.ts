import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import type { EventId } from '../../../domain/ids.ts';
import { messagesRoute, minute, numbers, ReadingBench } from './gap-reading.fixture.ts';
import { channel, lost, refused, wait } from './session.fixture.ts';

describe('a place that is read back', () => {
  it('brings every message once, in the order in which they were written, page by page', async () => {
    const bench = new ReadingBench();
    bench.fill(250);

    await bench.read();

    expect(bench.texts).toEqual(numbers(250));
    expect(bench.pages).toBe(3);
    expect(bench.reading.end).toEqual({ state: 'read_back', recovered: 250, duplicates: 0, skipped: 0 });
  });

  it('needs one page more when the last one is full', async () => {
    const bench = new ReadingBench();
    bench.fill(200);

    await bench.read();

    expect(bench.texts).toHaveLength(200);
    expect(bench.pages).toBe(3);
  });

  it('counts what was in the inbox already', async () => {
    const bench = new ReadingBench();
    const [first] = bench.fill(3);
    await bench.read(bench.place(), bench.idAt(9 * minute, 1));

    const again = bench.begin();
    await again.read(bench.place(), bench.signal.signal);

    expect(bench.inbox.events[0]).toMatchObject({ dedupeKey: `message:${first}` });
    expect(again.end).toMatchObject({ recovered: 2, duplicates: 1 });
  });

  it('goes on behind what cannot be read in a full page', async () => {
    const bench = new ReadingBench();
    bench.fill(150);
    const whole = bench.rest.history.get(channel) ?? [];
    bench.rest.history.set(
      channel,
      whole.map((message, index) => (index === 50 ? { ...message, channel_id: 7 } : message)),
    );

    await bench.read();

    expect(bench.texts).toEqual([...numbers(50), ...numbers(99, 51)]);
  });

  it('ends when a page brings nothing new', async () => {
    const bench = new ReadingBench();
    bench.fill(100);
    const page = (bench.rest.history.get(channel) ?? []).toReversed();
    bench.rest.answers.push(() => ({ kind: 'ok', status: 200, body: page }));

    await bench.read();

    expect(bench.texts).toHaveLength(100);
    expect(bench.pages).toBe(2);
  });

  it('is taken for empty when the answer is no list', async () => {
    const bench = new ReadingBench();
    bench.rest.fail(messagesRoute, { kind: 'ok', status: 200, body: { message: 'What?' } });

    await bench.read();

    expect(bench.reading.end).toMatchObject({ recovered: 0, skipped: 0 });
  });
});

describe('a place that is read up to a message', () => {
  it('stops before it, and goes on from there the next time', async () => {
    const bench = new ReadingBench();
    const ids = bench.fill(10);

    await bench.read(bench.place(), ids[4]);
    const before = bench.texts;
    await bench.read();

    expect(before).toEqual(numbers(4));
    expect(bench.texts).toEqual(numbers(10));
    expect(bench.reading.end.duplicates).toBe(0);
  });

  it('asks for nothing when it has been read so far', async () => {
    const bench = new ReadingBench();
    const ids = bench.fill(10);
    await bench.read();

    await bench.read(bench.place(), ids[9]);

    expect(bench.pages).toBe(1);
  });

  it('is read by one after the other', async () => {
    const bench = new ReadingBench();
    const ids = bench.fill(120);

    await Promise.all([bench.read(), bench.read(bench.place(), ids[50]), bench.read()]);

    expect(bench.texts).toEqual(numbers(120));
    expect(bench.reading.end.duplicates).toBe(0);
  });
});

describe('a platform that does not answer', () => {
  it('is asked again, as late as it says', async () => {
    const bench = new ReadingBench();
    bench.fill(1);
    bench.rest.fail(messagesRoute, wait(20_000));
    const done = bench.read();

    await bench.clock.pass(19_999);
    const before = bench.pages;
    await bench.clock.pass(1);
    await done;

    expect(before).toBe(1);
    expect(bench.texts).toEqual(['0']);
  });

  it('leaves the place where it was after a while, and it is read from there', async () => {
    const bench = new ReadingBench();
    bench.fill(150);
    let asked = 0;
    bench.rest.answers.push(({ route }) =>
      route === messagesRoute && asked++ > 0 && asked < 10 ? lost : undefined,
    );

    const outcome = bench.read().catch((error: unknown) => error);
    await bench.clock.pass(10 * minute);
    const first = bench.texts;
    const thrown = await outcome;
    await bench.read();

    expect(thrown).toMatchObject({ code: 'unavailable' });
    expect(first).toEqual([]);
    expect(bench.texts).toEqual(numbers(150));
    expect(bench.reading.end).toMatchObject({ recovered: 150, duplicates: 0 });
  });

  it.each([
    [403, 'a conversation that we may not read'],
    [404, 'a conversation that is not there any more'],
    [400, 'a conversation that was refused with 400'],
  ])('is left alone after a %i, and the gap says so', async (status, why) => {
    const bench = new ReadingBench();
    bench.fill(1);
    bench.rest.fail(messagesRoute, refused(status));

    await bench.read();
    await bench.read();

    expect(bench.reading.end).toMatchObject({ recovered: 0, skipped: 1, detail: `Left out: ${why}.` });
    expect(bench.pages).toBe(1);
  });

  it('keeps what it told before it refused to go on', async () => {
    const bench = new ReadingBench();
    bench.fill(150);
    let asked = 0;
    bench.rest.answers.push(({ route }) =>
      route === messagesRoute && asked++ > 0 ? refused(403) : undefined,
    );

    await bench.read();

    expect(bench.texts).toEqual(numbers(100));
    expect(bench.reading.end).toMatchObject({
      skipped: 1,
      detail: 'Left out: a conversation that we may not read.',
    });
  });

  it('is not taken at its word when it does not know the token', async () => {
    const bench = new ReadingBench();
    bench.rest.fail(messagesRoute, refused(401));

    await expect(bench.read()).rejects.toMatchObject({ code: 'unauthenticated' });

    expect(bench.reading.end.skipped).toBe(0);
  });

  it('is not asked any more when the session closes', async () => {
    const bench = new ReadingBench();
    bench.rest.fail(messagesRoute, wait(60_000), 100);
    const outcome = bench.read().catch((error: unknown) => error);
    await settled();

    bench.signal.abort('closing');

    expect(await outcome).toBe('closing');
    expect(bench.pages).toBe(1);
  });
});

describe('a store that takes nothing', () => {
  it('leaves the place where it was', async () => {
    const bench = new ReadingBench();
    bench.fill(2);
    bench.inbox.isRefusing = true;

    await expect(bench.read()).rejects.toMatchObject({ code: 'unavailable' });
    bench.inbox.isRefusing = false;
    await bench.read();

    expect(bench.texts).toEqual(['0', '1']);
    expect(bench.reading.end).toMatchObject({ recovered: 2, duplicates: 0 });
  });
});

describe('a message that cannot be stored for a fault of its own', () => {
  it('does not take its page with it, and the gap says so', async () => {
    const bench = new ReadingBench();
    const ids = bench.fill(150);
    bench.poison('1');

    await bench.read();

    expect(bench.texts).toEqual(numbers(150).filter((text) => text !== '1'));
    expect(bench.reading.end).toEqual({
      state: 'read_back',
      recovered: 149,
      duplicates: 0,
      skipped: 1,
      detail: 'Left out: messages that could not be stored, for a fault of Palyra.',
    });
    expect(bench.gapRecords).toMatchObject([
      {
        state: 'skipped',
        skipped: 1,
        cause: 'Something could not be stored: It cannot be stored.',
        detail: `Left out in ${channel}: MESSAGE_CREATE ${ids[1]}.`,
      },
    ]);
  });

  it('is not passed over while nothing else can be stored', async () => {
    const bench = new ReadingBench();
    bench.fill(2);
    bench.poison('0', '1');

    await expect(bench.read()).rejects.toMatchObject({ code: 'internal' });
    const { skipped } = bench.reading.end;
    bench.setAside.stored([{ id: 'evt_1' as EventId, duplicate: false }]);
    await bench.read();

    expect(skipped).toBe(0);
    expect(bench.reading.end).toMatchObject({ recovered: 0, skipped: 2 });
  });
});
