import { type Rule, routedByDefault } from '../../domain/rule.ts';

export interface RuleWarning {
  readonly rule?: string;
  readonly code: string;
  readonly text: string;
}

export interface RuleSurroundings {
  readonly agents: ReadonlySet<string>;
  readonly connectors: ReadonlySet<string>;
  readonly integrations: ReadonlySet<string>;
}

/** What in the rules looks like a mistake, or opens a door wider than one may think. */
export function ruleWarnings(rules: readonly Rule[], surroundings: RuleSurroundings): readonly RuleWarning[] {
  const enabled = rules.filter((rule) => rule.enabled);
  if (enabled.length === 0)
    return [{ code: 'no_rules', text: 'No rule is enabled: every event is ignored.' }];
  return enabled.flatMap((rule, index) => [
    ...missingThings(rule, surroundings),
    ...openDoors(rule),
    ...contradictions(rule),
    ...shadows(rule, enabled.slice(0, index)),
  ]);
}

function missingThings(rule: Rule, { agents, connectors, integrations }: RuleSurroundings): RuleWarning[] {
  const warnings: RuleWarning[] = [];
  const warn = (code: string, text: string): number => warnings.push({ rule: rule.id, code, text });
  if (rule.agent !== undefined && !agents.has(rule.agent))
    warn('agent_missing', `There is no agent ${rule.agent}; events wait for it.`);
  if (rule.replyTo && !connectors.has(rule.replyTo.connector)) {
    warn('connector_missing', `Answers go to ${rule.replyTo.connector}, which does not exist.`);
  }
  for (const source of rule.match.sources ?? []) {
    const known =
      source.endsWith(':*') || connectors.has(source) || integrations.has(source.replace(/^webhook:/, ''));
    if (!known) warn('source_missing', `It selects ${source}, which does not exist.`);
  }
  if (rule.action === 'accept' && takesWebhooks(rule) && !rule.replyTo) {
    warn(
      'reply_address_missing',
      'It takes webhooks but has no replyTo: an answer would have no place to go.',
    );
  }
  return warnings;
}

function openDoors(rule: Rule): RuleWarning[] {
  if (rule.action !== 'accept') return [];
  const warnings: RuleWarning[] = [];
  const warn = (code: string, text: string): number => warnings.push({ rule: rule.id, code, text });
  const anybody =
    rule.allowFrom.length === 0 && rule.match.senders === undefined && rule.match.roles === undefined;
  const loopback = rule.match.sources?.every((source) => source.startsWith('echo:')) === true;
  if (loopback || onlyWebhooks(rule)) return warnings;
  if (rule.directMessages === 'allow' && anybody && rule.match.direct !== false) {
    warn('direct_messages_open', 'Anybody who can reach the account may write to the agent directly.');
  }
  if (!rule.mention.required && anybody && rule.match.direct !== true) {
    warn('channels_open', 'The agent answers everything that anybody says where the account can read.');
  }
  if (rule.broadcast === 'allow') warn('broadcast_open', 'Senders may have the answer sent to everybody.');
  if (rule.bots === 'allow')
    warn(
      'bots_allowed',
      'Other bots may start turns; only the loop guard stops two bots talking to each other.',
    );
  return warnings;
}

function contradictions(rule: Rule): RuleWarning[] {
  const denied = new Set(rule.denyFrom);
  const both = rule.allowFrom.filter((sender) => denied.has(sender));
  const warnings: RuleWarning[] = both.map((sender) => ({
    rule: rule.id,
    code: 'sender_in_both_lists',
    text: `${sender} is on both lists; the deny list wins.`,
  }));
  if (rule.action === 'accept' && rule.match.direct === true && rule.directMessages === 'deny') {
    warnings.push({
      rule: rule.id,
      code: 'selects_nothing',
      text: 'It selects only direct messages, and denies them.',
    });
  }
  if (rule.directMessages === 'allowlist' && rule.allowFrom.length === 0) {
    warnings.push({
      rule: rule.id,
      code: 'allowlist_empty',
      text: 'Direct messages need an allow list, which is empty: none gets through.',
    });
  }
  return warnings;
}

function shadows(rule: Rule, earlier: readonly Rule[]): RuleWarning[] {
  const shadow = earlier.find((other) => covers(other, rule));
  return shadow
    ? [
        {
          rule: rule.id,
          code: 'never_asked',
          text: `Rule ${shadow.id} selects everything that this one does, and is asked first.`,
        },
      ]
    : [];
}

/** Whether every selector of `wide` lets through at least what that of `narrow` does. */
function covers(wide: Rule, narrow: Rule): boolean {
  const lists = ['conversations', 'threads', 'senders', 'roles', 'guilds', 'webhookEvents'] as const;
  return (
    typesOf(narrow).every((type) => typesOf(wide).includes(type)) &&
    lists.every((key) => coversList(wide.match[key], narrow.match[key])) &&
    (wide.match.direct === undefined || wide.match.direct === narrow.match.direct) &&
    coversSources(wide.match.sources, narrow.match.sources)
  );
}

function coversList(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  return wide === undefined || narrow?.every((entry) => wide.includes(entry)) === true;
}

function coversSources(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  if (wide === undefined) return true;
  const includes = (source: string): boolean =>
    wide.includes(source) || wide.includes(`${source.slice(0, source.indexOf(':'))}:*`);
  return narrow?.every(includes) === true;
}

function typesOf(rule: Rule): readonly string[] {
  return rule.match.types ?? routedByDefault;
}

function takesWebhooks({ match }: Rule): boolean {
  const chatOnly =
    match.conversations ?? match.threads ?? match.senders ?? match.guilds ?? match.roles ?? match.direct;
  if (chatOnly !== undefined) return false;
  return (
    (match.types ?? routedByDefault).includes('webhook') &&
    (match.sources?.some((source) => source.startsWith('webhook:')) ?? true)
  );
}

function onlyWebhooks({ match }: Rule): boolean {
  const bySource = match.sources?.every((source) => source.startsWith('webhook:')) === true;
  return bySource || match.types?.every((type) => type === 'webhook') === true;
}
