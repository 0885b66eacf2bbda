import { refuse } from './api-error.ts';
import type { Bot, Channel } from './entities.ts';
import { permission } from './permissions.ts';
import type { World } from './world.ts';

/** @throws ApiError when the bot cannot post there, with the code that Discord has for the reason. */
export function requireWritable(world: World, channel: Channel, bot: Bot): void {
  const { type, guild, thread } = channel;
  if (type === 15 || type === 16) refuse('forumNeedsThread');
  if (type === 4) refuse('notTextChannel');
  if (!guild) {
    requireOpenDm(world, channel, bot);
    return;
  }
  world.require(channel, bot.user.id, thread ? permission.sendMessagesInThreads : permission.sendMessages);
  if (thread?.locked === true && !world.may(channel, bot.user.id, permission.manageThreads))
    refuse('threadLocked');
}

/** @throws ApiError 50083: an archived thread can be written to, which opens it, but not changed. */
export function requireOpenThread({ thread }: Channel): void {
  if (thread?.archived === true) refuse('threadArchived');
}

function requireOpenDm(world: World, channel: Channel, bot: Bot): void {
  const other = channel.recipients.find((user) => user !== bot.user);
  if (!other || other.bot || !other.acceptsDms) return refuse('dmClosed');
  if (!world.shareGuild(bot.user, other) && channel.log.all().every(({ author }) => author !== other))
    refuse('noMutualGuild');
}
