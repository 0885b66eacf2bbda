import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import { AppError } from '../../../domain/errors.ts';
import type { Snowflake } from '../api-types.ts';
import { ReadBackBench } from './read-back.fixture.ts';
import { channel, guild, lost } from './session.fixture.ts';

const minute = 60_000;
const messagesRoute = '/channels/{channel}/messages';
const all = [0, 1] as const;
const other = '800000000000000002';

describe('a gap that is owed', () => {
  it('is read back in the background, and settled', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');

    bench.readBack.owe(bench.gap(), all);
    await bench.clock.pass(500);

    expect(bench.read).toEqual(['one']);
    expect(bench.gapRecords).toMatchObject([{ state: 'read_back', recovered: 1, skipped: 0 }]);
    expect(bench.log.lines).toContainEqual(
      expect.objectContaining({ level: 'info', event: 'gap.read_back', recovered: 1 }),
    );
  });

  it('waits for the guilds of the new session, and not for ever', async () => {
    const bench = new ReadBackBench();
    const ready = {
      user: { id: '900000000000000001', username: 'bot' },
      session_id: 's',
      resume_gateway_url: 'wss://x',
      guilds: [{ id: guild, unavailable: true }],
    };
    bench.directory.apply({ type: 'READY', data: ready });
    bench.readBack.owe(bench.gap(), all);
    await bench.clock.pass(29_000);
    const before = bench.state;

    await bench.clock.pass(1_000);

    expect(before).toBe('open');
    expect(bench.state).toBe('read_back');
  });

  it('is read back from the channels that the new session told of, too', async () => {
    const bench = new ReadBackBench();
    const last = bench.miss('one', other);
    const channels = [{ id: other, type: 0, last_message_id: last }];
    bench.readBack.owe(bench.gap(), all);

    bench.directory.apply({ type: 'GUILD_CREATE', data: { id: guild, channels } });
    await bench.clock.pass(500);

    expect(bench.read).toEqual(['one']);
  });

  it('is not read before the session is live', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    const live = Promise.withResolvers<undefined>();
    bench.readBack.owe(bench.gap(), all, live.promise);
    await bench.clock.pass(minute);
    const before = bench.rest.requests.length;

    live.resolve(undefined);
    await bench.clock.pass(500);

    expect(before).toBe(0);
    expect(bench.state).toBe('read_back');
  });

  it('is none when nothing had been lost', async () => {
    const bench = new ReadBackBench();

    bench.readBack.owe(Promise.resolve(undefined), all);
    await settled();

    expect(bench.readBack.isBehind(bench.dispatch('x'))).toBe(false);
  });

  it('is said to be skipped where the policy is not to read back', async () => {
    const bench = new ReadBackBench({ mode: 'off' });
    await bench.hear();
    bench.miss('one');
    bench.readBack.owe(bench.gap(), all);

    const isBehind = bench.readBack.isBehind(bench.dispatch('x'));
    await bench.clock.pass(500);

    expect(isBehind).toBe(false);
    expect(bench.rest.requests).toEqual([]);
    expect(bench.gapRecords).toMatchObject([
      { state: 'skipped', detail: 'Reading back is switched off.', recovered: 0 },
    ]);
  });

  it('leaves out conversations beyond conversationsMax, the latest first', async () => {
    const bench = new ReadBackBench({ conversationsMax: 1 });
    await bench.hear(other);
    await bench.hear();
    bench.miss('one', other);
    bench.miss('two');
    const told = { id: '3', type: 0, guild_id: guild, last_message_id: bench.idAt(minute) };
    bench.directory.apply({ type: 'CHANNEL_CREATE', data: told });

    bench.readBack.owe(bench.gap(), all);
    await bench.clock.pass(500);

    expect(bench.read).toEqual(['two']);
    expect(bench.gapRecords).toMatchObject([
      { skipped: 2, detail: 'Left out: 2 conversations beyond conversationsMax.' },
    ]);
    expect(bench.log.eventsAt('warn')).toEqual(['gap.read_back']);
  });

  it('is read after the one before it, each from its own beginning', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');

    bench.readBack.owe(bench.gap(), all);
    bench.readBack.owe(bench.gap(), all);
    await bench.clock.pass(500);

    expect(bench.gapRecords).toMatchObject([
      { state: 'read_back', recovered: 1 },
      { state: 'read_back', recovered: 0, duplicates: 1 },
    ]);
  });
});

describe('what cannot be read back at once', () => {
  it('is tried again, and what was read is not read again', async () => {
    const bench = new ReadBackBench();
    await bench.hear(other);
    await bench.hear();
    bench.miss('one');
    bench.miss('two', other);
    const failing = new Set([other]);
    bench.rest.answers.push(({ params }) => (failing.has(params.channel ?? '') ? lost : undefined));

    bench.readBack.owe(bench.gap(), all);
    await bench.clock.pass(5 * minute);
    const before = { state: bench.state, read: bench.read };
    failing.clear();
    await bench.clock.pass(10 * minute);

    expect(before).toEqual({ state: 'open', read: ['one'] });
    expect(bench.read).toEqual(['one', 'two']);
    expect(bench.gapRecords).toMatchObject([{ state: 'read_back', recovered: 2, duplicates: 0, skipped: 0 }]);
    const asked = bench.rest.requests.filter(({ params }) => params.channel === channel);
    expect(asked).toHaveLength(1);
  });

  it('is left out in the end, and does not keep the gap open for ever', async () => {
    const bench = new ReadBackBench();
    await bench.hear(other);
    await bench.hear();
    bench.miss('one');
    bench.rest.answers.push(({ params }) => (params.channel === other ? lost : undefined));

    bench.readBack.owe(bench.gap(), all);
    await bench.clock.passUntil(() => bench.state === 'read_back', 10_000, 10_000);

    expect(bench.gapRecords).toMatchObject([
      { recovered: 1, skipped: 1, detail: 'Left out: a conversation that Discord did not let be read.' },
    ]);
  });

  it('stays open when the session closes, for the next one', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');
    bench.rest.answers.push(() => lost);
    bench.readBack.owe(bench.gap(), all);
    await bench.clock.pass(1_000);

    bench.closing.abort(new AppError('unavailable', 'The session is closing.'));
    await bench.clock.pass(minute);

    expect(bench.state).toBe('open');
    expect(bench.log.eventsAt('error')).toEqual([]);
  });

  it('is settled as soon as the store takes it', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');
    const gap = await bench.gap();
    bench.gapsFail = true;
    bench.readBack.owe(Promise.resolve(gap), all);
    await bench.clock.pass(minute);

    bench.gapsFail = false;
    await bench.clock.pass(2 * minute);

    expect(bench.gapRecords).toMatchObject([{ state: 'read_back', recovered: 1 }]);
  });

  it('is a line in the log when it could not be noted at all', async () => {
    const bench = new ReadBackBench();

    bench.readBack.owe(Promise.reject(new AppError('unavailable', 'The disk is full.')), all);
    await settled();

    expect(bench.log.eventsAt('error')).toEqual(['gap.failed']);
    expect(bench.readBack.isBehind(bench.dispatch('x'))).toBe(false);
  });
});

describe('what comes in while a gap is owed', () => {
  it('comes after what was said before it in the same place', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');
    bench.miss('two');
    bench.readBack.owe(bench.gap(), all);
    const live = bench.dispatch('three');

    const isBehind = bench.readBack.isBehind(live);
    await bench.readBack.readBefore(live);

    expect(isBehind).toBe(true);
    expect(bench.read).toEqual(['one', 'two']);
    expect(bench.state).toBe('open');
  });

  it('comes after the newest messages before it, where there were too many', async () => {
    const bench = new ReadBackBench({ perConversationMax: 2 });
    await bench.hear();
    for (const text of ['one', 'two', 'three']) bench.miss(text);
    bench.readBack.owe(bench.gap(), all);
    const heard = bench.dispatch('four');
    bench.rest.history.set(channel, [...(bench.rest.history.get(channel) ?? []), heard.data]);

    await bench.readBack.readBefore(heard);
    const before = bench.read;
    await bench.clock.pass(500);

    expect(before).toEqual(['two', 'three']);
    expect(bench.gapRecords).toMatchObject([{ state: 'read_back', skipped: 1 }]);
  });

  it('waits once in each place', async () => {
    const bench = new ReadBackBench();
    bench.readBack.owe(bench.gap(), all);
    await bench.readBack.readBefore(bench.dispatch('x'));

    const here = bench.readBack.isBehind(bench.dispatch('y'));
    const elsewhere = bench.readBack.isBehind(bench.dispatch('y', other));

    expect([here, elsewhere]).toEqual([false, true]);
  });

  it('does not wait for what the platform says that was not said', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    const last = bench.idAt(20 * minute);
    const told = { id: channel, type: 0, guild_id: guild, last_message_id: last };
    bench.directory.apply({ type: 'CHANNEL_CREATE', data: told });
    bench.readBack.owe(bench.gap(), all);

    await bench.readBack.readBefore(bench.dispatch('x', channel, { guild_id: guild }));

    expect(bench.rest.requests).toEqual([]);
  });

  it('brings what was missed in a conversation of which nobody knew', async () => {
    const bench = new ReadBackBench();
    bench.miss('first words');
    bench.readBack.owe(bench.gap(), all);

    await bench.readBack.readBefore(bench.dispatch('second words'));

    expect(bench.read).toEqual(['first words']);
  });

  it('goes first when the platform takes too long, and then for a while', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');
    bench.rest.answers.push(({ route }) => (route === messagesRoute ? lost : undefined));
    bench.readBack.owe(bench.gap(), all);

    const done = bench.readBack.readBefore(bench.dispatch('x'));
    await bench.clock.pass(10_000);
    await done;
    const soon = bench.readBack.isBehind(bench.dispatch('y'));
    await bench.clock.pass(30_000);

    expect(bench.log.eventsAt('warn')).toContain('gap.out_of_order');
    expect(soon).toBe(false);
    expect(bench.readBack.isBehind(bench.dispatch('y'))).toBe(true);
  });

  it('goes first in that place alone, until a second one in a row could not be read', async () => {
    const bench = new ReadBackBench();
    const [other, third] = ['800000000000000077', '800000000000000078'];
    await bench.hear();
    bench.miss('one');
    bench.rest.answers.push(({ route }) => (route === messagesRoute ? lost : undefined));
    bench.readBack.owe(bench.gap(), all);
    const isBehind = (): readonly boolean[] =>
      [channel, other, third].map((where) => bench.readBack.isBehind(bench.dispatch('y', where)));

    const one = bench.readBack.readBefore(bench.dispatch('x'));
    await bench.clock.pass(10_000);
    await one;
    const afterOne = isBehind();
    const two = bench.readBack.readBefore(bench.dispatch('x', other));
    await bench.clock.pass(10_000);
    await two;

    expect(afterOne).toEqual([false, true, true]);
    expect(isBehind()).toEqual([false, false, false]);
    await bench.clock.pass(30_000);
    expect(isBehind()).toEqual([true, true, true]);
  });

  it('goes first when the platform does not answer at all', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.rest.answers.push(() => new Promise(() => undefined));
    bench.readBack.owe(bench.gap(), all);

    const done = bench.readBack.readBefore(bench.dispatch('x'));
    await bench.clock.pass(10_000);

    await done;
    expect(bench.log.eventsAt('warn')).toEqual(['gap.out_of_order']);
  });

  it('ends with the session', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.rest.answers.push(() => new Promise(() => undefined));
    bench.readBack.owe(bench.gap(), all);
    const done = bench.readBack.readBefore(bench.dispatch('x'));
    await settled();

    bench.closing.abort(new AppError('unavailable', 'The session is closing.'));

    await expect(done).rejects.toThrow('The session is closing.');
  });

  it('is read on in the background behind what came in', async () => {
    const bench = new ReadBackBench();
    await bench.hear();
    bench.miss('one');
    bench.readBack.owe(bench.gap(), all);
    const live = bench.dispatch('three');
    // Written at the same time as the first message that the session heard, and not told of.
    const { id } = live.data as { id: Snowflake };
    bench.rest.history.set(channel, [
      ...(bench.rest.history.get(channel) ?? []),
      live.data,
      bench.message((BigInt(id) + 1n).toString(), { content: 'four' }),
    ]);

    await bench.readBack.readBefore(live);
    await bench.clock.pass(500);

    expect(bench.read).toEqual(['one', 'three', 'four']);
    expect(bench.state).toBe('read_back');
  });

  it.each([
    ['another connection', 'MESSAGE_CREATE', { guild_id: (1n << 22n).toString() }],
    ['another kind', 'MESSAGE_UPDATE', {}],
    ['no channel', 'MESSAGE_CREATE', { channel_id: 7 }],
    ['no id', 'MESSAGE_CREATE', { id: 'x' }],
  ])('waits for nothing when it is of %s', (_what, type, fields) => {
    const bench = new ReadBackBench();
    bench.readBack.owe(bench.gap('0/2'), [0, 2]);

    const isBehind = bench.readBack.isBehind({ ...bench.dispatch('x', channel, fields), type });

    expect(isBehind).toBe(false);
  });
});
