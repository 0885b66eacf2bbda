import type { IdentityEntity } from '../../connectors/connector.ts';
import type { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { kindOf, parseConnectorId, parseSlug } from '../../domain/ids.ts';
import type { Rule, RuleMatch } from '../../domain/rule.ts';

/**
 * The rule with every identity in the one spelling that events carry, so that a raw id, a mention or a
 * link selects what it means. @throws AppError `invalid_request` that says which entry is wrong.
 */
export function canonicalRule(rule: Rule, adapters: AdapterRegistry): Rule {
  if (rule.action === 'accept' && rule.agent === undefined) {
    throw new AppError('invalid_request', 'A rule that accepts needs an agent. See: palyra agents list.');
  }
  const sources = rule.match.sources?.map((source) => canonicalSource(source, adapters));
  const kinds = kindsOf(sources, adapters);
  const list = (entity: IdentityEntity, entries: readonly string[]): string[] => [
    ...new Set(entries.map((entry) => canonicalIdentity(entity, entry, kinds, adapters))),
  ];
  return {
    ...rule,
    match: canonicalMatch({ ...rule.match, ...(sources ? { sources } : {}) }, list),
    allowFrom: list('user', rule.allowFrom),
    denyFrom: list('user', rule.denyFrom),
    ...(rule.replyTo ? { replyTo: { ...rule.replyTo, connector: parseConnectorId(rule.replyTo.connector) } } : {}),
  };
}

function canonicalMatch(match: RuleMatch, list: (entity: IdentityEntity, entries: readonly string[]) => string[]): RuleMatch {
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

function canonicalSource(source: string, adapters: AdapterRegistry): string {
  const [kind = '', account = ''] = source.trim().toLowerCase().split(':');
  if (kind === 'webhook') return account === '*' ? 'webhook:*' : `webhook:${parseSlug<string & never>(account, 'webhook id') as string}`;
  if (account === '*') return `${adapters.get(kind).kind}:*`;
  const connector = parseConnectorId(source);
  return `${adapters.get(kindOf(connector)).kind}:${connector.slice(connector.indexOf(':') + 1)}`;
}

/** The platforms on which a rule's identities can be. */
function kindsOf(sources: readonly string[] | undefined, adapters: AdapterRegistry): readonly string[] {
  const named = sources?.map((source) => source.slice(0, source.indexOf(':'))).filter((kind) => kind !== 'webhook');
  return [...new Set(named ?? adapters.kinds)];
}

function canonicalIdentity(entity: IdentityEntity, entry: string, kinds: readonly string[], adapters: AdapterRegistry): string {
  const prefix = /^([a-z][a-z0-9_]*):/.exec(entry.trim())?.[1];
  const named = prefix !== undefined && adapters.find(prefix) ? [prefix] : kinds;
  const [kind, ...others] = named;
  if (kind === undefined || others.length > 0) {
    throw new AppError(
      'invalid_request',
      `Which platform is the ${entity} "${entry.slice(0, 80)}" on? Name the sources of the rule, or write <kind>:${entity}:<id>.`,
    );
  }
  return adapters.get(kind).canonicalIdentity(entity, entry);
}
