import type { ConnectorId } from '../../../domain/ids.ts';
import type { InboundEvent } from '../../../domain/inbound-event.ts';
import type { ApiChannel, Snowflake } from '../api-types.ts';
import type { InteractionTicket } from './interaction-ticket.ts';

/** One dispatch of the gateway, or a message that was read from REST in its form. */
export interface Dispatch {
  readonly type: string;
  readonly data: unknown;
}

/** What is known besides the dispatch itself. */
export interface InboundContext {
  readonly connectorId: ConnectorId;
  /** The bot's user. */
  readonly selfId: Snowflake;
  readonly applicationId: Snowflake;
  /** Undefined for a channel that has not been seen: then it is taken for one that is no thread. */
  readonly channel: (id: Snowflake) => ApiChannel | undefined;
  /** The roles in a guild that stand for the bot alone. */
  readonly selfRoles: (guild: Snowflake) => readonly Snowflake[];
  /**
   * Names this dispatch for life, e.g. by gateway session and sequence: the same when it is delivered again,
   * another when the same thing happens again. What has no id of its own is told apart by it.
   */
  readonly dispatchKey: string;
  /** Unix ms. */
  readonly now: number;
}

/** What became of a dispatch. */
export interface Inbound {
  readonly kept: readonly InboundEvent[];
  /** Set when it means nothing to us: the name under which it is counted. One of few, and without user text. */
  readonly unknown?: string;
  /** What it takes to answer, when somebody waits for an answer within seconds. */
  readonly interaction?: InteractionTicket;
}
