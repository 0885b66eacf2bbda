import { describe, expect, it } from 'vitest';
import { minute, numbers, ReadingBench } from './gap-reading.fixture.ts';
import { ada, applicationId, channel, connector, guild, lost, selfId } from './session.fixture.ts';

const tooMany = 'Left out: the oldest messages, beyond perConversationMax.';

describe('the policy', () => {
  it('leaves out what is older than ageMsMax, and says so', async () => {
    const bench = new ReadingBench({ ageMsMax: 60 * minute }, 120 * minute);
    const old = bench.message(bench.idAt(90 * minute), { content: 'old' });
    bench.rest.history.set(channel, [old, bench.message(bench.idAt(minute), { content: 'new' })]);

    await bench.read(bench.place({ after: bench.idAt(130 * minute) }));

    expect(bench.texts).toEqual(['new']);
    expect(bench.reading.end.detail).toBe('Left out: messages older than ageMsMax.');
  });

  it('says nothing of ageMsMax where all of the gap is younger', async () => {
    const bench = new ReadingBench({ ageMsMax: 60 * minute });
    bench.fill(1);

    await bench.read(bench.place({ after: bench.idAt(90 * minute) }));

    expect(bench.texts).toEqual(['0']);
    expect(bench.reading.end).not.toHaveProperty('detail');
  });

  it.each([
    [99, 100, 1],
    [100, 100, 0],
    [100, 101, 1],
    [130, 250, 120],
    [20, 30, 10],
  ])('lets through the newest %i messages of a conversation of %i', async (max, count, skipped) => {
    const bench = new ReadingBench({ perConversationMax: max });
    bench.fill(count);

    await bench.read();
    await bench.read();

    const { end } = bench.reading;
    expect(bench.texts).toEqual(numbers(max, count - max));
    expect(end.skipped).toBe(skipped);
    expect(end.detail).toBe(skipped === 0 ? undefined : tooMany);
  });

  it('does not look for messages that it would leave out', async () => {
    const bench = new ReadingBench({ perConversationMax: 130 });
    bench.fill(1_000);

    await bench.read();

    expect(bench.texts).toEqual(numbers(130, 870));
    expect(bench.pages).toBe(3);
    expect(bench.reading.end).toMatchObject({
      recovered: 130,
      skipped: 170,
      detail: 'Left out, at least 170: the oldest messages, beyond perConversationMax.',
    });
  });

  it('lets through the newest messages before one that the gateway has told of', async () => {
    const bench = new ReadingBench({ perConversationMax: 130 });
    const ids = bench.fill(400);

    await bench.read(bench.place(), ids[250]);
    const before = { texts: bench.texts, skipped: bench.reading.end.skipped };
    await bench.read();

    expect(before).toEqual({ texts: numbers(130, 120), skipped: 120 });
    expect(bench.texts.slice(0, 130)).toEqual(before.texts);
    expect(bench.reading.end.skipped).toBe(120);
  });

  it('does not count what was said long after the gap as the newest of it', async () => {
    const bench = new ReadingBench({ perConversationMax: 2 }, 60 * minute, 30 * minute);
    const said = [40, 39, 38, 5, 4, 3].map((minutes) =>
      bench.message(bench.idAt(minutes * minute), { content: `${minutes}` }),
    );
    bench.rest.history.set(channel, said);

    await bench.read(bench.place({ after: bench.idAt(60 * minute) }));

    expect(bench.texts).toEqual(['39', '38']);
    expect(bench.reading.end.skipped).toBe(1);
  });

  it('counts what it leaves out once, also when the store has to be asked again', async () => {
    const bench = new ReadingBench({ mode: 'addressed', perConversationMax: 3 });
    const self = { mentions: [{ id: selfId, username: 'bot', bot: true }] };
    bench.rest.history.set(
      channel,
      [{}, {}, {}, self].map((fields, nth) => bench.message(bench.idAt(minute, nth), fields)),
    );
    bench.inbox.isRefusing = true;
    await expect(bench.read(bench.place({ guild }))).rejects.toMatchObject({ code: 'unavailable' });
    bench.inbox.isRefusing = false;

    await bench.read(bench.place({ guild }));

    expect(bench.reading.end).toMatchObject({ recovered: 1, skipped: 3 });
  });

  it('lets through only what addresses the bot, and counts the rest', async () => {
    const bench = new ReadingBench({ mode: 'addressed' });
    const say = (nth: number, fields: object): object =>
      bench.message(bench.idAt(minute, nth), { content: `${nth}`, ...fields });
    bench.rest.history.set(channel, [
      say(0, {}),
      say(1, { mentions: [{ id: selfId, username: 'bot', bot: true }] }),
      say(2, {
        type: 19,
        message_reference: { type: 0, message_id: '5', channel_id: channel },
        referenced_message: bench.message('5', { author: { id: selfId, username: 'bot', bot: true } }),
      }),
      say(3, { mentions: [{ id: '5', username: 'eve' }] }),
    ]);

    await bench.read(bench.place({ guild }));

    expect(bench.texts).toEqual(['1', '2']);
    expect(bench.reading.end).toMatchObject({
      recovered: 2,
      skipped: 2,
      detail: 'Left out: messages that do not address the bot.',
    });
  });

  it('lets all direct messages through that mode "addressed" is for', async () => {
    const bench = new ReadingBench({ mode: 'addressed' });
    bench.fill(2);

    await bench.read();

    expect(bench.texts).toEqual(['0', '1']);
  });
});

describe('a message of a guild', () => {
  it('comes with the roles of its author, asked for once', async () => {
    const bench = new ReadingBench();
    bench.fill(3);
    bench.rest.members.set(ada, { user: { id: ada, username: 'ada' }, roles: ['500000000000000001'] });

    await bench.read(bench.place({ guild }));

    expect(bench.inbox.events.map((event) => 'sender' in event && event.sender.roles)).toEqual(
      [0, 1, 2].map(() => ['discord:role:500000000000000001']),
    );
    expect(bench.rest.asked.filter((asked) => asked.includes('/members/'))).toEqual([
      `GET /guilds/${guild}/members/${ada}`,
    ]);
    expect(bench.inbox.events[0]).toMatchObject({ guild: `discord:guild:${guild}`, direct: false });
  });

  it('comes without roles when its author has left', async () => {
    const bench = new ReadingBench();
    bench.fill(1);

    await bench.read(bench.place({ guild }));

    expect(bench.inbox.events).toMatchObject([{ sender: { kind: 'human', roles: [] } }]);
  });

  it.each([
    ['another bot', { author: { id: '7', username: 'other', bot: true } }],
    ['a webhook', { webhook_id: '8', author: { id: '8', username: 'hook', bot: true } }],
    ['the bot itself', { author: { id: selfId, username: 'bot', bot: true } }],
    ['the platform', { type: 7 }],
    ['our application', { author: { id: '9', username: 'x', bot: true }, application_id: applicationId }],
  ])('is not asked about when it is by %s', async (_who, fields) => {
    const bench = new ReadingBench();
    bench.rest.history.set(channel, [bench.message(bench.idAt(minute), fields)]);

    await bench.read(bench.place({ guild }));

    expect(bench.inbox.events).toHaveLength(1);
    expect(bench.rest.asked.some((asked) => asked.includes('/members/'))).toBe(false);
  });

  it('is not accepted before it is known whose it is', async () => {
    const bench = new ReadingBench();
    bench.fill(1);
    bench.rest.fail('/guilds/{guild}/members/{user}', lost, 4);

    const outcome = bench.read(bench.place({ guild })).catch((error: unknown) => error);
    await bench.clock.pass(minute);

    expect(await outcome).toMatchObject({ code: 'unavailable' });
    expect(bench.texts).toEqual([]);

    await bench.read(bench.place({ guild }));
    expect(bench.texts).toEqual(['0']);
  });

  it('is placed in the channel of its thread, although this process has never heard of it', async () => {
    const bench = new ReadingBench();
    const parent = '800000000000000009';
    bench.rest.channels.set(channel, { id: channel, type: 11, guild_id: guild, parent_id: parent });
    bench.fill(1);

    await bench.read(bench.place({ guild }));

    expect(bench.inbox.events).toMatchObject([
      { address: { conversation: parent, thread: channel }, lane: `${connector}/${parent}/${channel}` },
    ]);
  });
});
