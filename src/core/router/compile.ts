import { createHash } from 'node:crypto';
import type {
  ChatEvent,
  InboundEvent,
  InboundMessageEdited,
  InboundMessageEvent,
} from '../../domain/inbound-event.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { type Rule, routedByDefault } from '../../domain/rule.ts';
import type { ConnectorRouter, RouteDecision, RouteFacts } from './decision.ts';
import { compileMentions, type MentionMatcher } from './mention.ts';

/** Turns in a row that bots may cause in one lane before the guard closes it. */
export const botTurnsMax = 3;

interface CompiledRule {
  readonly rule: Rule;
  readonly matches: (event: InboundEvent) => boolean;
  readonly allowFrom: ReadonlySet<string>;
  readonly denyFrom: ReadonlySet<string>;
  readonly mentioned: MentionMatcher;
}

/** Rules in, router out. The rules come in the order in which they are asked. */
export function compileRouter(rules: readonly Rule[]): ConnectorRouter {
  const compiled = rules.map(compileRule);
  return {
    hash: hashOf(rules),
    route(event, facts) {
      const early = refuseBeforeRules(event);
      if (early !== undefined) return { action: 'ignore', reason: early };
      const selecting = compiled.filter((candidate) => candidate.matches(event));
      const selected = selecting.find(({ rule }) => rule.enabled);
      if (!selected) {
        const disabled = selecting.at(0)?.rule.id;
        return disabled === undefined
          ? { action: 'ignore', reason: 'no_matching_rule' }
          : { action: 'ignore', reason: 'rule_disabled', rule: disabled };
      }
      return decide(selected, event, facts);
    },
  };
}

function refuseBeforeRules(event: InboundEvent): ReasonCode | undefined {
  if (event.type === 'webhook') return undefined;
  if (event.sender.kind === 'self') return 'own_message';
  if (event.sender.kind === 'system' && 'text' in event) return 'platform_notice';
  if (event.type === 'message.created' && event.deleted === true) return 'message_withdrawn';
  if (event.type === 'message.created' && event.text.trim() === '' && event.attachments.length === 0)
    return 'message_empty';
  return undefined;
}

function decide(selected: CompiledRule, event: InboundEvent, facts: RouteFacts): RouteDecision {
  const { rule } = selected;
  if (rule.action === 'ignore') return { action: 'ignore', reason: 'ignored_by_rule', rule: rule.id };
  if (rule.action === 'deny') return { action: 'deny', reason: 'denied_by_rule', rule: rule.id };
  if (event.type !== 'webhook') {
    const refusal = refuseSender(selected, event, facts) ?? refuseUnaddressed(selected, event, facts);
    if (refusal !== undefined) return { ...refusal, rule: rule.id };
  }
  if (rule.agent === undefined) return { action: 'ignore', reason: 'agent_missing', rule: rule.id };
  return {
    action: 'accept',
    reason: 'routed',
    rule: rule.id,
    agent: rule.agent,
    sessionKey: sessionKeyOf(rule, event),
    ...(rule.replyTo === undefined ? {} : { replyTo: rule.replyTo }),
    ...(rule.responsePrefix === undefined ? {} : { responsePrefix: rule.responsePrefix }),
    ...(rule.acknowledgeWith === undefined ? {} : { acknowledgeWith: rule.acknowledgeWith }),
  };
}

type Refusal = { readonly action: 'ignore' | 'deny'; readonly reason: ReasonCode };

/** Who may: the deny list first, then bots, then the policy for direct messages and the lists. */
function refuseSender(selected: CompiledRule, event: ChatEvent, facts: RouteFacts): Refusal | undefined {
  const { rule, allowFrom, denyFrom } = selected;
  const { sender } = event;
  if (denyFrom.has(sender.id)) return { action: 'deny', reason: 'sender_denied' };
  if (sender.kind === 'bot') {
    if (rule.bots === 'deny') return { action: 'ignore', reason: 'sender_is_bot' };
    if (facts.botTurns >= botTurnsMax) return { action: 'deny', reason: 'bot_loop_guard' };
  }
  // A rule that selects people is an allow list by another name.
  if (!sender.verified && (rule.match.senders !== undefined || rule.match.roles !== undefined))
    return { action: 'deny', reason: 'sender_unverified_for_allowlist' };
  const listed = sender.verified && allowFrom.has(sender.id);
  if (event.direct && rule.directMessages === 'deny')
    return { action: 'deny', reason: 'direct_message_denied_by_policy' };
  if (event.direct && rule.directMessages === 'pairing') {
    if (!sender.verified) return { action: 'deny', reason: 'sender_unverified_for_dm_pairing' };
    return listed || facts.paired ? undefined : { action: 'deny', reason: 'direct_message_pairing_required' };
  }
  const mustBeListed = allowFrom.size > 0 || (event.direct && rule.directMessages === 'allowlist');
  if (!mustBeListed || listed) return undefined;
  return {
    action: 'deny',
    reason: sender.verified ? 'sender_not_allowlisted' : 'sender_unverified_for_allowlist',
  };
}

/** Outside direct messages a bot answers when it is spoken to. Commands, buttons and the like speak to it by themselves. */
function refuseUnaddressed(selected: CompiledRule, event: ChatEvent, facts: RouteFacts): Refusal | undefined {
  if (event.type !== 'message.created' && event.type !== 'message.edited') return undefined;
  const { rule } = selected;
  const mentioned = event.mentions.self || selected.mentioned(event.text);
  const isReplyToUs = event.type === 'message.created' && event.replyTo?.toSelf === true;
  const addressed = mentioned || isReplyToUs || (event.address.thread !== undefined && facts.participates);
  if (!event.direct && rule.mention.required && !addressed)
    return { action: 'ignore', reason: 'no_matching_mention' };
  return refuseBroadcast(rule, event, mentioned);
}

function refuseBroadcast(
  rule: Rule,
  event: InboundMessageEvent | InboundMessageEdited,
  mentioned: boolean,
): Refusal | undefined {
  if (!event.broadcast || rule.broadcast === 'allow') return undefined;
  if (rule.broadcast === 'deny') return { action: 'deny', reason: 'broadcast_denied_by_policy' };
  return mentioned ? undefined : { action: 'deny', reason: 'broadcast_requires_mention_match' };
}

/** No lane holds a `#` by itself, so no conversation can pass for somebody's part of another. */
function sessionKeyOf(rule: Rule, event: InboundEvent): string {
  return rule.isolateSessionBySender && event.type !== 'webhook'
    ? `${event.lane}#${event.sender.id}`
    : event.lane;
}

function compileRule(rule: Rule): CompiledRule {
  return {
    rule,
    matches: compileMatch(rule),
    allowFrom: new Set(rule.allowFrom),
    denyFrom: new Set(rule.denyFrom),
    mentioned: compileMentions(rule.mention.patterns),
  };
}

function compileMatch({ match }: Rule): (event: InboundEvent) => boolean {
  const types = new Set<string>(match.types ?? routedByDefault);
  const inSources = compileSources(match.sources);
  const inConversations = compileList(match.conversations);
  const inThreads = compileList(match.threads);
  const inSenders = compileList(match.senders);
  const inGuilds = compileList(match.guilds);
  const inRoles = compileList(match.roles);
  const inEvents = compileList(match.webhookEvents);
  const chatOnly = [
    match.conversations,
    match.threads,
    match.senders,
    match.guilds,
    match.roles,
    match.direct,
  ].some((selector) => selector !== undefined);
  return (event) => {
    if (!types.has(event.type) || !inSources(event.source)) return false;
    if (event.type === 'webhook') return !chatOnly && inEvents(event.event);
    return (
      match.webhookEvents === undefined &&
      (match.direct === undefined || match.direct === event.direct) &&
      inConversations(event.address.conversation) &&
      inThreads(event.address.thread) &&
      inSenders(event.sender.id) &&
      inGuilds(event.guild) &&
      (match.roles === undefined || event.sender.roles.some(inRoles))
    );
  };
}

/** An absent list lets everything through; a list that is there lets through only what it names. */
function compileList(list: readonly string[] | undefined): (value: string | undefined) => boolean {
  if (list === undefined) return () => true;
  const set = new Set(list);
  return (value) => value !== undefined && set.has(value);
}

function compileSources(list: readonly string[] | undefined): (source: string) => boolean {
  if (list === undefined) return () => true;
  const exact = new Set(list.filter((source) => !source.endsWith(':*')));
  const prefixes = list.filter((source) => source.endsWith(':*')).map((source) => source.slice(0, -1));
  return (source) => exact.has(source) || prefixes.some((prefix) => source.startsWith(prefix));
}

function hashOf(rules: readonly Rule[]): string {
  return createHash('sha256').update(JSON.stringify(rules, inKeyOrder)).digest('hex').slice(0, 16);
}

/** So that a rule has one spelling, whatever it was read from. */
function inKeyOrder(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)))
    : value;
}
