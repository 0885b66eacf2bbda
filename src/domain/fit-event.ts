import type { Address } from './address.ts';
import type { Attachment, ChatEvent, InboundEvent, InboundWebhook, Sender } from './inbound-event.ts';
import { byteLength, limits } from './limits.ts';
import type { ReasonCode } from './reasons.ts';

export interface FittedEvent {
  readonly event: InboundEvent;
  /** Set when the event is kept, cut to size, but goes no further. */
  readonly refusal?: ReasonCode;
}

/** Cuts what names a thing. What is cut names nothing, so it notes that the event must go no further. */
interface NameCutter {
  readonly cut: (text: string, bytesMax: number) => string;
  readonly key: (text: string, bytesMax: number) => string;
  readonly data: (value: Data, bytesMax: number) => Data;
  readonly list: (names: readonly string[], countMax: number) => readonly string[];
  readonly hasCut: () => boolean;
}

type Data = Readonly<Record<string, unknown>>;

const cutMark = '…';

/**
 * Brings an event under the limits, so that it can always be stored. What is too long is cut and marked;
 * an event whose text, or the name of something in it, had to be cut is refused for the agent, but kept for
 * the operator to see.
 */
export function fitEvent(event: InboundEvent): FittedEvent {
  const names = createNameCutter();
  const keyed = {
    ...event,
    dedupeKey: names.key(event.dedupeKey, limits.dedupeKeyBytesMax),
    lane: names.key(event.lane, limits.laneBytesMax),
    ...(event.contentKey === undefined
      ? {}
      : { contentKey: names.key(event.contentKey, limits.dedupeKeyBytesMax) }),
  };
  const sized = keyed.type === 'webhook' ? fitWebhook(keyed, names) : fitChat(keyed, names);
  const fitted = fitText(sized);
  if (names.hasCut()) return { event: fitted, refusal: 'event_oversized' };
  return fitted === sized ? { event: fitted } : { event: fitted, refusal: 'message_oversized' };
}

function fitWebhook(event: InboundWebhook, names: NameCutter): InboundWebhook {
  const { contentType } = event;
  return {
    ...event,
    event: names.cut(event.event, limits.identityBytesMax),
    ...(contentType === undefined
      ? {}
      : { contentType: cutBytes(contentType, limits.attachmentTypeBytesMax) }),
  };
}

function fitChat(event: ChatEvent, names: NameCutter): ChatEvent {
  const sized = fitContents(event, names);
  return {
    ...sized,
    address: fitAddress(event.address, names),
    sender: fitSender(event.sender, names),
    ...(event.guild === undefined ? {} : { guild: names.cut(event.guild, limits.identityBytesMax) }),
    ...(event.position === undefined ? {} : { position: names.key(event.position, limits.positionBytesMax) }),
  };
}

function fitContents(event: ChatEvent, names: NameCutter): ChatEvent {
  switch (event.type) {
    case 'message.created': {
      const { replyTo } = event;
      return {
        ...event,
        ...fitLists(event),
        ...(replyTo === undefined
          ? {}
          : { replyTo: { ...replyTo, message: names.cut(replyTo.message, limits.messageIdBytesMax) } }),
      };
    }
    case 'message.edited':
      return { ...event, ...fitLists(event) };
    case 'message.deleted':
      return event;
    case 'reaction.added':
    case 'reaction.removed':
      return { ...event, emoji: names.cut(event.emoji, limits.emojiBytesMax) };
    case 'command':
      return {
        ...event,
        name: names.cut(event.name, limits.commandNameBytesMax),
        args: names.data(event.args, limits.commandArgsBytesMax),
      };
    case 'action':
      return {
        ...event,
        action: names.cut(event.action, limits.identityBytesMax),
        values: names.data(event.values, limits.structuredBytesMax),
      };
    case 'membership':
      return { ...event, member: names.cut(event.member, limits.identityBytesMax) };
  }
}

function fitAddress(address: Address, names: NameCutter): Address {
  const { thread, message, handle } = address;
  return {
    ...address,
    conversation: names.cut(address.conversation, limits.conversationBytesMax),
    ...(thread === undefined ? {} : { thread: names.cut(thread, limits.conversationBytesMax) }),
    ...(message === undefined ? {} : { message: names.cut(message, limits.messageIdBytesMax) }),
    ...(handle === undefined ? {} : { handle: names.cut(handle, limits.handleBytesMax) }),
  };
}

function fitSender(sender: Sender, names: NameCutter): Sender {
  const { display } = sender;
  return {
    ...sender,
    id: names.cut(sender.id, limits.identityBytesMax),
    ...(display === undefined ? {} : { display: cutBytes(display, limits.identityBytesMax) }),
    // A role left out could be the one that a rule denies.
    roles: names.list(sender.roles, limits.rolesMax),
  };
}

type Message = Extract<ChatEvent, { readonly text: string }>;

function fitLists({ attachments, mentions }: Message): Pick<Message, 'attachments' | 'mentions'> {
  const isName = (user: string): boolean => byteLength(user) <= limits.identityBytesMax;
  return {
    attachments: attachments.slice(0, limits.attachmentsMax).map(fitAttachment),
    mentions: { ...mentions, users: mentions.users.filter(isName).slice(0, limits.mentionsMax) },
  };
}

function fitAttachment({ id, url, name, contentType, ...rest }: Attachment): Attachment {
  return {
    ...rest,
    id: cutBytes(id, limits.messageIdBytesMax),
    ...(name === undefined ? {} : { name: cutBytes(name, limits.attachmentNameBytesMax) }),
    ...(contentType === undefined
      ? {}
      : { contentType: cutBytes(contentType, limits.attachmentTypeBytesMax) }),
    ...(url !== undefined && byteLength(url) <= limits.attachmentUrlBytesMax ? { url } : {}),
  };
}

/** The same event where the text fits. */
function fitText<Event extends InboundEvent>(event: Event): Event {
  if (!('text' in event) || byteLength(event.text) <= limits.inboundTextBytesMax) return event;
  const text = cutBytes(event.text, limits.inboundTextBytesMax);
  return event.type === 'message.created' ? { ...event, text, truncated: true } : { ...event, text };
}

function createNameCutter(): NameCutter {
  let hasCut = false;
  const cut = (text: string, bytesMax: number): string => {
    if (byteLength(text) <= bytesMax) return text;
    hasCut = true;
    return `${cutBytes(text, bytesMax - byteLength(cutMark))}${cutMark}`;
  };
  return {
    cut,
    // Keys have columns of their own, and no database takes every string.
    key: (text, bytesMax) => cut(text.toWellFormed().replaceAll('\0', '\ufffd'), bytesMax),
    data: (value, bytesMax) => {
      if (byteLength(JSON.stringify(value)) <= bytesMax) return value;
      hasCut = true;
      return {};
    },
    list: (names, countMax) => {
      if (names.length > countMax) hasCut = true;
      return names.slice(0, countMax).map((name) => cut(name, limits.identityBytesMax));
    },
    hasCut: () => hasCut,
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
