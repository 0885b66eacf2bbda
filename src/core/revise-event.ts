import type { InboundMessageEvent } from '../domain/inbound-event.ts';
import type { MessageRevision } from '../store/inbox-store.ts';

/**
 * A message as its author has left it: with the newest text, or undefined when it was deleted. Platforms
 * let nobody edit what somebody else said; an edit that says otherwise does not count.
 */
export function reviseMessage(
  message: InboundMessageEvent,
  revisions: readonly MessageRevision[],
): InboundMessageEvent | undefined {
  let revised = message;
  for (const revision of revisions) {
    if (revision.type === 'message.deleted') return undefined;
    if (revision.sender.id !== message.sender.id) continue;
    const { text, attachments, mentions } = revision;
    revised = { ...revised, text, attachments, mentions };
  }
  return revised;
}
