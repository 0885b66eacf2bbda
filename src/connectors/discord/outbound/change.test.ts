import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { openBench } from './outbound.fixture.ts';

afterEach(closeAll);

describe('a change', () => {
  it('edits a message, and notifies nobody', async () => {
    const bench = await openBench();
    await bench.send(bench.part('draft'));
    const [message] = bench.discord.messagesIn(bench.channel);

    const outcome = await bench.send(
      bench.part({ op: 'edit', text: 'final @everyone' }, { about: message!.id }),
    );

    expect(outcome).toEqual({ kind: 'delivered', platformIds: [] });
    expect([message?.content, message?.mentionEveryone]).toEqual(['final @everyone', false]);
  });

  it('brings files and embeds into a message that is there', async () => {
    const bench = await openBench();
    await bench.send(bench.part('draft'));
    const [message] = bench.discord.messagesIn(bench.channel);
    const extras = { embeds: [{ title: 'x' }], files: [{ name: 'a.txt', text: 'a' }] };

    await bench.send(bench.part({ op: 'edit', text: 'final', extras }, { about: message!.id }));

    expect(message).toMatchObject({
      content: 'final',
      embeds: [{ title: 'x' }],
      attachments: [{ filename: 'a.txt' }],
    });
  });

  it.each([
    { poll: { question: { text: 'q' }, answers: [{ poll_media: { text: 'a' } }] } },
    { stickers: ['123456789012345678'] },
    { threadName: 'x' },
  ])('cannot bring in what only a new message has: %j', async (extras) => {
    const bench = await openBench();

    const outcome = await bench.send(bench.part({ op: 'edit', text: 'x', extras }, { about: '123' }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'message_invalid' });
  });

  it('of what is gone is over for a deletion, and refused for an edit', async () => {
    const bench = await openBench();
    const about = '123456789012345678';

    const edited = await bench.send(bench.part({ op: 'edit', text: 'x' }, { about }));
    const deleted = await bench.send(bench.part({ op: 'delete' }, { about }));

    expect(edited).toMatchObject({ kind: 'rejected', code: 'message_gone' });
    expect(deleted).toEqual({ kind: 'delivered', platformIds: [] });
  });

  it('deletes a message', async () => {
    const bench = await openBench();
    await bench.send(bench.part('draft'));
    const [message] = bench.discord.messagesIn(bench.channel);

    await bench.send(bench.part({ op: 'delete' }, { about: message!.id }));

    expect(bench.discord.messagesIn(bench.channel)).toEqual([]);
  });

  it('is not made to a message of somebody else', async () => {
    const bench = await openBench();
    const other = bench.discord.say({
      channel: bench.channel,
      author: bench.discord.addUser(),
      content: 'mine',
    });

    const outcome = await bench.send(bench.part({ op: 'edit', text: 'yours' }, { about: other.id }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'permission_missing' });
  });

  it('puts a reaction, and takes it back', async () => {
    const bench = await openBench();
    const message = bench.discord.say({
      channel: bench.channel,
      author: bench.discord.addUser(),
      content: 'hi',
    });
    const react = (remove: boolean): Promise<unknown> =>
      bench.send(bench.part({ op: 'react', emoji: '👀', remove }, { about: message.id }));

    await react(false);
    const put = message.reactions.size;
    const outcome = await react(true);

    expect([put, message.reactions.size, outcome]).toEqual([1, 0, { kind: 'delivered', platformIds: [] }]);
  });

  it.each([
    [{ op: 'edit', text: 'x' }, undefined],
    [{ op: 'delete' }, 'not-an-id'],
    [{ op: 'react', emoji: ':eyes:', remove: false }, '123456789012345678'],
  ] as const)('without what it needs is refused: %j about %s', async (operation, about) => {
    const bench = await openBench();

    const outcome = await bench.send(bench.part(operation, about === undefined ? {} : { about }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'message_invalid' });
    expect(bench.discord.requests.count).toBe(0);
  });

  it.each([
    [{ op: 'edit', text: 'x' }],
    [{ op: 'delete' }],
    [{ op: 'react', emoji: '👀', remove: false }],
  ] as const)('whose answer is lost is simply made again: %j', async (operation) => {
    const bench = await openBench();
    await bench.send(bench.part('draft'));
    const about = bench.discord.messagesIn(bench.channel)[0]!.id;
    bench.discord.faults.rest({ fault: { kind: 'reset', applied: true } });

    const lost = await bench.send(bench.part(operation, { about }));
    const again = await bench.send(bench.part(operation, { about }));

    expect(lost).toMatchObject({ kind: 'retry', code: 'answer_lost', deferral: false });
    expect(again.kind).toBe('delivered');
  });
});

describe('typing', () => {
  it('is shown', async () => {
    const bench = await openBench();

    const outcome = await bench.send(bench.part({ op: 'typing' }));

    expect(outcome).toEqual({ kind: 'delivered', platformIds: [] });
    expect(bench.discord.requests.of('POST', '/channels/{channel}/typing')).toHaveLength(1);
  });

  it.each([
    { kind: 'rate_limit', scope: 'user', retryAfterMs: 9_000 },
    { kind: 'status', status: 500, applied: false },
    { kind: 'reset', applied: false },
  ] as const)('holds up nothing when it cannot be shown now: %j', async (fault) => {
    const bench = await openBench();
    bench.discord.faults.rest({ fault });

    const outcome = await bench.send(bench.part({ op: 'typing' }));

    expect(outcome).toEqual({ kind: 'delivered', platformIds: [] });
  });
});
