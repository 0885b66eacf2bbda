import { describe, expect, it } from 'vitest';
import { rule } from '../../../test/support/rules.ts';
import type { AgentId, ConnectorId, RuleId } from '../../domain/ids.ts';
import type { Rule } from '../../domain/rule.ts';
import { ruleWarnings } from './warnings.ts';

const surroundings = {
  agents: new Set(['helper']),
  connectors: new Set(['chat:default']),
  integrations: new Set(['site']),
};

/** A rule about which there is nothing to say. */
function quiet(fields: Partial<Rule> = {}): Rule {
  return rule({
    match: { sources: ['chat:default'] },
    directMessages: 'deny',
    mention: { required: true, patterns: [] },
    broadcast: 'deny',
    bots: 'deny',
    ...fields,
  });
}

function codesOf(...rules: readonly Rule[]): readonly string[] {
  return ruleWarnings(rules, surroundings).map(({ code }) => code);
}

const replyTo = { connector: 'chat:default' as ConnectorId, conversation: 'log' };
const ada = 'chat:user:ada';
const onWebhooks = { sources: ['webhook:site'], types: ['webhook'] } as const;

it('has nothing to say of a careful rule', () => {
  expect(codesOf(quiet())).toEqual([]);
});

/** A rule that is warned of, and the nearest one that is not. */
const cases: readonly [string, Partial<Rule>, Partial<Rule>][] = [
  ['agent_missing', { agent: 'nobody' as AgentId }, { agent: 'helper' as AgentId }],
  ['connector_missing', { replyTo: { ...replyTo, connector: 'chat:gone' as ConnectorId } }, { replyTo }],
  ['source_missing', { match: { sources: ['chat:gone'] } }, { match: { sources: ['chat:*'] } }],
  [
    'source_missing',
    { match: { ...onWebhooks, sources: ['webhook:gone'] }, replyTo },
    { match: onWebhooks, replyTo },
  ],
  ['reply_address_missing', { match: onWebhooks }, { match: onWebhooks, replyTo }],
  ['reply_address_missing', { match: {} }, { match: { direct: true }, directMessages: 'pairing' }],
  ['direct_messages_open', { directMessages: 'allow' }, { directMessages: 'allow', allowFrom: [ada] }],
  [
    'direct_messages_open',
    { directMessages: 'allow', match: { sources: ['chat:*'] } },
    { directMessages: 'allow', match: { sources: ['chat:*'], senders: [ada] } },
  ],
  ['direct_messages_open', { directMessages: 'allow' }, { directMessages: 'allow', action: 'ignore' }],
  [
    'channels_open',
    { mention: { required: false, patterns: [] } },
    {
      mention: { required: false, patterns: [] },
      match: { sources: ['chat:default'], direct: true },
      directMessages: 'pairing',
    },
  ],
  ['broadcast_open', { broadcast: 'allow' }, { broadcast: 'mention_only' }],
  ['bots_allowed', { bots: 'allow' }, { bots: 'deny' }],
  [
    'sender_in_both_lists',
    { allowFrom: [ada], denyFrom: [ada] },
    { allowFrom: [ada], denyFrom: ['chat:user:b'] },
  ],
  [
    'selects_nothing',
    { match: { direct: true }, directMessages: 'deny' },
    { match: { direct: true }, directMessages: 'pairing' },
  ],
  ['allowlist_empty', { directMessages: 'allowlist' }, { directMessages: 'allowlist', allowFrom: [ada] }],
];

it.each(cases)('warns of %s where that is so, and not where it is not', (code, warned, unwarned) => {
  expect(codesOf(quiet(warned))).toContain(code);
  expect(codesOf(quiet(unwarned))).not.toContain(code);
});

it('says which rule it means, and for each sender that stands in both lists', () => {
  const both = [ada, 'chat:user:bob'];

  const warnings = ruleWarnings([quiet({ allowFrom: both, denyFrom: both })], surroundings);

  expect(warnings.map(({ rule: id, text }) => [id, text.split(' ')[0]])).toEqual([
    ['all', ada],
    ['all', 'chat:user:bob'],
  ]);
});

it('warns when nothing is let in at all, and says nothing of a rule that is off', () => {
  expect(codesOf()).toEqual(['no_rules']);
  expect(codesOf(quiet({ enabled: false, bots: 'allow' }))).toEqual(['no_rules']);
  expect(codesOf(quiet(), quiet({ id: 'off' as RuleId, enabled: false, bots: 'allow' }))).toEqual([]);
});

describe('a rule that is never asked', () => {
  it.each<[string, Rule['match'], Rule['match'], boolean]>([
    ['the same', { sources: ['chat:default'] }, { sources: ['chat:default'] }, true],
    ['every account', { sources: ['chat:*'] }, { sources: ['chat:default'] }, true],
    ['everything', {}, { sources: ['chat:default'], senders: [ada] }, true],
    ['one account', { sources: ['chat:default'] }, { sources: ['chat:*'] }, false],
    ['one account', { sources: ['chat:default'] }, {}, false],
    ['more of a list', { threads: ['a', 'b'] }, { threads: ['b'] }, true],
    ['less of a list', { threads: ['a'] }, { threads: ['a', 'b'] }, false],
    ['another list', { threads: ['a'] }, { conversations: ['a'] }, false],
    ['direct ones', { direct: true }, { direct: true }, true],
    ['direct ones', { direct: true }, { direct: false }, false],
    ['direct ones', { direct: true }, {}, false],
    ['the usual types', {}, { types: ['command'] }, true],
    ['the usual types', {}, { types: ['reaction.added'] }, false],
    ['one type', { types: ['command'] }, {}, false],
    ['webhooks by event', { webhookEvents: ['push'] }, { webhookEvents: ['push'] }, true],
    ['webhooks by event', { webhookEvents: ['push'] }, {}, false],
  ])('stands behind one for %s: %j then %j', (_what, wide, narrow, isShadowed) => {
    const first = quiet({ id: 'first' as RuleId, match: wide });
    const second = quiet({ id: 'second' as RuleId, match: narrow });

    expect(codesOf(first, second).includes('never_asked')).toBe(isShadowed);
  });

  it('is not one that stands before, nor one behind a rule that is off', () => {
    const wide = quiet({ id: 'wide' as RuleId, match: { sources: ['chat:*'] } });

    expect(codesOf(quiet(), wide)).toEqual([]);
    expect(codesOf({ ...wide, enabled: false }, quiet())).toEqual([]);
  });
});
