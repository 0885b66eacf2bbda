import type { Address } from '../domain/address.ts';
import type { Attachment } from '../domain/inbound-event.ts';
import type { ReasonCode } from '../domain/reasons.ts';

/** A message as the platform has it now. */
export interface MessageView {
  /** With `message` set. */
  readonly address: Address;
  readonly sender: { readonly id: string; readonly display?: string; readonly isSelf: boolean };
  readonly text: string;
  /** Unix ms, by the platform's clock. */
  readonly createdAt: number;
  readonly editedAt?: number;
  readonly direct: boolean;
  readonly link?: string;
  readonly attachments: readonly Attachment[];
  readonly reactions: readonly { readonly emoji: string; readonly count: number; readonly bySelf: boolean }[];
}

export interface ReadRequest {
  readonly conversation: string;
  readonly thread?: string;
  /** Exactly this one; not together with a position. */
  readonly message?: string;
  readonly before?: string;
  readonly after?: string;
  readonly around?: string;
  /** From 1 to 100. */
  readonly limit: number;
}

/** At least one of `query`, `author` and `hasAttachments`. */
export interface SearchRequest {
  readonly conversation: string;
  readonly thread?: string;
  /** Found anywhere in the text, without case. */
  readonly query?: string;
  /** Canonical. */
  readonly author?: string;
  readonly hasAttachments?: boolean;
  readonly before?: string;
  /** How many messages are looked at, from 1 to 100. */
  readonly limit: number;
}

/** Newest first. A page that holds less than was asked for may still have a next one. */
export interface MessagePage {
  readonly messages: readonly MessageView[];
  readonly nextBefore?: string;
  readonly nextAfter?: string;
}

/** What came of asking a platform for something that changes nothing. */
export type ReadAnswer<Value> =
  | { readonly kind: 'found'; readonly value: Value }
  /** The platform, or what it lets us do, does not allow it. */
  | { readonly kind: 'refused'; readonly code: ReasonCode; readonly detail: string }
  /** Not now; at the earliest after `afterMs`. */
  | { readonly kind: 'wait'; readonly code: ReasonCode; readonly afterMs: number };
