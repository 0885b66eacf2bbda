import type { AgentId, RuleId } from '../../domain/ids.ts';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { ReplyTo } from '../../domain/rule.ts';

/** What the router cannot read off the event itself. */
export interface RouteFacts {
  /** We have spoken in the event's thread before. */
  readonly participates: boolean;
  /** The sender holds a pairing grant for this connector. */
  readonly paired: boolean;
  /** Turns in a row in this lane that bots caused, with no person in between. */
  readonly botTurns: number;
}

export type RouteDecision =
  | {
      readonly action: 'accept';
      readonly reason: 'routed';
      readonly rule: RuleId;
      readonly agent: AgentId;
      /** Keeps an agent's memory of one conversation, or of one person in it, apart from the others. */
      readonly sessionKey: string;
      readonly replyTo?: ReplyTo;
      readonly responsePrefix?: string;
      readonly acknowledgeWith?: string;
    }
  | { readonly action: 'ignore' | 'deny'; readonly reason: ReasonCode; readonly rule?: RuleId };

/** Decides what happens to an event. Pure: the same event and facts always get the same decision. */
export interface ConnectorRouter {
  route(event: InboundEvent, facts: RouteFacts): RouteDecision;
  /** Tells two policies apart: the same rules in the same order have the same hash. */
  readonly hash: string;
}
