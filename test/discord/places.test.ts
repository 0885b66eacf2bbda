import { describe, expect, it } from 'vitest';
import type { Channel } from '../fakes/discord/entities.ts';
import { allMentions } from '../fakes/discord/mentions.ts';
import { permission } from '../fakes/discord/permissions.ts';
import { type DiscordWorld, openDiscordWorld, repliesIn } from '../support/discord-daemon.ts';
import { hasty, inboxOf, quiet, saidIn, sendBy, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';

const open = (): Promise<DiscordWorld> => openDiscordWorld({}, { config: hasty });

/** The threads of a channel. */
function threadsOf({ fake }: DiscordWorld, parent: Channel): readonly Channel[] {
  return [...fake.world.channels.values()].filter(({ parentId, thread }) => parentId === parent.id && thread);
}

describe('a thread', () => {
  it.concurrent(
    'is a lane of its own, and answered where it is, without a mention once the bot takes part',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel, user } = world;
      const from = fake.say({ channel, author: user, content: 'a question' });
      const thread = fake.openThread({ parent: channel, name: 'a question', owner: user, from });

      await talk(world, `<@${fake.bot.user.id}> here?`, { channel: thread });
      await talk(world, 'and now?', { channel: thread });
      await quiet(daemon);

      expect(saidIn(world, thread)).toEqual([`echo: <@${fake.bot.user.id}> here?`, 'echo: and now?']);
      expect(saidIn(world, channel)).toEqual([]);
      const events = await inboxOf(daemon);
      expect(events.at(-1)?.event).toMatchObject({
        address: { conversation: channel.id, thread: thread.id },
        lane: `discord:default/${channel.id}/${thread.id}`,
      });
    }),
  );

  it.concurrent(
    'is known for one after a restart, in which the gateway tells nothing of it',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel, user } = world;
      const thread = fake.openThread({ parent: channel, name: 'a thread', owner: user });
      await talk(world, `<@${fake.bot.user.id}> here?`, { channel: thread });
      await quiet(daemon);
      await daemon.stop();

      fake.say({ channel: thread, author: user, content: 'while you were away' });
      await daemon.start();
      await fake.until(() => saidIn(world, thread).length === 2);

      expect(fake.gateway.journal.of('identified')).toHaveLength(1);
      const event = (await inboxOf(daemon)).find(
        ({ event: { ...fields } }) => 'text' in fields && fields.text === 'while you were away',
      );
      expect(event?.event).toMatchObject({ address: { conversation: channel.id, thread: thread.id } });
    }),
  );

  it.concurrent(
    'that is archived is opened by a message, and one that is locked is refused with the reason',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel, user } = world;
      const thread = fake.openThread({ parent: channel, name: 'a thread', owner: user });
      fake.changeThread(thread, { archived: true });

      const first = await sendBy(daemon, 'hello', { conversation: channel.id, thread: thread.id });
      fake.changeThread(thread, { archived: true, locked: true });
      const second = await sendBy(daemon, 'again', { conversation: channel.id, thread: thread.id });

      expect(first.parts).toMatchObject([{ state: 'delivered', attempts: 1 }]);
      expect(second.parts).toMatchObject([{ state: 'dead', reason: 'destination_unavailable', attempts: 1 }]);
      expect(saidIn(world, thread)).toEqual(['hello']);
    }),
  );
});

describe('a forum', () => {
  it.concurrent(
    'gets a post for each message, with the name and the tags that were asked for',
    closing(async () => {
      const world = await open();
      const { fake, daemon, guild } = world;
      const forum = fake.addChannel(guild, { type: 15, tags: ['news'] });
      const [tag] = forum.tags;

      const { parts } = await sendBy(
        daemon,
        'Something has happened.',
        { conversation: forum.id },
        { extras: { threadName: 'News', appliedTags: [tag?.id] } },
      );

      expect(parts).toMatchObject([{ state: 'delivered' }]);
      const [post] = threadsOf(world, forum);
      expect(post).toMatchObject({ name: 'News', thread: { appliedTags: [tag?.id] } });
      expect(post && saidIn(world, post)).toEqual(['Something has happened.']);
    }),
  );

  it.concurrent(
    'gets one post for a long message, and the rest of it there',
    closing(async () => {
      const world = await open();
      const { fake, daemon, guild } = world;
      const forum = fake.addChannel(guild, { type: 15 });
      const text = Array.from({ length: 700 }, (_none, index) => `word${index}`).join(' ');

      const { parts } = await sendBy(daemon, text, { conversation: forum.id });

      expect(parts.map(({ state }) => state)).toEqual(parts.map(() => 'delivered'));
      const posts = threadsOf(world, forum);
      expect(posts).toHaveLength(1);
      expect(posts[0] && saidIn(world, posts[0]).join(' ')).toBe(text);
    }),
  );

  it.concurrent(
    'gets the rest of a long message in its own post after a restart, whatever was posted there since',
    closing(async () => {
      const world = await open();
      const { fake, daemon, guild } = world;
      const forum = fake.addChannel(guild, { type: 15 });
      const text = Array.from({ length: 400 }, (_none, index) => `word${index}`).join(' ');
      fake.faults.rest({
        ...{ method: 'POST', route: '/channels/{channel}/messages' },
        fault: { kind: 'rate_limit', scope: 'user', retryAfterMs: 500 },
      });
      const sending = sendBy(daemon, text, { conversation: forum.id }).catch(() => undefined);
      await fake.until(() => threadsOf(world, forum).length === 1 && fake.faults.restPending === 0);
      await daemon.stop();
      await sending;

      const post = { author: fake.bot.user, content: 'Another one.', allowed: allMentions };
      const other = fake.openThread({ parent: forum, name: 'another', owner: fake.bot.user, post });
      await daemon.start();
      await fake.until(() => threadsOf(world, forum).flatMap((thread) => saidIn(world, thread)).length > 2);

      const [own] = threadsOf(world, forum);
      expect(saidIn(world, other)).toEqual(['Another one.']);
      expect(own && saidIn(world, own).join(' ')).toBe(text);
    }),
  );

  it.concurrent(
    'has posts that are answered where they are',
    closing(async () => {
      const world = await open();
      const { fake, guild, user } = world;
      const forum = fake.addChannel(guild, { type: 15 });
      const content = `<@${fake.bot.user.id}> in a post`;
      fake.addMember(guild, user);

      const post = fake.openThread({
        ...{ parent: forum, name: 'a post', owner: user },
        post: { author: user, content, allowed: allMentions },
      });
      await fake.until(() => saidIn(world, post).length === 1);

      expect(saidIn(world, post)).toEqual([`echo: ${content}`]);
    }),
  );
});

describe('a direct message', () => {
  it.concurrent(
    'is sent to a user, whose channel is opened when it must be',
    closing(async () => {
      const world = await open();
      const { fake, daemon, guild } = world;
      const stranger = fake.addUser();
      fake.addMember(guild, stranger);

      const first = await sendBy(daemon, 'hello', { conversation: `user:${stranger.id}` });
      const second = await sendBy(daemon, 'again', { conversation: `user:${stranger.id}` });

      expect([...first.parts, ...second.parts].map(({ state }) => state)).toEqual(['delivered', 'delivered']);
      expect(saidIn(world, fake.dm(stranger))).toEqual(['hello', 'again']);
      expect(fake.requests.of('POST', '/users/@me/channels')).toHaveLength(1);
    }),
  );

  it.concurrent(
    'to somebody who takes none is a dead letter that says so, after one attempt',
    closing(async () => {
      const world = await open();
      const { fake, daemon, guild } = world;
      const hermit = fake.addUser({ acceptsDms: false });
      fake.addMember(guild, hermit);

      const { parts } = await sendBy(daemon, 'hello', { conversation: `user:${hermit.id}` });

      expect(parts).toMatchObject([{ state: 'dead', reason: 'destination_unavailable', attempts: 1 }]);
      expect(parts[0]?.detail).toContain('50007');
      const { items } = await daemon.api('GET /dead-letters', { query: {} });
      expect(items).toMatchObject([{ queue: 'outbox', source: 'discord:default' }]);
    }),
  );
});

describe('a place that is closed to the bot', () => {
  it.concurrent(
    'is a dead letter with what is missing, and works again as soon as it is allowed',
    closing(async () => {
      const world = await open();
      const { fake, daemon, guild, channel } = world;
      const [everyone] = guild.roles.values();
      const deny = { id: everyone!.id, type: 0, allow: 0n, deny: permission.sendMessages } as const;
      fake.changeOverwrites(channel, [deny]);

      const refused = await sendBy(daemon, 'hello', { conversation: channel.id });
      fake.changeOverwrites(channel, []);
      const replayed = refused.parts[0]?.id ?? '';
      await daemon.api('POST /dead-letters/{id}/replay', { params: { id: replayed } });
      await fake.until(() => saidIn(world, channel).length === 1);

      expect(refused.parts).toMatchObject([{ state: 'dead', reason: 'permission_missing' }]);
      expect(repliesIn(fake, channel)).toMatchObject([{ content: 'hello' }]);
    }),
  );

  it.concurrent(
    'holds up nobody else',
    closing(async () => {
      const world = await open();
      const { daemon, channel } = world;

      const nowhere = await sendBy(daemon, 'hello', { conversation: '1' });
      const here = await sendBy(daemon, 'hello', { conversation: channel.id });

      expect(nowhere.parts).toMatchObject([
        { state: 'dead', reason: 'destination_unavailable', attempts: 1 },
      ]);
      expect(here.parts).toMatchObject([{ state: 'delivered' }]);
    }),
  );
});
