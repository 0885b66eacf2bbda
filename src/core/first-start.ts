import type { AgentId, ConnectorId, ConnectorKind, RuleId } from '../domain/ids.ts';
import type { Rule } from '../domain/rule.ts';
import type { Store } from '../store/store.ts';

const doneMeta = 'first_start.done';
const echo = 'echo:default' as ConnectorId;
const echoAgent = 'echo' as AgentId;

const ruleDefaults = {
  enabled: true,
  action: 'accept',
  agent: echoAgent,
  allowFrom: [],
  denyFrom: [],
  broadcast: 'deny',
  bots: 'deny',
  isolateSessionBySender: false,
} as const satisfies Partial<Rule>;

/** Asked last, so that every rule of the operator's own comes before it. */
const lastPosition = 1_000_000;

/** What a new installation starts with, so that a message and a webhook come to a good end at once. All of it can be removed. */
const firstRules: readonly Rule[] = [
  {
    ...ruleDefaults,
    id: 'echo' as RuleId,
    position: lastPosition - 1,
    match: { sources: [echo] },
    directMessages: 'allow',
    mention: { required: false, patterns: [] },
  },
  {
    ...ruleDefaults,
    id: 'webhooks' as RuleId,
    position: lastPosition,
    match: { sources: ['webhook:*'], types: ['webhook'] },
    replyTo: { connector: echo, conversation: 'webhooks' },
    directMessages: 'deny',
    mention: { required: true, patterns: [] },
  },
];

/** Does its work once in the life of a store; a crash in the middle repeats it, to the same effect. */
export async function prepareFirstStart(store: Store, now: number): Promise<void> {
  if ((await store.meta.getMeta(doneMeta)) !== undefined) return;
  await store.connectors.putConnector({
    id: echo,
    kind: 'echo' as ConnectorKind,
    config: {},
    enabled: true,
    createdAt: now,
    updatedAt: now,
  });
  await store.agents.putAgent({
    id: echoAgent,
    kind: 'echo',
    config: {},
    enabled: true,
    concurrency: 8,
    timeoutMs: 30_000,
    attemptsMax: 5,
  });
  for (const rule of firstRules) await store.rules.putRule(rule);
  await store.meta.putMeta(doneMeta, String(now));
}
