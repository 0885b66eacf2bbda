import { refuse } from './api-error.ts';
import type { Channel } from './entities.ts';
import { Form, record } from './form.ts';
import { allMentions } from './mentions.ts';
import { parseMessage, requireSomething } from './message-form.ts';
import { messageWire } from './message-wire.ts';
import { permission } from './permissions.ts';
import { type BotCall, botRoute, created, done, ok, type Reply, type Route } from './rest-call.ts';
import { draftOf, requireExtras } from './rest-messages.ts';
import { joinThread, openThread } from './threads.ts';
import { channelWire } from './wire.ts';
import type { World } from './world.ts';
import { requireOpenThread } from './writable.ts';

const archiveMinutes: readonly number[] = [60, 1_440, 4_320, 10_080];
const tagsMax = 5;

export function threadRoutes(world: World): readonly Route[] {
  return [
    botRoute('POST', '/channels/{channel}/messages/{message}/threads', 'thread', (call) =>
      fromMessage(world, call),
    ),
    botRoute('POST', '/channels/{channel}/threads', 'thread', (call) => {
      const channel = world.visibleChannel(call.params.channel, call.bot.user.id);
      if (channel.type === 15 || channel.type === 16) return forumPost(world, channel, call);
      return withoutMessage(world, channel, call);
    }),
    botRoute('PUT', '/channels/{channel}/thread-members/@me', 'thread', (call) => joined(world, call, true)),
    botRoute('DELETE', '/channels/{channel}/thread-members/@me', 'thread', (call) =>
      joined(world, call, false),
    ),
    botRoute('GET', '/channels/{channel}/threads/archived/public', 'thread', ({ params, bot }) => {
      const channel = world.visibleChannel(params.channel, bot.user.id);
      world.require(channel, bot.user.id, permission.readMessageHistory);
      return ok({ ...threadList(world, bot.user.id, channel.id, true), has_more: false });
    }),
    botRoute('GET', '/guilds/{guild}/threads/active', 'guild', ({ params, bot }) => {
      const guild = world.guildOf(params.guild, bot);
      const lists = [...guild.channels.values()].map(({ id }) => threadList(world, bot.user.id, id, false));
      return ok({
        threads: lists.flatMap(({ threads }) => threads),
        members: lists.flatMap(({ members }) => members),
      });
    }),
  ];
}

function threadList(world: World, userId: string, parentId: string, isArchived: boolean) {
  const threads = [...world.channels.values()].filter(
    (channel) =>
      channel.thread?.archived === isArchived &&
      channel.parentId === parentId &&
      world.canSee(channel, userId),
  );
  return {
    threads: threads.map((channel) => channelWire(channel)),
    members: threads
      .filter(({ thread }) => thread?.members.has(userId))
      .map(({ id, thread }) => ({
        id,
        user_id: userId,
        join_timestamp: new Date(thread!.createdAt).toISOString(),
        flags: 0,
      })),
  };
}

function parseThread(form: Form, { body }: BotCall): { name: string; autoArchiveMinutes: number } {
  const name = form.text('name', body.name, 1, 100);
  const minutes = form.integer('auto_archive_duration', body.auto_archive_duration, 60, 10_080, 1_440);
  if (!archiveMinutes.includes(minutes))
    form.fail('auto_archive_duration', 'BASE_TYPE_CHOICES', 'Value must be one of (60, 1440, 4320, 10080).');
  return { name, autoArchiveMinutes: minutes };
}

function fromMessage(world: World, call: BotCall): Reply {
  const { bot, params } = call;
  const parent = world.visibleChannel(params.channel, bot.user.id);
  const from = world.message(parent, params.message);
  if (parent.type !== 0 && parent.type !== 5) refuse('wrongChannelType');
  world.require(parent, bot.user.id, permission.createPublicThreads | permission.readMessageHistory);
  if (from.threadId !== undefined) refuse('threadExists');
  const form = new Form();
  const spec = parseThread(form, call);
  form.check();
  return created(channelWire(openThread(world, { ...spec, parent, from, owner: bot.user })));
}

function withoutMessage(world: World, parent: Channel, call: BotCall): Reply {
  const { bot, body } = call;
  if (parent.type !== 0 && parent.type !== 5) refuse('wrongChannelType');
  const form = new Form();
  const spec = parseThread(form, call);
  const type = form.integer('type', body.type, 10, 12, 12);
  form.check();
  const isPrivate = type === 12;
  world.require(
    parent,
    bot.user.id,
    isPrivate ? permission.createPrivateThreads : permission.createPublicThreads,
  );
  return created(channelWire(openThread(world, { ...spec, parent, isPrivate, owner: bot.user })));
}

/** A post is a thread with the message that opens it, made in one call. */
function forumPost(world: World, parent: Channel, call: BotCall): Reply {
  const { bot, body, files } = call;
  world.require(parent, bot.user.id, permission.sendMessages);
  const form = new Form();
  const spec = parseThread(form, call);
  const appliedTags = form.list('applied_tags', body.applied_tags, tagsMax) as string[];
  if (appliedTags.some((tag) => parent.tags.every(({ id }) => id !== tag)))
    form.fail('applied_tags', 'FORUM_INVALID_TAG', 'Unknown tag');
  if (body.message === undefined) form.fail('message', 'BASE_TYPE_REQUIRED', 'This field is required');
  form.check();
  if (parent.requiresTag && appliedTags.length === 0) refuse('tagRequired');
  const input = parseMessage(
    { body: record(body.message), files, defaultMentions: allMentions },
    world.limits,
  );
  requireSomething(input);
  requireExtras(world, parent, bot, input);
  const post = draftOf(world, parent, bot, input);
  const thread = openThread(world, { ...spec, parent, appliedTags, owner: bot.user, post });
  const first = world.message(thread, thread.id);
  return created({
    ...channelWire(thread),
    message: messageWire(world, first, { bot, content: true, nonce: true }),
  });
}

function joined(world: World, { params, bot }: BotCall, isIn: boolean): Reply {
  const channel = world.visibleChannel(params.channel, bot.user.id);
  if (!channel.thread) refuse('wrongChannelType');
  requireOpenThread(channel);
  joinThread(world, channel, bot.user, isIn);
  return done;
}
