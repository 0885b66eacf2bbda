import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { AppError } from '../../../domain/errors.ts';
import { openBench } from './outbound.fixture.ts';
import { sendPart } from './send.ts';

afterEach(closeAll);

describe('a new message', () => {
  it('is delivered with the id that the platform gave it', async () => {
    const bench = await openBench();

    const outcome = await bench.send(bench.part('hello'));

    const [message] = bench.discord.messagesIn(bench.channel);
    expect(message?.content).toBe('hello');
    expect(outcome).toEqual({ kind: 'delivered', platformIds: [message?.id] });
  });

  it('replies to the message that it is about, in its first part only', async () => {
    const bench = await openBench();
    const asked = bench.discord.say({
      channel: bench.channel,
      author: bench.discord.addUser(),
      content: 'why?',
    });

    await bench.send(bench.part('because', { about: asked.id, parts: 2 }));
    await bench.send(bench.part('that is why', { about: asked.id, part: 2, parts: 2 }));

    const [, first, second] = bench.discord.messagesIn(bench.channel);
    expect([first?.reference?.messageId, second?.reference]).toEqual([asked.id, undefined]);
  });

  it('goes out all the same when what it replies to is gone, or cannot be replied to', async () => {
    const bench = await openBench();
    const joined = bench.discord.say({ channel: bench.channel, author: bench.discord.addUser(), type: 7 });

    const gone = await bench.send(bench.part('a', { about: '123456789012345678' }));
    const notice = await bench.send(bench.part('b', { about: joined.id }));

    expect([gone.kind, notice.kind]).toEqual(['delivered', 'delivered']);
    // The second was refused at first, and sent again without the reference.
    expect(bench.discord.requests.all.map(({ status }) => status)).toEqual([200, 400, 200]);
  });

  it('goes out without the reference when the bot may not read what it replies to', async () => {
    const bench = await openBench();
    const guild = bench.discord.addGuild({ everyone: (1n << 10n) | (1n << 11n) });
    const channel = bench.discord.addChannel(guild);
    const asked = bench.discord.say({ channel, author: bench.discord.addUser(), content: 'why?' });

    const outcome = await bench.send(bench.part('because', { to: channel.id, about: asked.id }));

    expect(outcome.kind).toBe('delivered');
    expect(bench.discord.messagesIn(channel).map(({ content }) => content)).toEqual(['why?', 'because']);
  });

  it('notifies nobody, whatever the text says', async () => {
    const bench = await openBench();
    const user = bench.discord.addUser();

    await bench.send(bench.part(`@everyone <@${user.id}>`));

    const [message] = bench.discord.messagesIn(bench.channel);
    expect([message?.mentionEveryone, message?.mentions]).toEqual([false, []]);
  });

  it('notifies whom the agent asks for, when the operator lets it', async () => {
    const bench = await openBench({}, { mentions: 'users' });
    const user = bench.discord.addUser();
    const extras = { allowedMentions: { users: [user.id], parse: ['everyone'] } };

    await bench.send(bench.part({ op: 'send', text: `@everyone <@${user.id}>`, extras }));

    const [message] = bench.discord.messagesIn(bench.channel);
    expect([message?.mentionEveryone, message?.mentions]).toEqual([false, [user.id]]);
    expect(bench.discord.requests.all.at(-1)?.json).toMatchObject({
      allowed_mentions: { parse: [], users: [user.id], replied_user: false },
    });
  });

  it('brings embeds, buttons, a poll and files', async () => {
    const bench = await openBench();
    const extras = {
      embeds: [{ title: 'Weather', fields: [{ name: 'now', value: 'rain' }] }],
      components: [{ type: 1, components: [{ type: 2, style: 1, label: 'Again', custom_id: 'again' }] }],
      poll: { question: { text: 'Out?' }, answers: [{ poll_media: { text: 'yes' } }] },
      files: [
        { name: 'a.txt', text: 'ä', description: 'a letter' },
        { name: 'b.bin', base64: 'AAH/', spoiler: true },
      ],
      flags: ['suppressNotifications'],
    };

    const outcome = await bench.send(bench.part({ op: 'send', text: 'look', extras }));

    const [message] = bench.discord.messagesIn(bench.channel);
    expect(outcome.kind).toBe('delivered');
    expect(message?.embeds).toMatchObject([{ title: 'Weather' }]);
    expect(message?.components).toHaveLength(1);
    expect(message?.poll).toMatchObject({ question: { text: 'Out?' } });
    expect(message?.flags).toBe(1 << 12);
    expect(message?.attachments).toMatchObject([
      { filename: 'a.txt', description: 'a letter', bytes: new Uint8Array([0xc3, 0xa4]) },
      { filename: 'SPOILER_b.bin', bytes: new Uint8Array([0, 1, 255]) },
    ]);
  });

  it('of components of the second kind has its text as the first of them', async () => {
    const bench = await openBench();
    const extras = { flags: ['componentsV2'], components: [{ type: 14 }] };

    const outcome = await bench.send(bench.part({ op: 'send', text: 'look', extras }));

    const [message] = bench.discord.messagesIn(bench.channel);
    expect(outcome.kind).toBe('delivered');
    expect(message).toMatchObject({ content: '', components: [{ type: 10, content: 'look' }, { type: 14 }] });
  });

  it('says so when it may be a repeat', async () => {
    const bench = await openBench();

    await bench.send(bench.part('hello', { possibleDuplicate: true }));

    expect(bench.discord.messagesIn(bench.channel)[0]?.content).toBe('(possibly a repeat) hello');
  });

  it.each([
    ['nothing to show', { op: 'send', text: ' \n ' }, 'nothing to show'],
    ['a text that is too long', { op: 'send', text: 'x'.repeat(2_001) }, '2001 characters'],
    ['extras that nobody knows', { op: 'send', text: 'x', extras: { colour: 1 } }, 'colour'],
  ] as const)('with %s is refused here, and says why', async (_what, operation, why) => {
    const bench = await openBench();

    const outcome = await bench.send(bench.part(operation));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'message_invalid', scope: 'message' });
    expect(outcome).toMatchObject({ detail: expect.stringContaining(why) as string });
    expect(bench.discord.requests.count).toBe(0);
  });

  it('waits for a limit without a request, and without an attempt', async () => {
    const bench = await openBench({ rateLimits: { scale: 1 } });
    for (let nth = 0; nth < 5; nth++) await bench.send(bench.part(`${nth}`));

    const held = await bench.send(bench.part('5'));
    bench.clock.advance(5_000);
    const after = await bench.send(bench.part('6'));

    expect(held).toMatchObject({
      kind: 'retry',
      code: 'rate_limited',
      deferral: true,
      scope: 'lane',
      afterMs: 5_000,
    });
    expect(after.kind).toBe('delivered');
    expect(bench.discord.requests.all.every(({ status }) => status === 200)).toBe(true);
  });

  it.each([
    ['user', 'lane'],
    ['shared', 'lane'],
    ['global', 'connector'],
  ] as const)('waits as long as a 429 of scope %s says', async (scope, reach) => {
    const bench = await openBench();
    bench.discord.faults.rest({ fault: { kind: 'rate_limit', scope, retryAfterMs: 64_570 } });

    const outcome = await bench.send(bench.part('hello'));

    expect(outcome).toMatchObject({ kind: 'retry', deferral: true, scope: reach });
    expect(outcome.kind === 'retry' && outcome.afterMs !== undefined && outcome.afterMs >= 64_570).toBe(true);
  });

  it('stops the connector at the first request with a token that is refused', async () => {
    const bench = await openBench();
    bench.discord.faults.rest({ fault: { kind: 'status', status: 401, applied: false, body: { code: 0 } } });

    const first = await bench.send(bench.part('a'));
    const second = await bench.send(bench.part('b'));

    expect([first, second]).toMatchObject([
      { kind: 'rejected', code: 'unauthenticated', scope: 'connector' },
      { kind: 'rejected', code: 'unauthenticated', scope: 'connector' },
    ]);
    expect(bench.discord.requests.count).toBe(1);
  });

  it('passes on that the vault is locked: nothing was sent', async () => {
    const bench = await openBench();
    const locked = new AppError('vault_locked', 'Locked.');
    const rest = { ...bench.deps.rest, call: () => Promise.reject(locked) };

    const sent = sendPart(bench.part('a'), { ...bench.deps, rest }, new AbortController().signal);

    await expect(sent).rejects.toBe(locked);
  });

  it('is rejected for want of a permission, with what to do', async () => {
    const bench = await openBench();
    const guild = bench.discord.addGuild({ everyone: 1n << 10n });
    const channel = bench.discord.addChannel(guild);

    const outcome = await bench.send(bench.part('hello', { to: channel.id }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'permission_missing', scope: 'lane' });
  });
});

describe('where a message goes', () => {
  it('to a user, in the channel between the two, which is opened once', async () => {
    const bench = await openBench();
    const user = bench.discord.addUser();
    bench.discord.addMember(bench.guild, user);

    await bench.send(bench.part('one', { to: `user:${user.id}` }));
    await bench.send(bench.part('two', { to: `user:${user.id}` }));

    const { requests } = bench.discord;
    expect(bench.discord.messagesIn(bench.discord.dm(user)).map(({ content }) => content)).toEqual([
      'one',
      'two',
    ]);
    expect(requests.of('POST', '/users/@me/channels')).toHaveLength(1);
  });

  it('not to a user who takes no messages', async () => {
    const bench = await openBench();
    const user = bench.discord.addUser({ acceptsDms: false });
    bench.discord.addMember(bench.guild, user);

    const outcome = await bench.send(bench.part('hello', { to: `user:${user.id}` }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'destination_unavailable' });
  });

  it('into the thread, and never into the channel that it hangs on', async () => {
    const bench = await openBench();
    const { channel, discord } = bench;
    const thread = discord.openThread({ parent: channel, name: 'a thread', owner: discord.addUser() });
    const before = discord.messagesIn(channel).length;

    await bench.send(bench.part('hello', { thread: thread.id }));

    expect(discord.messagesIn(thread).at(-1)?.content).toBe('hello');
    expect(discord.messagesIn(channel)).toHaveLength(before);
  });

  it('not into a thread that is locked', async () => {
    const bench = await openBench();
    const { channel, discord } = bench;
    const thread = discord.openThread({ parent: channel, name: 'a thread', owner: discord.addUser() });
    discord.changeThread(thread, { locked: true, archived: true });

    const outcome = await bench.send(bench.part('hello', { thread: thread.id }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'destination_unavailable' });
  });

  it.each(['general', '../users/@me', '', 'user:me', '0'])('not to %j, which is no place', async (to) => {
    const bench = await openBench();

    const outcome = await bench.send(bench.part('hello', { to }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'destination_unavailable', scope: 'lane' });
    expect(bench.discord.requests.count).toBe(0);
  });
});
