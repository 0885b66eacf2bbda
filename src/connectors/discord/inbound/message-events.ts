import type {
  InboundMessageDeleted,
  InboundMessageEdited,
  InboundMessageEvent,
  Mentions,
} from '../../../domain/inbound-event.ts';
import { readMessage } from '../api-read-message.ts';
import { messageReferenceTypes, messageTypes } from '../api-constants.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import { userIdentity } from '../identity.ts';
import { snowflakeTime } from '../snowflake.ts';
import { fieldsOf, idOf, listOf } from '../untrusted.ts';
import { attachmentsOf } from './attachments.ts';
import type { InboundContext } from './inbound-context.ts';
import { textOfMessage } from './message-text.ts';
import { placeAt } from './place.ts';
import { isOwnMessage, senderOfMessage, unknownSender } from './sender.ts';

/** Bulk deletion takes 100: https://docs.discord.com/developers/resources/message#bulk-delete-messages */
const deletedMax = 1_000;

/** Undefined when it is no message. */
export function toMessageCreated(data: unknown, context: InboundContext): InboundMessageEvent | undefined {
  const message = readMessage(data);
  if (!message) return undefined;
  const mentions = mentionsOf(message, context);
  const replyTo = replyOf(message, context);
  return {
    type: 'message.created',
    ...placeOfMessage(message, context),
    dedupeKey: `message:${message.id}`,
    occurredAt: timeOf(message.timestamp) ?? snowflakeTime(message.id),
    position: message.id,
    sender: senderOfMessage(message, context),
    text: textOfMessage(message),
    attachments: attachmentsOf(message),
    mentions,
    ...(replyTo ? { replyTo } : {}),
    broadcast: mentions.everyone,
  };
}

/**
 * Undefined unless its author changed it. The platform also sends updates when it has looked at a link, when
 * a message is pinned, and the like.
 */
export function toMessageEdited(data: unknown, context: InboundContext): InboundMessageEdited | undefined {
  const message = readMessage(data);
  if (!message?.author || message.edited_timestamp === undefined) return undefined;
  const mentions = mentionsOf(message, context);
  return {
    type: 'message.edited',
    ...placeOfMessage(message, context),
    dedupeKey: `edit:${message.id}:${message.edited_timestamp}`,
    occurredAt: timeOf(message.edited_timestamp) ?? context.now,
    sender: senderOfMessage(message, context),
    text: textOfMessage(message),
    attachments: attachmentsOf(message),
    mentions,
    broadcast: mentions.everyone,
  };
}

/** Of one (`id`) or many (`ids`). Who deleted them is not told. */
export function toMessagesDeleted(data: unknown, context: InboundContext): InboundMessageDeleted[] {
  const deletion = fieldsOf(data);
  const channel = idOf(deletion?.channel_id);
  if (!deletion || channel === undefined) return [];
  const guild = idOf(deletion.guild_id);
  const messages = new Set(
    listOf([deletion.id, ...listOf(deletion.ids, idOf, deletedMax)], idOf, deletedMax),
  );
  return [...messages].map((message) => ({
    type: 'message.deleted',
    ...placeAt({ channel, guild, message }, context),
    dedupeKey: `delete:${message}`,
    occurredAt: context.now,
    sender: unknownSender,
  }));
}

function placeOfMessage(message: ApiMessage, context: InboundContext): ReturnType<typeof placeAt> {
  return placeAt({ channel: message.channel_id, guild: message.guild_id, message: message.id }, context);
}

function mentionsOf(message: ApiMessage, context: InboundContext): Mentions {
  const guild = message.guild_id ?? context.channel(message.channel_id)?.guild_id;
  const selfRoles = guild === undefined ? [] : context.selfRoles(guild);
  const mentioned = message.mentions.map(({ id }) => id);
  return {
    self:
      mentioned.includes(context.selfId) || message.mention_roles.some((role) => selfRoles.includes(role)),
    everyone: message.mention_everyone === true,
    users: mentioned.map((id: Snowflake) => userIdentity(id)),
  };
}

/** A forward, a pin or a crosspost refers to a message too, and replies to none. */
function replyOf(message: ApiMessage, context: InboundContext): InboundMessageEvent['replyTo'] {
  const { message_reference: reference, referenced_message: referenced } = message;
  const isReply =
    message.type === messageTypes.reply &&
    (reference?.type ?? messageReferenceTypes.reply) === messageReferenceTypes.reply;
  if (!isReply || reference?.message_id === undefined) return undefined;
  return {
    message: reference.message_id,
    toSelf: referenced ? isOwnMessage(referenced, context) : false,
  };
}

/** Undefined when it is no time, or one that no number holds. */
function timeOf(timestamp: string | undefined): number | undefined {
  const at = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(at) ? undefined : at;
}
