import { applicationFlag } from './application-flags.ts';
import { refuse } from './api-error.ts';
import type { Channel } from './entities.ts';
import { Form } from './form.ts';
import { permission } from './permissions.ts';
import { type BotCall, botRoute, ok, type Reply, type Route } from './rest-call.ts';
import { compareIds } from './snowflakes.ts';
import { changeThread, deleteChannel } from './threads.ts';
import { bareGuildWire, channelWire, memberWire, roleWire } from './wire.ts';
import type { World } from './world.ts';

/** Guilds, their members and channels. */
export function guildRoutes(world: World): readonly Route[] {
  return [
    botRoute('GET', '/guilds/{guild}', 'guild', ({ params, bot, query }) => {
      const guild = world.guildOf(params.guild, bot);
      const counts = { approximate_member_count: guild.members.size, approximate_presence_count: 0 };
      return ok({ ...bareGuildWire(guild), ...(query.get('with_counts') === 'true' ? counts : {}) });
    }),
    botRoute('GET', '/guilds/{guild}/channels', 'guild', ({ params, bot }) => {
      const { channels } = world.guildOf(params.guild, bot);
      return ok(
        [...channels.values()].filter(({ thread }) => !thread).map((channel) => channelWire(channel)),
      );
    }),
    botRoute('GET', '/guilds/{guild}/roles', 'guild', ({ params, bot }) =>
      ok([...world.guildOf(params.guild, bot).roles.values()].map(roleWire)),
    ),
    botRoute('GET', '/guilds/{guild}/members/{user}', 'guild', ({ params, bot }) => {
      const { members } = world.guildOf(params.guild, bot);
      return ok(memberWire(members.get(params.user ?? '') ?? refuse('unknownMember')));
    }),
    botRoute('GET', '/guilds/{guild}/members', 'guild', (call) => listMembers(world, call)),
    botRoute('GET', '/channels/{channel}', 'channel', ({ params, bot }) =>
      ok(channelWire(world.visibleChannel(params.channel, bot.user.id))),
    ),
    botRoute('PATCH', '/channels/{channel}', 'channel', (call) => changeChannel(world, call)),
    botRoute('DELETE', '/channels/{channel}', 'channel', ({ params, bot }) => {
      const channel = world.visibleChannel(params.channel, bot.user.id);
      if (channel.guild) {
        const needed = channel.thread ? permission.manageThreads : permission.manageChannels;
        world.require(channel, bot.user.id, needed);
        deleteChannel(world, channel);
      }
      return ok(channelWire(channel));
    }),
  ];
}

/** Only for applications that have the members intent. */
function listMembers(world: World, { params, bot, query }: BotCall): Reply {
  const { members } = world.guildOf(params.guild, bot);
  if ((bot.flags & (applicationFlag.members | applicationFlag.membersLimited)) === 0) refuse('missingAccess');
  const form = new Form();
  const limit = form.integer('limit', query.get('limit') ?? undefined, 1, 1_000, 1);
  form.check();
  const after = query.get('after') ?? '0';
  const ids = [...members.keys()].filter((id) => compareIds(id, after) > 0).sort(compareIds);
  return ok(ids.slice(0, limit).map((id) => memberWire(members.get(id)!)));
}

function changeChannel(world: World, call: BotCall): Reply {
  const { params, bot, body } = call;
  const channel = world.visibleChannel(params.channel, bot.user.id);
  if (channel.thread) return changedThread(world, channel, call);
  if (!channel.guild) refuse('notInDm');
  world.require(channel, bot.user.id, permission.manageChannels);
  const form = new Form();
  if (body.name !== undefined) channel.name = form.text('name', body.name, 1, 100);
  if (body.topic !== undefined) channel.topic = form.text('topic', body.topic, 0, 1_024) || null;
  form.check();
  world.publish({ type: 'CHANNEL_UPDATE', channel, data: () => channelWire(channel) });
  return ok(channelWire(channel));
}

/** The owner may name, archive and tag; locking, and opening what is locked, needs the permission. */
function changedThread(world: World, channel: Channel, { bot, body }: BotCall): Reply {
  const thread = channel.thread!;
  const isOwner = thread.ownerId === bot.user.id;
  if (!isOwner || body.locked !== undefined || (thread.locked && body.archived === false))
    world.require(channel, bot.user.id, permission.manageThreads);
  if (thread.archived && body.archived !== false) refuse('threadArchived');
  const form = new Form();
  const name = body.name === undefined ? undefined : form.text('name', body.name, 1, 100);
  form.check();
  changeThread(world, channel, {
    ...(name === undefined ? {} : { name }),
    ...(typeof body.archived === 'boolean' ? { archived: body.archived } : {}),
    ...(typeof body.locked === 'boolean' ? { locked: body.locked } : {}),
    ...(Array.isArray(body.applied_tags) ? { appliedTags: body.applied_tags as string[] } : {}),
  });
  return ok(channelWire(channel));
}
