import type { IdentityEntity } from '../../connectors/connector.ts';
import type { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { accountOf, connectorId, type IntegrationId, kindOf, parseSlug } from '../../domain/ids.ts';
import type { ReplyTo, Rule, RuleMatch } from '../../domain/rule.ts';

const webhookKind = 'webhook';

/**
 * The rule with every identity in the one spelling that events carry, so that a raw id, a mention or a
 * link selects what it means. @throws AppError `invalid_request` that says which entry is wrong.
 */
export function canonicalRule(rule: Rule, adapters: AdapterRegistry): Rule {
  if (rule.action === 'accept' && rule.agent === undefined) {
    throw new AppError('invalid_request', 'A rule that accepts needs an agent. See: palyra agents list.');
  }
  const sources =
    rule.match.sources && unique(rule.match.sources.map((source) => canonicalSource(source, adapters)));
  const kinds = kindsOf(sources, adapters);
  const list = (entity: IdentityEntity, entries: readonly string[]): string[] =>
    unique(entries.map((entry) => canonicalIdentity(entity, entry, kinds, adapters)));
  return {
    ...rule,
    match: canonicalMatch({ ...rule.match, ...(sources ? { sources } : {}) }, list),
    allowFrom: list('user', rule.allowFrom),
    denyFrom: list('user', rule.denyFrom),
    mention: { ...rule.mention, patterns: unique(rule.mention.patterns.map(canonicalPattern)) },
    ...(rule.replyTo ? { replyTo: canonicalReplyTo(rule.replyTo, adapters) } : {}),
  };
}

function canonicalMatch(
  match: RuleMatch,
  list: (entity: IdentityEntity, entries: readonly string[]) => string[],
): RuleMatch {
  const { conversations, threads, senders, roles, guilds } = match;
  return {
    ...match,
    ...(conversations ? { conversations: list('conversation', conversations) } : {}),
    ...(threads ? { threads: list('thread', threads) } : {}),
    ...(senders ? { senders: list('user', senders) } : {}),
    ...(roles ? { roles: list('role', roles) } : {}),
    ...(guilds ? { guilds: list('guild', guilds) } : {}),
  };
}

/** Like an identity in an event, or the answers would go nowhere. */
function canonicalReplyTo({ connector, conversation, thread }: ReplyTo, adapters: AdapterRegistry): ReplyTo {
  const [kind = '', ...account] = connector.split(':');
  const id = connectorId(kind, account.join(':'));
  const adapter = adapters.get(kindOf(id));
  return {
    connector: id,
    conversation: adapter.canonicalIdentity('conversation', conversation),
    ...(thread === undefined ? {} : { thread: adapter.canonicalIdentity('thread', thread) }),
  };
}

function canonicalSource(source: string, adapters: AdapterRegistry): string {
  const [kind = '', ...rest] = source.trim().toLowerCase().split(':');
  const account = rest.join(':');
  if (account === '*') return kind === webhookKind ? 'webhook:*' : `${adapters.get(kind).kind}:*`;
  if (kind === webhookKind) return `webhook:${parseSlug<IntegrationId>(account, 'webhook id')}`;
  const id = connectorId(kind, account);
  return `${adapters.get(kindOf(id)).kind}:${accountOf(id)}`;
}

function canonicalPattern(pattern: string): string {
  const trimmed = pattern.trim();
  if (trimmed === '')
    throw new AppError('invalid_request', 'A mention pattern is blank, and would be found in every text.');
  return trimmed;
}

/** The platforms on which a rule's identities can be. */
function kindsOf(sources: readonly string[] | undefined, adapters: AdapterRegistry): readonly string[] {
  if (!sources) return adapters.kinds;
  return unique(sources.map((source) => source.slice(0, source.indexOf(':')))).filter(
    (kind) => kind !== webhookKind,
  );
}

function canonicalIdentity(
  entity: IdentityEntity,
  entry: string,
  kinds: readonly string[],
  adapters: AdapterRegistry,
): string {
  const prefix = /^([a-z][a-z0-9_]*):/.exec(entry.trim())?.[1];
  const named = prefix !== undefined && adapters.find(prefix) ? [prefix] : kinds;
  const [kind, ...others] = named;
  if (kind === undefined || others.length > 0) {
    throw new AppError(
      'invalid_request',
      `Which platform is the ${entity} "${shown(entry)}" on? Name the sources of the rule, or write <kind>:${entity}:<id>.`,
    );
  }
  // Taken as it is, it would be found in no event: a deny list that denies nobody.
  if (!kinds.includes(kind)) {
    throw new AppError(
      'invalid_request',
      `The ${entity} "${shown(entry)}" is on ${kind}, from which the rule takes nothing. Add ${kind}:* to its sources, or leave it out.`,
    );
  }
  return adapters.get(kind).canonicalIdentity(entity, entry);
}

function shown(entry: string): string {
  return entry.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}

function unique(entries: readonly string[]): string[] {
  return [...new Set(entries)];
}
