import { afterEach, describe, expect, it } from 'vitest';
import type { RestFault } from '../../../../test/fakes/discord/faults.ts';
import { closeAll } from '../../../../test/support/egress.ts';
import type { UncertainPart } from '../../../domain/outbound.ts';
import { type Bench, openBench } from './outbound.fixture.ts';
import { nonceOf } from './nonce.ts';

afterEach(closeAll);

const minuteMs = 60_000;

/** What is sent, and its answer lost. */
async function loseAnswer(bench: Bench, part: UncertainPart, fault: RestFault = lost): Promise<void> {
  bench.discord.faults.rest({ method: 'POST', fault });
  const outcome = await bench.send(part);
  expect(outcome.kind).toBe('unknown');
}

const lost: RestFault = { kind: 'reset', applied: true };
const button = (id: string): object => ({ type: 2, style: 1, label: 'Go', custom_id: id });
const container = (content: string): object => ({ type: 17, components: [{ type: 10, content }] });
const neverArrived: RestFault = { kind: 'reset', applied: false };

describe('a lost answer', () => {
  it.each<[string, RestFault]>([
    ['the connection broke', lost],
    ['the answer broke off', { kind: 'truncated' }],
    ['a proxy failed', { kind: 'status', status: 502, applied: true }],
    ['a proxy answered with a page', { kind: 'garbage' }],
  ])('leaves it unknown whether the message is there: %s', async (_why, fault) => {
    const bench = await openBench();
    bench.discord.faults.rest({ fault });

    const outcome = await bench.send(bench.part('hello'));

    expect(outcome.kind).toBe('unknown');
  });

  it('leads to no second message when the part is sent again within minutes', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part);
    bench.restart();

    const outcome = await bench.send({ ...part, attempt: 2 });

    const messages = bench.discord.messagesIn(bench.channel);
    expect(messages).toHaveLength(1);
    expect(outcome).toEqual({ kind: 'delivered', platformIds: [messages[0]?.id] });
  });

  it('is over when somebody has deleted the message meanwhile', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part);
    bench.discord.delete(...bench.discord.messagesIn(bench.channel));

    const outcome = await bench.send({ ...part, attempt: 2 });

    expect(outcome).toEqual({ kind: 'delivered', platformIds: [] });
  });

  it('is found by what the gateway told of the message, without a request', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part);
    const [message] = bench.discord.messagesIn(bench.channel);
    bench.deps.memory.noteMessage(nonceOf(part.key), message!.id);
    const before = bench.discord.requests.count;

    const resolved = await bench.resolve(part);
    const again = await bench.send({ ...part, attempt: 2 });

    const expected = { kind: 'delivered', platformIds: [message?.id] };
    expect([resolved, again]).toEqual([expected, expected]);
    expect(bench.discord.requests.count).toBe(before);
  });
});

describe('reading back', () => {
  it.each([
    ['that keep nonces', true],
    ['that do not', false],
  ])('finds the message, on servers %s', async (_which, historyShowsNonce) => {
    const bench = await openBench({ limits: { historyShowsNonce } });
    const part = bench.part('hello **there**  \n\n and more ');
    await loseAnswer(bench, part);
    bench.clock.advance(10 * minuteMs);
    bench.restart();

    const resolved = await bench.resolve(part);

    const [message] = bench.discord.messagesIn(bench.channel);
    expect(resolved).toEqual({ kind: 'delivered', platformIds: [message?.id] });
  });

  it('finds that it is not there', async () => {
    const bench = await openBench();
    bench.discord.say({ channel: bench.channel, author: bench.discord.addUser(), content: 'hello' });
    const part = bench.part('hello');
    await loseAnswer(bench, part, neverArrived);

    expect(await bench.resolve(part)).toEqual({ kind: 'absent' });
  });

  it('finds a message that went out with the label', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, { ...part, possibleDuplicate: true });
    bench.restart();

    expect(await bench.resolve(part)).toMatchObject({ kind: 'delivered' });
  });

  it('does not take the words of somebody else for its own', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part, neverArrived);
    bench.discord.say({ channel: bench.channel, author: bench.discord.addUser(), content: 'hello' });

    expect(await bench.resolve(part)).toEqual({ kind: 'absent' });
  });

  it('does not take an older message of the same words for this one', async () => {
    const bench = await openBench();
    await bench.send(bench.part('hello'));
    bench.clock.advance(minuteMs);
    bench.restart();
    const part = bench.part('hello');
    await loseAnswer(bench, part, neverArrived);

    expect(await bench.resolve(part)).toEqual({ kind: 'absent' });
  });

  it('does not take the message of another part for this one', async () => {
    const bench = await openBench();
    await bench.send(bench.part('hello'));
    const part = bench.part('hello');
    await loseAnswer(bench, part, neverArrived);

    expect(await bench.resolve(part)).toEqual({ kind: 'absent' });
  });

  it('tells messages without a text apart by what they show', async () => {
    const bench = await openBench();
    const embed = (title: string): UncertainPart =>
      bench.part({ op: 'send', text: '', extras: { embeds: [{ title }] } });
    const [one, two] = [embed('one'), embed('two')];
    await loseAnswer(bench, one);
    bench.restart();

    const resolved = [await bench.resolve(one), await bench.resolve(two)];

    expect(resolved.map(({ kind }) => kind)).toEqual(['delivered', 'absent']);
  });

  it.each<[string, Record<string, unknown>]>([
    ['texts in components', { flags: ['componentsV2'], components: [container('Deploy finished')] }],
    ['buttons', { components: [{ type: 1, components: [button('go')] }] }],
    [
      'buttons that are good for a while',
      { components: [{ type: 1, components: [button('go')] }], expiresAfterMs: 60_000 },
    ],
    ['the fields of an embed', { embeds: [{ fields: [{ name: 'State', value: 'up' }] }] }],
    ['a poll', { poll: { question: { text: 'Now?' }, answers: [{ poll_media: { text: 'yes' } }] } }],
    ['a file', { files: [{ name: 'my log.txt', text: 'x' }] }],
  ])('finds a message of nothing but %s, and no other in its place', async (_what, extras) => {
    const bench = await openBench();
    const part = bench.part({ op: 'send', text: '', extras });
    const other = bench.part({ op: 'send', text: '', extras: { embeds: [{ title: 'another' }] } });
    await loseAnswer(bench, part);
    bench.clock.advance(10 * minuteMs);
    bench.restart();

    const resolved = [await bench.resolve(part), await bench.resolve(other)];

    const [message] = bench.discord.messagesIn(bench.channel);
    expect(resolved).toEqual([{ kind: 'delivered', platformIds: [message?.id] }, { kind: 'absent' }]);
  });

  it('proves nothing where a message shows nothing by which it could be known', async () => {
    const bench = await openBench();
    const extras = { embeds: [{ image: { url: 'https://example.com/a.png' } }] };
    const part = bench.part({ op: 'send', text: '', extras });
    await loseAnswer(bench, part);
    bench.restart();

    expect(await bench.resolve(part)).toEqual({ kind: 'unresolved' });
  });

  it('does not take "is thinking" for a message without a text', async () => {
    const bench = await openBench();
    bench.discord.say({ channel: bench.channel, author: bench.discord.bot, type: 20, flags: 1 << 7 });
    const part = bench.part({
      op: 'send',
      text: '',
      extras: { components: [{ type: 1, components: [button('go')] }] },
    });
    await loseAnswer(bench, part, neverArrived);

    expect(await bench.resolve(part)).toEqual({ kind: 'absent' });
  });

  it('goes back over as many pages as it takes', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part);
    const author = bench.discord.addUser();
    for (let nth = 0; nth < 250; nth++)
      bench.discord.say({ channel: bench.channel, author, content: `${nth}` });
    bench.restart();

    expect(await bench.resolve(part)).toMatchObject({ kind: 'delivered' });
    expect(bench.discord.requests.of('GET', '/channels/{channel}/messages')).toHaveLength(3);
  });

  it('ends after a thousand messages, knowing nothing', async () => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part, neverArrived);
    const author = bench.discord.addUser();
    for (let nth = 0; nth < 1_100; nth++)
      bench.discord.say({ channel: bench.channel, author, content: `${nth}` });

    expect(await bench.resolve(part)).toEqual({ kind: 'unresolved' });
  });

  it('proves nothing where nothing can be read', async () => {
    const bench = await openBench();
    const guild = bench.discord.addGuild({ everyone: (1n << 10n) | (1n << 11n) });
    const channel = bench.discord.addChannel(guild);
    bench.discord.say({ channel, author: bench.discord.addUser(), content: 'x' });
    const part = bench.part('hello', { to: channel.id });
    await loseAnswer(bench, part);
    bench.restart();

    expect(await bench.resolve(part)).toEqual({ kind: 'unresolved' });
  });

  it.each<[string, RestFault]>([
    ['unavailable', { kind: 'status', status: 503, applied: false }],
    ['rate_limited', { kind: 'rate_limit', scope: 'user', retryAfterMs: 5_000 }],
    ['unavailable', { kind: 'reset', applied: false }],
  ])('is put off as %s when the platform cannot be asked: %j', async (code, fault) => {
    const bench = await openBench();
    const part = bench.part('hello');
    await loseAnswer(bench, part);
    bench.restart();
    bench.discord.faults.rest({ fault });

    await expect(bench.resolve(part)).rejects.toMatchObject({ code });
  });

  it('works in a thread, and in the messages with a user', async () => {
    const bench = await openBench();
    const { discord, channel } = bench;
    const user = discord.addUser();
    discord.addMember(bench.guild, user);
    const thread = discord.openThread({ parent: channel, name: 'a thread', owner: user });
    const parts = [
      bench.part('in the thread', { thread: thread.id }),
      bench.part('in private', { to: `user:${user.id}` }),
    ];
    await bench.send(bench.part('first', { to: `user:${user.id}` }));
    for (const part of parts) await loseAnswer(bench, part);
    bench.restart();

    const resolved = await Promise.all(parts.map((part) => bench.resolve(part)));

    expect(resolved).toEqual([
      { kind: 'delivered', platformIds: [discord.messagesIn(thread).at(-1)?.id] },
      { kind: 'delivered', platformIds: [discord.messagesIn(discord.dm(user)).at(-1)?.id] },
    ]);
  });

  it('is not found in a message that is known to be of another part, whatever it says', async () => {
    const sent = new Set<string>();
    const bench = await openBench({}, { isSent: (id) => Promise.resolve(sent.has(id)) });
    const earlier = await bench.send(bench.part('ok'));
    if (earlier.kind === 'delivered') for (const id of earlier.platformIds) sent.add(id);
    const part = bench.part('ok');
    await loseAnswer(bench, part, neverArrived);
    bench.restart();

    const resolved = await bench.resolve(part);

    expect(resolved).toEqual({ kind: 'absent' });
  });
});
