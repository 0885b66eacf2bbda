import type { Attachment, Channel, Message, MessageReference, Reaction, User } from './entities.ts';
import { storeAttachment } from './cdn.ts';
import { type AllowedMentions, mentionsIn } from './mentions.ts';
import { dispatchedMessageWire } from './message-wire.ts';
import { bareMemberWire, channelWire, memberWire } from './wire.ts';
import type { World, WorldEvent } from './world.ts';

export interface UploadedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly description?: string;
  readonly width?: number;
  readonly height?: number;
  readonly durationS?: number;
  readonly waveform?: string;
}

/** A message that is valid and allowed. */
export interface Draft {
  readonly author: User;
  readonly content: string;
  readonly allowed: AllowedMentions;
  readonly type?: number;
  readonly flags?: number;
  readonly tts?: boolean;
  readonly embeds?: Message['embeds'];
  readonly components?: readonly unknown[];
  readonly files?: readonly UploadedFile[];
  readonly reference?: MessageReference;
  readonly repliedTo?: Message;
  readonly snapshots?: readonly Message[];
  readonly nonce?: string | number;
  readonly poll?: Message['poll'];
  readonly stickers?: Message['stickers'];
  readonly applicationId?: string;
  readonly webhookId?: string;
  readonly interaction?: Message['interaction'];
  /** Known only to the one who gets it: not in the channel, not dispatched. */
  readonly ephemeral?: boolean;
  /** The message that opens a thread has the thread's id. */
  readonly id?: string;
}

/** Posts a message and tells everyone who can see it. Wakes an archived thread. */
export function postMessage(world: World, channel: Channel, draft: Draft): Message {
  const id = draft.id ?? world.nextId();
  const mentions = mentionsIn(world, channel, draft.content, draft.allowed, draft.repliedTo?.author);
  const optional = {
    reference: draft.reference,
    snapshots: draft.snapshots,
    nonce: draft.nonce,
    poll: draft.poll,
    applicationId: draft.applicationId,
    webhookId: draft.webhookId,
    interaction: draft.interaction,
  };
  const message: Message = {
    id,
    channel,
    author: draft.author,
    type: draft.type ?? (draft.repliedTo ? 19 : 0),
    content: draft.content,
    createdAt: world.now(),
    flags: draft.flags ?? 0,
    tts: draft.tts ?? false,
    embeds: draft.embeds ?? [],
    components: draft.components ?? [],
    attachments: attach(world, channel, draft.files ?? []),
    mentions: mentions.users,
    mentionRoles: mentions.roles,
    mentionEveryone: mentions.everyone,
    reactions: new Map(),
    stickers: draft.stickers ?? [],
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
  };
  if (draft.ephemeral === true) return message;
  wake(world, channel);
  channel.log.add(message);
  if (channel.thread) {
    channel.thread.messageCount += 1;
    channel.thread.members.add(draft.author.id);
  }
  world.publish(messageEvent(world, 'MESSAGE_CREATE', message));
  return message;
}

/** Changes a message and tells. `files` are added to the attachments. */
export function changeMessage(
  world: World,
  message: Message,
  change: Partial<Pick<Message, 'embeds' | 'components' | 'attachments' | 'flags' | 'type'>> & {
    readonly content?: string;
    readonly files?: readonly UploadedFile[];
    readonly allowed: AllowedMentions;
    readonly isEdit?: boolean;
  },
): void {
  const { content, allowed, isEdit, files = [], ...fields } = change;
  Object.assign(message, fields);
  message.attachments = [...message.attachments, ...attach(world, message.channel, files)];
  if (content !== undefined) {
    message.content = content;
    const replied = message.reference?.type === 0 ? message.reference.messageId : undefined;
    const mentions = mentionsIn(world, message.channel, content, allowed);
    message.mentions = [
      ...new Set([
        ...mentions.users,
        ...message.mentions.filter((id) => message.channel.log.get(replied ?? '')?.author.id === id),
      ]),
    ];
    message.mentionRoles = mentions.roles;
    message.mentionEveryone = mentions.everyone;
  }
  if (isEdit !== false) message.editedAt = world.now();
  if (message.channel.log.get(message.id) === message)
    world.publish(messageEvent(world, 'MESSAGE_UPDATE', message));
}

export function deleteMessages(world: World, channel: Channel, ids: readonly string[]): void {
  const gone = ids.filter((id) => channel.log.remove(id));
  const [only] = gone;
  if (only === undefined) return;
  const guild = channel.guild ? { guild_id: channel.guild.id } : {};
  const isBulk = ids.length > 1;
  world.publish({
    type: isBulk ? 'MESSAGE_DELETE_BULK' : 'MESSAGE_DELETE',
    channel,
    data: () => ({ ...(isBulk ? { ids: gone } : { id: only }), channel_id: channel.id, ...guild }),
  });
}

/** Does nothing when the user has already reacted so. */
export function react(world: World, message: Message, user: User, emoji: Reaction['emoji']): void {
  const key = emojiKey(emoji);
  const reaction = message.reactions.get(key) ?? { key, emoji, users: new Set<string>() };
  if (reaction.users.has(user.id)) return;
  reaction.users.add(user.id);
  message.reactions.set(key, reaction);
  const member = message.channel.guild?.members.get(user.id);
  world.publish({
    type: 'MESSAGE_REACTION_ADD',
    channel: message.channel,
    data: () => ({
      ...reactionFields(message, user, emoji),
      message_author_id: message.author.id,
      ...(member ? { member: memberWire(member) } : {}),
    }),
  });
}

export function unreact(world: World, message: Message, user: User, key: string): void {
  const reaction = message.reactions.get(key);
  if (!reaction?.users.delete(user.id)) return;
  if (reaction.users.size === 0) message.reactions.delete(key);
  world.publish({
    type: 'MESSAGE_REACTION_REMOVE',
    channel: message.channel,
    data: () => reactionFields(message, user, reaction.emoji),
  });
}

/** Takes every reaction away, or every one with this emoji. */
export function clearReactions(world: World, message: Message, key?: string): void {
  const reaction = key === undefined ? undefined : message.reactions.get(key);
  if (key === undefined) message.reactions.clear();
  else if (!message.reactions.delete(key)) return;
  world.publish({
    type: key === undefined ? 'MESSAGE_REACTION_REMOVE_ALL' : 'MESSAGE_REACTION_REMOVE_EMOJI',
    channel: message.channel,
    data: () => ({
      channel_id: message.channel.id,
      message_id: message.id,
      ...guildField(message.channel),
      ...(reaction ? { emoji: reaction.emoji } : {}),
    }),
  });
}

export function startTyping(world: World, channel: Channel, user: User): void {
  const member = channel.guild?.members.get(user.id);
  world.publish({
    type: 'TYPING_START',
    channel,
    data: () => ({
      channel_id: channel.id,
      user_id: user.id,
      timestamp: Math.floor(world.now() / 1_000),
      ...guildField(channel),
      ...(member ? { member: { ...bareMemberWire(member), user: memberWire(member).user } } : {}),
    }),
  });
}

/** `name:id` for an emoji of a guild, else the character itself. */
export function emojiKey({ id, name }: Reaction['emoji']): string {
  return id === null ? name : `${name}:${id}`;
}

function attach(world: World, channel: Channel, files: readonly UploadedFile[]): Attachment[] {
  return files.map((file) => {
    const attachment = { ...file, size: file.bytes.byteLength, id: world.nextId(), channelId: channel.id };
    storeAttachment(world, attachment);
    return attachment;
  });
}

/** Sending to an archived thread opens it again. */
function wake(world: World, channel: Channel): void {
  const { thread } = channel;
  if (thread?.archived !== true) return;
  thread.archived = false;
  thread.archivedAt = world.now();
  world.publish({ type: 'THREAD_UPDATE', channel, data: () => channelWire(channel) });
}

function messageEvent(world: World, type: string, message: Message): WorldEvent {
  return {
    type,
    channel: message.channel,
    data: (bot, content) =>
      dispatchedMessageWire(world, message, { bot, content, nonce: type === 'MESSAGE_CREATE' }),
  };
}

function reactionFields(message: Message, user: User, emoji: Reaction['emoji']): Record<string, unknown> {
  return {
    user_id: user.id,
    channel_id: message.channel.id,
    message_id: message.id,
    ...guildField(message.channel),
    emoji,
    burst: false,
    type: 0,
  };
}

function guildField(channel: Channel): Record<string, string> {
  return channel.guild ? { guild_id: channel.guild.id } : {};
}
