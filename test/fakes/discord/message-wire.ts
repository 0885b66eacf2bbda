import { signedUrl } from './cdn.ts';
import type { Attachment, Bot, Message, Reaction } from './entities.ts';
import { bareMemberWire, channelWire, isoTime, userWire } from './wire.ts';
import type { World } from './world.ts';

type Wire = Record<string, unknown>;

export interface Viewer {
  readonly bot: Bot;
  /** May read what others write in guilds: its application's flag, and on the gateway its intent. */
  readonly content: boolean;
  /** True where the nonce is still known. */
  readonly nonce: boolean;
}

/** A message as `viewer` reads it over REST. */
export function messageWire(world: World, message: Message, viewer: Viewer): Wire {
  const isReadable = mayRead(message, viewer);
  const { reference, webhookId } = message;
  return {
    id: message.id,
    channel_id: message.channel.id,
    type: message.type,
    author:
      webhookId === undefined || message.applicationId !== undefined
        ? userWire(message.author)
        : webhookAuthor(message),
    timestamp: isoTime(message.createdAt),
    edited_timestamp: message.editedAt === undefined ? null : isoTime(message.editedAt),
    tts: message.tts,
    pinned: false,
    flags: message.flags,
    mention_everyone: message.mentionEveryone,
    mentions: message.mentions.flatMap((id) => world.users.get(id) ?? []).map(userWire),
    mention_roles: message.mentionRoles,
    ...(isReadable
      ? contentFields(world, message)
      : { content: '', embeds: [], attachments: [], components: [] }),
    ...(message.reactions.size === 0
      ? {}
      : { reactions: [...message.reactions.values()].map((one) => reactionWire(one, viewer.bot)) }),
    ...(viewer.nonce && message.nonce !== undefined ? { nonce: message.nonce } : {}),
    ...(message.applicationId === undefined ? {} : { application_id: message.applicationId }),
    ...(webhookId === undefined ? {} : { webhook_id: webhookId }),
    ...(message.interaction
      ? {
          interaction_metadata: {
            id: message.interaction.id,
            type: message.interaction.type,
            user: userWire(message.interaction.user),
            authorizing_integration_owners: {},
          },
        }
      : {}),
    ...(reference ? referenceFields(world, message, viewer, isReadable) : {}),
    ...(message.threadId === undefined ? {} : threadField(world, message.threadId)),
  };
}

/** As MESSAGE_CREATE and MESSAGE_UPDATE carry it: with its guild and the author's membership. */
export function dispatchedMessageWire(world: World, message: Message, viewer: Viewer): Wire {
  const wire = messageWire(world, message, viewer);
  const { guild } = message.channel;
  if (!guild) return { ...wire, channel_type: message.channel.type };
  const memberOf = (id: string): Wire => {
    const member = guild.members.get(id);
    return member ? { member: bareMemberWire(member) } : {};
  };
  return {
    ...wire,
    guild_id: guild.id,
    channel_type: message.channel.type,
    ...(message.webhookId === undefined ? memberOf(message.author.id) : {}),
    mentions: message.mentions
      .flatMap((id) => world.users.get(id) ?? [])
      .map((user) => ({ ...userWire(user), ...memberOf(user.id) })),
  };
}

/**
 * Without the content intent only its own messages, direct ones and those that mention it.
 * Source: docs.discord.com/developers/events/gateway#message-content-intent.
 */
function mayRead(message: Message, { bot, content }: Viewer): boolean {
  return (
    content || !message.channel.guild || message.author === bot.user || message.mentions.includes(bot.user.id)
  );
}

function contentFields(world: World, message: Message): Wire {
  return {
    content: message.content,
    embeds: message.embeds,
    attachments: message.attachments.map((attachment) => attachmentWire(world, attachment)),
    components: message.components,
    ...(message.poll ? { poll: message.poll } : {}),
    ...(message.stickers.length > 0 ? { sticker_items: message.stickers } : {}),
  };
}

function referenceFields(world: World, message: Message, viewer: Viewer, isReadable: boolean): Wire {
  const { type, messageId, channelId, guildId } = message.reference!;
  const target = world.channels.get(channelId)?.log.get(messageId ?? '');
  return {
    message_reference: {
      type,
      channel_id: channelId,
      ...(messageId === undefined ? {} : { message_id: messageId }),
      ...(guildId === undefined ? {} : { guild_id: guildId }),
    },
    ...(type === 0 && (message.type === 19 || message.type === 20 || message.type === 21)
      ? { referenced_message: target ? messageWire(world, withoutReference(target), viewer) : null }
      : {}),
    ...(message.snapshots
      ? {
          message_snapshots: message.snapshots.map((snapshot) => ({
            message: {
              type: snapshot.type,
              timestamp: isoTime(snapshot.createdAt),
              edited_timestamp: null,
              flags: snapshot.flags,
              mentions: [],
              mention_roles: [],
              ...(isReadable
                ? contentFields(world, snapshot)
                : { content: '', embeds: [], attachments: [], components: [] }),
            },
          })),
        }
      : {}),
  };
}

function threadField(world: World, threadId: string): Wire {
  const thread = world.channels.get(threadId);
  return thread ? { thread: channelWire(thread) } : {};
}

function webhookAuthor(message: Message): Wire {
  const { username } = message.author;
  return {
    id: message.webhookId,
    username,
    discriminator: '0000',
    global_name: null,
    avatar: null,
    bot: true,
  };
}

function reactionWire({ emoji, users }: Reaction, bot: Bot): Wire {
  return {
    emoji,
    count: users.size,
    count_details: { burst: 0, normal: users.size },
    burst_colors: [],
    me: users.has(bot.user.id),
    me_burst: false,
  };
}

function attachmentWire(world: World, attachment: Attachment): Wire {
  const url = signedUrl(world, attachment);
  return {
    id: attachment.id,
    filename: attachment.filename,
    size: attachment.size,
    url,
    proxy_url: url,
    content_type: attachment.contentType,
    ...(attachment.description === undefined ? {} : { description: attachment.description }),
    ...(attachment.width === undefined ? {} : { width: attachment.width, height: attachment.height ?? null }),
    ...(attachment.durationS === undefined ? {} : { duration_secs: attachment.durationS }),
    ...(attachment.waveform === undefined ? {} : { waveform: attachment.waveform }),
  };
}

/** What a reply points at is shown one level deep. */
function withoutReference({ reference: _reference, ...message }: Message): Message {
  return message;
}
