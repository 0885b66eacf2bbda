import { afterEach, describe, expect, it } from 'vitest';
import type { Channel, Message } from '../../../../test/fakes/discord/entities.ts';
import { closeAll } from '../../../../test/support/egress.ts';
import type { MessageId } from '../../../domain/ids.ts';
import { nameOfPost } from './forum.ts';
import { type Bench, openBench } from './outbound.fixture.ts';

afterEach(closeAll);

interface ForumBench extends Bench {
  readonly forum: Channel;
  /** The posts with what was said in them, the oldest first. */
  posts(): readonly (readonly [name: string, texts: readonly string[]])[];
}

async function openForum(
  options: { readonly isTold?: boolean; readonly requiresTag?: boolean } = {},
): Promise<ForumBench> {
  const bench = await openBench({}, options.isTold === true ? { channelTypeOf: () => 15 } : {});
  const { discord, guild } = bench;
  const forum = discord.addChannel(guild, {
    type: 15,
    requiresTag: options.requiresTag ?? false,
    tags: ['bug'],
  });
  const posts = (): readonly (readonly [string, readonly string[]])[] =>
    [...discord.world.channels.values()]
      .filter(({ parentId }) => parentId === forum.id)
      .map(
        (thread) => [thread.name, discord.messagesIn(thread).map(({ content }: Message) => content)] as const,
      );
  return Object.assign(bench, { forum, posts });
}

describe('a message to a forum', () => {
  it.each([
    ['that the gateway has told of', true],
    ['that is not known yet', false],
  ])('opens a post, named after its first line: %s', async (_which, isTold) => {
    const bench = await openForum({ isTold });

    const outcome = await bench.send(bench.part('# The *news*\nof today', { to: bench.forum.id }));

    expect(bench.posts()).toEqual([['The news', ['# The *news*\nof today']]]);
    expect(
      outcome.kind === 'delivered' && bench.discord.world.channels.has(outcome.platformIds[0] ?? ''),
    ).toBe(true);
  });

  it('is known to be one after the first', async () => {
    const bench = await openForum();

    await bench.send(bench.part('one', { to: bench.forum.id }));
    await bench.send(bench.part('two', { to: bench.forum.id }));

    expect(bench.posts()).toHaveLength(2);
    expect(bench.discord.requests.of('POST', '/channels/{channel}/messages')).toHaveLength(1);
  });

  it('has the name, the tags and the files that the agent gives it', async () => {
    const bench = await openForum({ requiresTag: true });
    const [tag] = bench.forum.tags;
    const extras = { threadName: 'A bug', appliedTags: [tag!.id], files: [{ name: 'log.txt', text: 'x' }] };

    const outcome = await bench.send(
      bench.part({ op: 'send', text: 'it broke', extras }, { to: bench.forum.id }),
    );

    const id = outcome.kind === 'delivered' ? (outcome.platformIds[0] ?? '') : '';
    const thread = bench.discord.world.channels.get(id);
    expect([thread?.name, thread?.thread?.appliedTags]).toEqual(['A bug', [tag?.id]]);
    expect(bench.discord.messagesIn(thread!)[0]?.attachments).toMatchObject([{ filename: 'log.txt' }]);
  });

  it('without a tag that is wanted is refused, and says what to set', async () => {
    const bench = await openForum({ requiresTag: true });

    const outcome = await bench.send(bench.part('it broke', { to: bench.forum.id }));

    expect(outcome).toMatchObject({
      kind: 'rejected',
      code: 'message_invalid',
      detail: expect.stringContaining('appliedTags') as string,
    });
  });

  it('with the name of a post is refused where there are none', async () => {
    const bench = await openForum();

    const outcome = await bench.send(bench.part({ op: 'send', text: 'x', extras: { threadName: 'x' } }));

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'message_invalid' });
    expect(bench.discord.messagesIn(bench.channel)).toEqual([]);
  });

  it.each([
    ['in the same process', false],
    ['after a restart', true],
  ])('of several parts is one post: %s', async (_when, restarts) => {
    const bench = await openForum();
    const message = 'msg_one' as MessageId;

    await bench.send(bench.part('first', { to: bench.forum.id, message, parts: 2 }));
    if (restarts) bench.restart();
    await bench.send(bench.part('second', { to: bench.forum.id, message, part: 2, parts: 2 }));

    expect(bench.posts()).toEqual([['first', ['first', 'second']]]);
  });

  it('of several parts goes on in its own post after a restart, whatever was posted since', async () => {
    const bench = await openForum();
    const message = 'msg_one' as MessageId;

    await bench.send(bench.part('first', { to: bench.forum.id, message, parts: 2 }));
    await bench.send(bench.part('another', { to: bench.forum.id }));
    bench.restart();
    await bench.send(bench.part('second', { to: bench.forum.id, message, part: 2, parts: 2 }));

    expect(bench.posts()).toEqual([
      ['first', ['first', 'second']],
      ['another', ['another']],
    ]);
  });

  it('of which nobody knows the post is refused, and said in no other', async () => {
    const bench = await openForum();
    await bench.send(bench.part('another', { to: bench.forum.id }));
    const part = bench.part('second', { to: bench.forum.id, part: 2, parts: 2 });

    const outcome = await bench.send(part);

    expect(outcome).toMatchObject({ kind: 'rejected', code: 'destination_unavailable', scope: 'message' });
    expect(bench.posts()).toEqual([['another', ['another']]]);
    expect(await bench.resolve(part)).toEqual({ kind: 'unresolved' });
  });

  it('is changed and deleted where it is: in its post', async () => {
    const bench = await openForum();
    const sent = await bench.send(bench.part('draft', { to: bench.forum.id }));
    const about = sent.kind === 'delivered' ? (sent.platformIds[0] ?? '') : '';

    await bench.send(bench.part({ op: 'edit', text: 'final' }, { to: bench.forum.id, about }));

    expect(bench.posts()).toEqual([['draft', ['final']]]);
  });
});

const container = (content: string): object => ({ type: 17, components: [{ type: 10, content }] });

describe('a post whose answer is lost', () => {
  async function lose(bench: ForumBench, applied: boolean): Promise<ReturnType<Bench['part']>> {
    const part = bench.part('hello', { to: bench.forum.id });
    bench.discord.faults.rest({ route: '/channels/{channel}/threads', fault: { kind: 'reset', applied } });
    expect(await bench.send(part)).toMatchObject({ kind: 'unknown' });
    bench.restart();
    return part;
  }

  it('is looked for before another is opened', async () => {
    const bench = await openForum();
    const part = await lose(bench, true);

    const outcome = await bench.send({ ...part, attempt: 2 });

    expect(outcome.kind).toBe('delivered');
    expect(bench.posts()).toHaveLength(1);
  });

  it.each<[string, Record<string, unknown>]>([
    ['its texts in components', { flags: ['componentsV2'], components: [container('Deploy finished')] }],
    ['its name, with spaces that Discord takes away', { threadName: ' Deploys ', embeds: [{ title: 'x' }] }],
  ])('is known by %s', async (_what, extras) => {
    const bench = await openForum();
    const part = bench.part({ op: 'send', text: '', extras }, { to: bench.forum.id });
    bench.discord.faults.rest({
      route: '/channels/{channel}/threads',
      fault: { kind: 'reset', applied: true },
    });
    await bench.send(part);
    bench.restart();
    for (const post of bench.discord.world.channels.values()) post.name = post.name.trim();

    const outcome = await bench.send({ ...part, attempt: 2 });

    expect(outcome.kind).toBe('delivered');
    expect(bench.posts()).toHaveLength(1);
  });

  it('stays unknown where nothing says whether a post is it', async () => {
    const bench = await openForum();
    const extras = { threadName: 'Deploys', embeds: [{ image: { url: 'https://example.com/a.png' } }] };
    const part = bench.part({ op: 'send', text: '', extras }, { to: bench.forum.id });
    bench.discord.faults.rest({
      route: '/channels/{channel}/threads',
      fault: { kind: 'reset', applied: true },
    });
    await bench.send(part);
    bench.restart();

    const outcome = await bench.send({ ...part, attempt: 2 });

    expect(outcome.kind).toBe('unknown');
    expect(bench.posts()).toHaveLength(1);
  });

  it('is opened when it is not there', async () => {
    const bench = await openForum();
    const part = await lose(bench, false);

    const outcome = await bench.send({ ...part, attempt: 2 });

    expect(outcome.kind).toBe('delivered');
    expect(bench.posts()).toHaveLength(1);
  });

  it('stays unknown as long as nobody can look', async () => {
    const bench = await openForum();
    const part = await lose(bench, true);
    bench.discord.faults.rest({
      route: '/guilds/{guild}/threads/active',
      fault: { kind: 'status', status: 403, applied: false },
    });

    const outcome = await bench.send({ ...part, attempt: 2 });

    expect(outcome.kind).toBe('unknown');
    expect(bench.posts()).toHaveLength(1);
  });

  it.each([
    [true, 'delivered'],
    [false, 'absent'],
  ])('is found out about: applied %s', async (applied, expected) => {
    const bench = await openForum();
    await bench.send(bench.part('hello', { to: bench.forum.id }));
    bench.clock.advance(60_000);
    const part = await lose(bench, applied);

    expect(await bench.resolve(part)).toMatchObject({ kind: expected });
  });

  it('is found out about, also for a later part of it', async () => {
    const bench = await openForum();
    const message = 'msg_one' as MessageId;
    await bench.send(bench.part('first', { to: bench.forum.id, message, parts: 2 }));
    const part = bench.part('second', { to: bench.forum.id, message, part: 2, parts: 2 });
    bench.discord.faults.rest({ method: 'POST', fault: { kind: 'reset', applied: true } });
    await bench.send(part);
    bench.restart();

    expect(await bench.resolve(part)).toMatchObject({ kind: 'delivered' });
  });
});

describe('the name of a post', () => {
  it.each([
    ['hello', 'hello'],
    ['\n\n## Title\nbody', 'Title'],
    ['```\ncode\n```', 'code'],
    ['> **quoted** snake_case', 'quoted snake_case'],
    ['***', 'New post'],
    ['x'.repeat(150), `${'x'.repeat(99)}…`],
    ['😀'.repeat(150), `${'😀'.repeat(99)}…`],
  ])('of %j', (content, name) => {
    expect(nameOfPost({ extras: {}, content })).toBe(name);
  });
});
