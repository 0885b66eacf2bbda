import type { Address } from './address.ts';
import type { EventId, MessageId, PartId, TurnId } from './ids.ts';

/** What may be asked of a platform. `extras` is the platform's own (embeds, blocks, buttons); only its adapter reads it. */
export type OutboundOperation =
  | {
      readonly op: 'send';
      readonly text: string;
      readonly extras?: Readonly<Record<string, unknown>>;
      /** The first revision of a message that is still being written; an edit `of` this part brings the whole. */
      readonly draft?: true;
    }
  | {
      readonly op: 'edit';
      readonly text: string;
      readonly extras?: Readonly<Record<string, unknown>>;
      /** The key of the part whose message it changes; sent as a message of its own when that one is not there. */
      readonly of?: string;
    }
  | {
      readonly op: 'delete';
      /** The key of the part whose message it deletes. */
      readonly of?: string;
    }
  | {
      readonly op: 'react';
      readonly emoji: string;
      readonly remove: boolean;
      /** A sign that this program itself gives: nobody misses one that does not arrive, and nothing waits for it. */
      readonly courtesy?: true;
    }
  | { readonly op: 'typing' };

export type OutboundOp = OutboundOperation['op'];

/** One platform call. Its `key` is the same in every attempt, after every crash and replay. */
export interface OutboundPart {
  readonly id: PartId;
  readonly message: MessageId;
  /** `<turn>:<slot>:<part>`, or `<sender's key>:<part>` for what came by the API. */
  readonly key: string;
  readonly address: Address;
  readonly operation: OutboundOperation;
  /** Counts from 1: which part of how many of one message. */
  readonly part: number;
  readonly parts: number;
  /** Counts from 1. */
  readonly attempt: number;
  /** Unix ms by our clock: nothing of it is on the platform from before. */
  readonly firstAttemptAt?: number;
  /** An earlier attempt may have been applied and could not be checked: say so in the text. */
  readonly possibleDuplicate: boolean;
  /**
   * An earlier attempt may have been applied and was not looked for: this one goes out only in a way that makes
   * no second message of it.
   */
  readonly uncertain?: boolean;
}

/** A part of which an earlier attempt may have been applied. */
export interface UncertainPart extends OutboundPart {
  readonly firstAttemptAt: number;
}

/** What caused a message: an agent's turn, or somebody at the API. */
export type Origin =
  | { readonly kind: 'turn'; readonly turn: TurnId; readonly event: EventId; readonly slot: number }
  | { readonly kind: 'api'; readonly principal: string };
