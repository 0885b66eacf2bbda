import type { InboundEventType } from './inbound-event.ts';
import type { AgentId, ConnectorId, RuleId } from './ids.ts';

/**
 * Which events a rule decides. A list that is absent selects everything; one that is there selects what
 * it names. All of them must fit. Identities are canonical, as the adapter writes them.
 */
export interface RuleMatch {
  /** Connector ids and `webhook:<id>`; `<kind>:*` selects every account of a kind. */
  readonly sources?: readonly string[];
  /** Default: messages, commands, actions and webhooks. */
  readonly types?: readonly InboundEventType[];
  readonly conversations?: readonly string[];
  readonly threads?: readonly string[];
  readonly senders?: readonly string[];
  readonly roles?: readonly string[];
  readonly guilds?: readonly string[];
  /** True: only direct messages; false: only the others. */
  readonly direct?: boolean;
  readonly webhookEvents?: readonly string[];
}

/** Where an answer goes when the event itself has no conversation, or when the rule says otherwise. */
export interface ReplyTo {
  readonly connector: ConnectorId;
  readonly conversation: string;
  readonly thread?: string;
}

export interface Rule {
  readonly id: RuleId;
  /** Rules are asked in this order, lowest first, then by id; the first whose `match` fits decides. */
  readonly position: number;
  readonly enabled: boolean;
  readonly match: RuleMatch;
  readonly action: 'accept' | 'ignore' | 'deny';
  /** Required for `accept`. */
  readonly agent?: AgentId;
  readonly replyTo?: ReplyTo;
  /** When not empty, only these senders pass. For direct messages only under `allow` and `allowlist`. */
  readonly allowFrom: readonly string[];
  /** These senders never pass, whatever else is written. */
  readonly denyFrom: readonly string[];
  readonly directMessages: 'deny' | 'allow' | 'pairing' | 'allowlist';
  readonly mention: {
    /** Outside direct messages, the bot must be addressed. */
    readonly required: boolean;
    /** Words that address it; `*` stands for any run of characters. Matched without case, at word boundaries. */
    readonly patterns: readonly string[];
  };
  readonly broadcast: 'deny' | 'mention_only' | 'allow';
  readonly bots: 'deny' | 'allow';
  readonly isolateSessionBySender: boolean;
  readonly responsePrefix?: string;
  /** An emoji put on the message as soon as it is accepted. */
  readonly acknowledgeWith?: string;
}

export const routedByDefault = [
  'message.created',
  'command',
  'action',
  'webhook',
] as const satisfies readonly InboundEventType[];
