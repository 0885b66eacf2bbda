import type { Address } from './address.ts';
import type { ArtifactId } from './artifact.ts';
import type { DeliveryId, IntegrationId, SourceId } from './ids.ts';

/** Who did it, as the platform vouches for it. */
export interface Sender {
  /** Canonical: `<kind>:user:<id>`. Never a display name. */
  readonly id: string;
  readonly display?: string;
  /** `self` is our own account; `bot` is any other program, incoming webhooks of the platform included. */
  readonly kind: 'human' | 'bot' | 'self' | 'system';
  /** True when the platform authenticated the sender for this very event. */
  readonly verified: boolean;
  /** Canonical: `<kind>:role:<id>`. */
  readonly roles: readonly string[];
}

/** How a message points at us: what the mention gate looks at. */
export interface Mentions {
  /** By the platform's own mention, not by text that looks like one. */
  readonly self: boolean;
  readonly everyone: boolean;
  readonly users: readonly string[];
}

export interface Attachment {
  readonly id: string;
  readonly kind: 'image' | 'audio' | 'video' | 'file';
  readonly name?: string;
  readonly contentType?: string;
  readonly sizeBytes?: number;
  readonly url?: string;
  /** Unix ms after which `url` stops working. */
  readonly urlExpiresAt?: number;
  readonly width?: number;
  readonly height?: number;
  /** What it is besides a file. */
  readonly marker?: 'voice_note' | 'sticker' | 'forwarded';
  /** Its bytes as they were taken and kept here; absent when they were not. */
  readonly artifact?: { readonly id: ArtifactId; readonly contentType: string; readonly sizeBytes: number };
}

interface EventBase {
  readonly source: SourceId;
  /** Unique per source, for life: the same happening always gets the same key. */
  readonly dedupeKey: string;
  /**
   * A second key that must be unique too, for sources whose id is not covered by their signature:
   * a digest of what is.
   */
  readonly contentKey?: string;
  readonly lane: string;
  /** Unix ms by the platform's clock. Only shown; nothing is ordered or expired by it. */
  readonly occurredAt: number;
}

interface ConversationEvent extends EventBase {
  readonly address: Address;
  readonly sender: Sender;
  /** A one-to-one conversation with us. */
  readonly direct: boolean;
  /** Canonical: `<kind>:guild:<id>`; the server, workspace or tenant. */
  readonly guild?: string;
  /**
   * The platform's own order within the conversation, for messages: of two positions the longer is later,
   * of equally long ones the greater. The newest one committed is where reading back begins.
   */
  readonly position?: string;
}

export interface InboundMessageEvent extends ConversationEvent {
  readonly type: 'message.created';
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly mentions: Mentions;
  readonly replyTo?: { readonly message: string; readonly toSelf: boolean };
  /** The sender asked for an answer to everybody. */
  readonly broadcast: boolean;
  /** Set when it was deleted before its turn came. */
  readonly deleted?: true;
  /** Set when the text was longer than `limits.inboundTextBytesMax` and has been cut. */
  readonly truncated?: boolean;
}

export interface InboundMessageEdited extends ConversationEvent {
  readonly type: 'message.edited';
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly mentions: Mentions;
  readonly broadcast: boolean;
}

export interface InboundMessageDeleted extends ConversationEvent {
  readonly type: 'message.deleted';
}

export interface InboundReaction extends ConversationEvent {
  readonly type: 'reaction.added' | 'reaction.removed';
  /** As the platform takes it back in a request for a reaction; `*` when all of a message were removed at once. */
  readonly emoji: string;
}

/** A slash command or its like. `args` is the platform's structure, already parsed. */
export interface InboundCommand extends ConversationEvent {
  readonly type: 'command';
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A button, a menu, a submitted form. */
export interface InboundAction extends ConversationEvent {
  readonly type: 'action';
  readonly action: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface InboundMembership extends ConversationEvent {
  readonly type: 'membership';
  readonly change: 'joined' | 'left';
  readonly member: string;
}

/** A verified webhook delivery. Its body stays in the delivery, exactly as received. */
export interface InboundWebhook extends EventBase {
  readonly type: 'webhook';
  readonly integration: IntegrationId;
  readonly provider: string;
  /** The provider's name for what happened, e.g. `push`. */
  readonly event: string;
  readonly delivery: DeliveryId;
  readonly contentType?: string;
}

export type InboundEvent =
  | InboundMessageEvent
  | InboundMessageEdited
  | InboundMessageDeleted
  | InboundReaction
  | InboundCommand
  | InboundAction
  | InboundMembership
  | InboundWebhook;

export type InboundEventType = InboundEvent['type'];

export const inboundEventTypes = [
  'message.created',
  'message.edited',
  'message.deleted',
  'reaction.added',
  'reaction.removed',
  'command',
  'action',
  'membership',
  'webhook',
] as const satisfies readonly InboundEventType[];

export type ChatEvent = Exclude<InboundEvent, InboundWebhook>;
