import type { Channel, Message, User } from './entities.ts';
import { allMentions } from './mentions.ts';
import { changeMessage, type Draft, postMessage } from './messages.ts';
import { makeChannel } from './settle-world.ts';
import { channelWire } from './wire.ts';
import type { World } from './world.ts';

export interface ThreadSpec {
  readonly parent: Channel;
  readonly name: string;
  readonly owner: User;
  /** The message that it grows out of: their ids are the same. */
  readonly from?: Message;
  /** What opens a forum post; its id, too, is that of the thread. */
  readonly post?: Omit<Draft, 'id'>;
  readonly isPrivate?: boolean;
  readonly autoArchiveMinutes?: number;
  readonly appliedTags?: readonly string[];
}

const hasThread = 1 << 5;

/** Source: docs.discord.com/developers/topics/threads. */
export function openThread(world: World, spec: ThreadSpec): Channel {
  const { parent, from, post, owner, name } = spec;
  const thread = makeChannel(world, {
    id: from?.id ?? world.nextId(),
    type: spec.isPrivate === true ? 12 : parent.type === 5 ? 10 : 11,
    name,
    parentId: parent.id,
    ...(parent.guild ? { guild: parent.guild } : {}),
    thread: {
      ownerId: owner.id,
      createdAt: world.now(),
      archived: false,
      locked: false,
      archivedAt: world.now(),
      autoArchiveMinutes: spec.autoArchiveMinutes ?? 1_440,
      members: new Set([owner.id]),
      appliedTags: spec.appliedTags ?? [],
      messageCount: 0,
    },
  });
  world.publish({
    type: 'THREAD_CREATE',
    channel: thread,
    data: () => ({ ...channelWire(thread), newly_created: true }),
  });
  if (post) postMessage(world, thread, { ...post, id: thread.id });
  else if (from) growFrom(world, thread, from, owner);
  else if (spec.isPrivate !== true)
    postMessage(world, parent, {
      author: owner,
      content: name,
      type: 18,
      allowed: allMentions,
      reference: { type: 0, channelId: thread.id, ...(parent.guild ? { guildId: parent.guild.id } : {}) },
    });
  return thread;
}

function growFrom(world: World, thread: Channel, from: Message, owner: User): void {
  from.threadId = thread.id;
  changeMessage(world, from, { flags: from.flags | hasThread, allowed: allMentions, isEdit: false });
  postMessage(world, thread, {
    author: owner,
    content: '',
    type: 21,
    allowed: allMentions,
    reference: {
      type: 0,
      messageId: from.id,
      channelId: from.channel.id,
      ...(thread.guild ? { guildId: thread.guild.id } : {}),
    },
  });
}

export interface ThreadChange {
  readonly name?: string;
  readonly archived?: boolean;
  readonly locked?: boolean;
  readonly appliedTags?: readonly string[];
  readonly autoArchiveMinutes?: number;
}

export function changeThread(world: World, channel: Channel, change: ThreadChange): void {
  const thread = channel.thread!;
  if (change.name !== undefined) channel.name = change.name;
  if (change.archived !== undefined && change.archived !== thread.archived) {
    thread.archived = change.archived;
    thread.archivedAt = world.now();
  }
  thread.locked = change.locked ?? thread.locked;
  thread.appliedTags = change.appliedTags ?? thread.appliedTags;
  thread.autoArchiveMinutes = change.autoArchiveMinutes ?? thread.autoArchiveMinutes;
  world.publish({ type: 'THREAD_UPDATE', channel, data: () => channelWire(channel) });
}

export function joinThread(world: World, channel: Channel, user: User, isIn: boolean): void {
  const { members } = channel.thread!;
  if (isIn) members.add(user.id);
  else members.delete(user.id);
  const joinedAt = new Date(world.now()).toISOString();
  world.publish({
    type: 'THREAD_MEMBERS_UPDATE',
    channel,
    data: () => ({
      id: channel.id,
      guild_id: channel.guild?.id,
      member_count: members.size,
      added_members: isIn ? [{ id: channel.id, user_id: user.id, join_timestamp: joinedAt, flags: 0 }] : [],
      removed_member_ids: isIn ? [] : [user.id],
    }),
  });
}

/** Takes a channel away, with its threads and messages. */
export function deleteChannel(world: World, channel: Channel): void {
  const isThread = channel.thread !== undefined;
  world.publish({
    type: isThread ? 'THREAD_DELETE' : 'CHANNEL_DELETE',
    channel,
    data: () =>
      isThread
        ? { id: channel.id, guild_id: channel.guild?.id, parent_id: channel.parentId, type: channel.type }
        : channelWire(channel),
  });
  for (const other of [...(channel.guild?.channels.values() ?? [])])
    if (other.thread && other.parentId === channel.id) forget(world, other);
  forget(world, channel);
}

function forget(world: World, channel: Channel): void {
  world.channels.delete(channel.id);
  channel.guild?.channels.delete(channel.id);
}
