import { describe, expect, it, vi } from 'vitest';
import { allMentions } from '../fakes/discord/mentions.ts';
import { until } from '../support/daemon.ts';
import { live, openDiscordWorld, type DiscordWorld } from '../support/discord-daemon.ts';
import { gapsOf, gapsSettled, hasty, heard, inboxOf, quiet, saidIn, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';

/** Sessions wait before they begin anew: some seconds, more than once in a test. */
vi.setConfig({ testTimeout: 180_000 });

const open = (config: object = {}): Promise<DiscordWorld> =>
  openDiscordWorld({}, { config: hasty }, config as Record<string, unknown>);

const history = '/channels/{channel}/messages';

/** How often a history was read. */
function readsOf({ fake }: DiscordWorld): number {
  return fake.requests.of('GET', history).length;
}

/** Until everything that people said in these words has been accepted. */
function accepted({ daemon }: DiscordWorld, ...texts: readonly string[]): Promise<readonly string[]> {
  return until(async () => {
    const all = await heard(daemon);
    return texts.every((text) => all.includes(text)) ? all : undefined;
  });
}

describe('what is said while the daemon is away', () => {
  it.concurrent(
    'is replayed by the gateway after a short absence, and the gap says so',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      await quiet(daemon);
      await daemon.stop();

      fake.say({ channel: dm, author: user, content: 'while you were away' });
      await daemon.start();
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: while you were away']);
      const gaps = await gapsSettled(world);
      expect(gaps).toMatchObject([{ state: 'resumed', scope: '0/1', recovered: 1, skipped: 0 }]);
      expect(gaps[0]?.cause).toBe('The daemon closed the connection.');
      expect(fake.gateway.journal.of('identified')).toHaveLength(1);
      expect(readsOf(world)).toBe(0);
    }),
  );

  it.concurrent(
    'is read back when the session cannot be resumed, each message once and in order',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user, channel } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      fake.say({ channel, author: user, content: 'hello everybody' });
      await accepted(world, 'hello everybody');
      await quiet(daemon);
      await daemon.stop();

      fake.gateway.endSessions();
      for (const text of ['one', 'two', 'three']) fake.say({ channel: dm, author: user, content: text });
      fake.say({ channel, author: user, content: `<@${fake.bot.user.id}> four` });
      await daemon.start();
      await fake.until(() => saidIn(world, dm).length === 4 && saidIn(world, channel).length === 1);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: one', 'echo: two', 'echo: three']);
      expect(await gapsSettled(world)).toMatchObject([{ state: 'read_back', recovered: 4, skipped: 0 }]);
      await quiet(daemon);
      expect(new Set(await heard(daemon)).size).toBe((await heard(daemon)).length);
    }),
  );

  it.concurrent(
    'keeps its place before what is said when the daemon is back',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      await quiet(daemon);
      await daemon.stop();
      fake.gateway.endSessions();
      for (const text of ['one', 'two']) fake.say({ channel: dm, author: user, content: text });

      await daemon.start();
      await fake.until(() => fake.gateway.journal.of('identified').length === 2);
      fake.say({ channel: dm, author: user, content: 'three' });
      await fake.until(() => saidIn(world, dm).length === 4);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: one', 'echo: two', 'echo: three']);
      await gapsSettled(world);
    }),
  );

  it.concurrent(
    'is read back in threads, and in channels in which the bot has never been',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user, guild, channel } = world;
      const mention = `<@${fake.bot.user.id}>`;
      const thread = fake.openThread({ parent: channel, name: 'a thread', owner: user });
      await talk(world, `${mention} hello`, { channel: thread });
      const forum = fake.addChannel(guild, { type: 15 });
      const elsewhere = fake.addChannel(guild);
      await quiet(daemon);
      await daemon.stop();

      fake.gateway.endSessions();
      fake.say({ channel: thread, author: user, content: 'in the thread' });
      fake.say({ channel: elsewhere, author: user, content: `${mention} elsewhere` });
      const post = fake.openThread({
        parent: forum,
        name: 'a post',
        owner: user,
        post: { author: user, content: `${mention} in a post`, allowed: allMentions },
      });
      await daemon.start();
      await fake.until(
        () =>
          saidIn(world, thread).length === 2 &&
          saidIn(world, elsewhere).length === 1 &&
          saidIn(world, post).length === 1,
      );

      expect(await gapsSettled(world)).toMatchObject([{ state: 'read_back', skipped: 0 }]);
      const events = await inboxOf(daemon);
      const inThread = events.filter(({ event }) => 'address' in event && event.address.thread === thread.id);
      expect(inThread.map(({ event }) => 'text' in event && event.text)).toContain('in the thread');
      expect(inThread[0]?.event).toMatchObject({ address: { conversation: channel.id } });
    }),
  );

  it.concurrent(
    'is read back with the roles of who said it, so that the same rules let it in',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user, guild, channel } = world;
      const role = fake.addRole(guild);
      fake.addMember(guild, user, [role]);
      const stranger = fake.addUser();
      await daemon.api('PUT /router/rules/{id}', {
        params: { id: 'discord.default' },
        body: {
          match: { sources: ['discord:default'], roles: [role.id] },
          action: 'accept',
          agent: 'echo',
          mention: { required: false },
          position: 10,
        },
      });
      await talk(world, 'first', { channel });
      await quiet(daemon);
      await daemon.stop();

      fake.gateway.endSessions();
      fake.say({ channel, author: stranger, content: 'let me in' });
      fake.say({ channel, author: user, content: 'second' });
      await daemon.start();
      await fake.until(() => saidIn(world, channel).length === 2);
      await gapsSettled(world);
      await quiet(daemon);

      expect(saidIn(world, channel)).toEqual(['echo: first', 'echo: second']);
      expect(await heard(daemon)).toContain('let me in');
    }),
  );

  it.concurrent(
    'is read back by the next daemon, when this one ends in the middle of it',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user, channel } = world;
      const dm = fake.dm(user);
      const say = (content: string, where = channel): unknown =>
        fake.say({ channel: where, author: user, content });
      say('first');
      say('and here', dm);
      await accepted(world, 'first', 'and here');
      await daemon.stop();
      fake.gateway.endSessions();
      say('missed');
      say('missed too', dm);
      // One history cannot be read, and meanwhile something is said there.
      fake.faults.rest({
        ...{ method: 'GET', route: history, match: ({ path }) => path.includes(channel.id), times: 1_000 },
        fault: { kind: 'status', status: 503, applied: false },
      });
      await daemon.start();
      await accepted(world, 'missed too');
      say('heard');
      await accepted(world, 'heard');
      const [gap] = await gapsOf(daemon);
      await daemon.stop();
      fake.faults.clear();

      fake.gateway.endSessions();
      await daemon.start();
      await accepted(world, 'missed');

      expect(gap).toMatchObject({ state: 'open' });
      const gaps = await gapsSettled(world, 2);
      expect(gaps.map(({ state }) => state)).toEqual(['read_back', 'read_back']);
      expect(gaps.map(({ id }) => id)).toContain(gap?.id);
      const all = await heard(daemon);
      expect(all.toSorted()).toEqual(['and here', 'first', 'heard', 'missed', 'missed too']);
    }),
  );
});

describe('a connection that breaks', () => {
  it.concurrent.each([
    ['is cut', (world: DiscordWorld) => world.fake.gateway.live()[0]?.drop()],
    ['is asked to reconnect', (world: DiscordWorld) => world.fake.gateway.live()[0]?.requestReconnect()],
    ['may be resumed', (world: DiscordWorld) => world.fake.gateway.live()[0]?.invalidate(true)],
    ['is closed with an unknown error', (world: DiscordWorld) => world.fake.gateway.live()[0]?.close(4000)],
  ])(
    'is resumed when it %s, and the gap says so',
    closing(async (_how, breakIt) => {
      const world = await open();
      const { fake, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');

      breakIt(world);
      fake.say({ channel: dm, author: user, content: 'second' });
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: second']);
      expect(await gapsSettled(world)).toMatchObject([{ state: 'resumed' }]);
      expect(readsOf(world)).toBe(0);
    }),
  );

  it.concurrent.each([
    ['is over', (world: DiscordWorld) => world.fake.gateway.live()[0]?.invalidate(false)],
    ['timed out', (world: DiscordWorld) => world.fake.gateway.live()[0]?.close(4009)],
  ])(
    'begins anew when its session %s, and what was missed is read back',
    closing(async (_how, breakIt) => {
      const world = await open();
      const { fake, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');

      breakIt(world);
      fake.gateway.endSessions();
      fake.say({ channel: dm, author: user, content: 'second' });
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: second']);
      expect(await gapsSettled(world)).toMatchObject([{ state: 'read_back', recovered: 1 }]);
    }),
  );

  it.concurrent(
    'twice in a row leaves two gaps, and both are explained',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');

      for (const text of ['second', 'third']) {
        const identified = fake.gateway.journal.of('identified').length;
        fake.gateway.live()[0]?.invalidate(false);
        fake.say({ channel: dm, author: user, content: text });
        await fake.until(() => fake.gateway.journal.of('identified').length > identified);
      }
      await accepted(world, 'second', 'third');

      const gaps = await gapsSettled(world, 2);
      expect(gaps.map(({ state }) => state)).toEqual(['read_back', 'read_back']);
      await quiet(daemon);
      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: second', 'echo: third']);
    }),
  );

  it.concurrent(
    'comes back after an outage of the platform, and what was said since is there',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');

      await fake.stop();
      fake.say({ channel: dm, author: user, content: 'nobody can hear me' });
      await fake.start();
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: nobody can hear me']);
      expect(await gapsSettled(world)).toMatchObject([{ state: 'resumed' }]);
      await live(daemon);
    }),
  );
});

describe('the policy for reading back', () => {
  async function missThree(world: DiscordWorld): Promise<void> {
    const { fake, daemon, user, channel } = world;
    fake.say({ channel, author: user, content: 'hello' });
    await accepted(world, 'hello');
    await daemon.stop();
    fake.gateway.endSessions();
    for (const text of ['one', `<@${fake.bot.user.id}> two`, 'three'])
      fake.say({ channel, author: user, content: text });
    await daemon.start();
  }

  it.concurrent(
    '"off" skips the gap, and says so',
    closing(async () => {
      const world = await open({ catchUp: { mode: 'off' } });
      await missThree(world);

      expect(await gapsSettled(world)).toMatchObject([
        { state: 'skipped', recovered: 0, detail: 'Reading back is switched off.' },
      ]);
      expect(await heard(world.daemon)).toEqual(['hello']);
      expect(readsOf(world)).toBe(0);
    }),
  );

  it.concurrent(
    '"addressed" brings what addresses the bot, and counts the rest',
    closing(async () => {
      const world = await open({ catchUp: { mode: 'addressed' } });
      await missThree(world);

      expect(await gapsSettled(world)).toMatchObject([
        {
          state: 'read_back',
          recovered: 1,
          skipped: 2,
          detail: 'Left out: messages that do not address the bot.',
        },
      ]);
      expect(await heard(world.daemon)).toHaveLength(2);
    }),
  );

  it.concurrent(
    'with a number brings the newest so many of a conversation',
    closing(async () => {
      const world = await open({ catchUp: { perConversationMax: 2 } });
      await missThree(world);

      expect(await gapsSettled(world)).toMatchObject([
        {
          recovered: 2,
          duplicates: 0,
          skipped: 1,
          detail: 'Left out: the oldest messages, beyond perConversationMax.',
        },
      ]);
      expect(await heard(world.daemon)).toEqual(['hello', `<@${world.fake.bot.user.id}> two`, 'three']);
    }),
  );
});

it.concurrent(
  'has nothing to tell of before the first session',
  closing(async () => {
    const { daemon } = await open();

    expect(await gapsOf(daemon)).toEqual([]);
  }),
);
