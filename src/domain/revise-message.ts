import type { InboundMessageDeleted, InboundMessageEdited, InboundMessageEvent } from './inbound-event.ts';

/** What became of a message after it was said. */
export type MessageRevision = InboundMessageEdited | InboundMessageDeleted;

/**
 * A message as it is after a revision; undefined when that is about another message. Platforms let nobody edit
 * what somebody else said: an edit that says otherwise is about none.
 */
export function reviseMessage(
  message: InboundMessageEvent,
  revision: MessageRevision,
): InboundMessageEvent | undefined {
  const { message: id } = message.address;
  if (id === undefined || revision.address.message !== id) return undefined;
  if (revision.type === 'message.deleted') return { ...message, deleted: true };
  if (revision.sender.id !== message.sender.id) return undefined;
  const { text, attachments, mentions, broadcast } = revision;
  return { ...message, text, attachments, mentions, broadcast };
}
