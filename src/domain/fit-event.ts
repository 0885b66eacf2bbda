import type { Attachment, ChatEvent, InboundEvent } from './inbound-event.ts';
import { byteLength, limits } from './limits.ts';
import type { ReasonCode } from './reasons.ts';

export interface FittedEvent {
  readonly event: InboundEvent;
  /** Set when the event is kept, cut to size, but goes no further. */
  readonly refusal?: ReasonCode;
}

/**
 * Brings an event under the limits, so that it can always be stored. What is too long is cut and marked;
 * a message whose text had to be cut is refused for the agent, but kept for the operator to see.
 */
export function fitEvent(event: InboundEvent): FittedEvent {
  if (event.type === 'webhook') return { event };
  const sized = fitPeople(event);
  if (!('text' in sized)) return { event: sized };
  const attachments = sized.attachments.slice(0, limits.attachmentsMax).map(fitAttachment);
  if (byteLength(sized.text) <= limits.inboundTextBytesMax) return { event: { ...sized, attachments } };
  const cut = { ...sized, attachments, text: cutBytes(sized.text, limits.inboundTextBytesMax) };
  return {
    event: cut.type === 'message.created' ? { ...cut, truncated: true } : cut,
    refusal: 'message_oversized',
  };
}

function fitPeople<Event extends ChatEvent>(event: Event): Event {
  const { sender } = event;
  return {
    ...event,
    sender: {
      ...sender,
      ...(sender.display === undefined ? {} : { display: cutBytes(sender.display, limits.identityBytesMax) }),
      roles: sender.roles.slice(0, limits.rolesMax),
    },
    ...('mentions' in event ? { mentions: { ...event.mentions, users: event.mentions.users.slice(0, limits.mentionsMax) } } : {}),
  };
}

function fitAttachment({ url, name, contentType, ...rest }: Attachment): Attachment {
  return {
    ...rest,
    ...(name === undefined ? {} : { name: cutBytes(name, limits.attachmentNameBytesMax) }),
    ...(contentType === undefined ? {} : { contentType: cutBytes(contentType, limits.attachmentTypeBytesMax) }),
    ...(url !== undefined && byteLength(url) <= limits.attachmentUrlBytesMax ? { url } : {}),
  };
}

/** The longest beginning of `text` within `bytesMax` UTF-8 bytes that cuts no character in two. */
export function cutBytes(text: string, bytesMax: number): string {
  if (byteLength(text) <= bytesMax) return text;
  const bytes = Buffer.from(text, 'utf8');
  let end = bytesMax;
  while (end > 0 && isContinuation(bytes[end])) end--;
  return bytes.toString('utf8', 0, end);
}

/** In UTF-8 every byte of a character but its first begins with the bits 10. */
function isContinuation(byte: number | undefined): boolean {
  return ((byte ?? 0) & 0xc0) === 0x80;
}
