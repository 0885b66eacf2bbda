import type { Sender } from '../../../domain/inbound-event.ts';
import { messageTypes } from '../api-constants.ts';
import type { ApiMember, ApiMessage, ApiUser, Snowflake } from '../api-types.ts';
import { discordKind, roleIdentity, userIdentity } from '../identity.ts';
import { present } from '../untrusted.ts';
import type { InboundContext } from './inbound-context.ts';

/** Messages that somebody wrote. The other types are the platform's notices: joins, pins, boosts, thread names. */
const writtenTypes: ReadonlySet<number> = new Set([
  messageTypes.default,
  messageTypes.reply,
  messageTypes.chatInputCommand,
  messageTypes.threadStarter,
  messageTypes.contextMenuCommand,
]);

/** Where the platform does not say who it was. */
export const unknownSender: Sender = {
  id: `${discordKind}:system`,
  kind: 'system',
  verified: false,
  roles: [],
};

export function senderOfMessage(message: ApiMessage, context: InboundContext): Sender {
  const { author, member } = message;
  if (!author) return unknownSender;
  return personAs(author, member, kindOfAuthor(message, author, context));
}

/** Of what is not a message: a person unless the platform says otherwise. */
export function senderOfUser(user: ApiUser, member: ApiMember | undefined, context: InboundContext): Sender {
  const isOurs = user.id === context.selfId;
  return personAs(user, member, isOurs ? 'self' : user.bot === true ? 'bot' : 'human');
}

/** Who wrote it is this account, also when it answered an interaction or wrote by a webhook of its own. */
export function isOwnMessage(
  message: Pick<ApiMessage, 'author' | 'application_id'>,
  context: Pick<InboundContext, 'selfId' | 'applicationId'>,
): boolean {
  return message.author?.id === context.selfId || message.application_id === context.applicationId;
}

function kindOfAuthor(message: ApiMessage, author: ApiUser, context: InboundContext): Sender['kind'] {
  if (isOwnMessage(message, context)) return 'self';
  if (!writtenTypes.has(message.type) || author.system === true) return 'system';
  return author.bot === true || message.webhook_id !== undefined ? 'bot' : 'human';
}

function personAs(user: ApiUser, member: ApiMember | undefined, kind: Sender['kind']): Sender {
  return present<Sender>({
    id: userIdentity(user.id),
    display: member?.nick ?? user.global_name ?? user.username,
    kind,
    // The id is the platform's word in every event, for a webhook too; the name is not.
    verified: true,
    roles: rolesOf(member),
  });
}

function rolesOf(member: ApiMember | undefined): readonly string[] {
  return (member?.roles ?? []).map((role: Snowflake) => roleIdentity(role));
}
