import { describe, expect, it } from 'vitest';
import { message, sender } from '../../../test/support/events.ts';
import { rule } from '../../../test/support/rules.ts';
import type { AgentId, ConnectorId, RuleId } from '../../domain/ids.ts';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { Rule } from '../../domain/rule.ts';
import { botTurnsMax, compileRouter } from './compile.ts';
import type { RouteDecision, RouteFacts } from './decision.ts';

const nothingKnown: RouteFacts = { participates: false, paired: false, botTurns: 0 };

function route(
  rules: Rule | readonly Rule[],
  event: InboundEvent,
  facts: Partial<RouteFacts> = {},
): RouteDecision {
  return compileRouter([rules].flat()).route(event, { ...nothingKnown, ...facts });
}

const inChannel = { direct: false };
const ada = 'echo:user:ada';
const bot = sender({ id: 'echo:user:robot', kind: 'bot' });
const needsMention = { mention: { required: true, patterns: ['palyra'] } };

/** What a case is, and why: one for each way in which the router says no. */
const refusals: readonly [string, ReasonCode, Rule, InboundEvent, Partial<RouteFacts>?][] = [
  ['our own message', 'own_message', rule(), message({ sender: sender({ kind: 'self' }) })],
  ['a notice by the platform', 'platform_notice', rule(), message({ sender: sender({ kind: 'system' }) })],
  ['nothing to read', 'message_empty', rule(), message({ text: ' \n ' })],
  ['no rule for it', 'no_matching_rule', rule({ match: { direct: false } }), message()],
  ['a rule that is off', 'rule_disabled', rule({ enabled: false }), message()],
  ['a rule that ignores', 'ignored_by_rule', rule({ action: 'ignore' }), message()],
  ['a rule that denies', 'denied_by_rule', rule({ action: 'deny' }), message()],
  ['a sender on the deny list', 'sender_denied', rule({ denyFrom: [ada], allowFrom: [ada] }), message()],
  ['a bot', 'sender_is_bot', rule({ bots: 'deny' }), message({ sender: bot })],
  ['bots that go on and on', 'bot_loop_guard', rule(), message({ sender: bot }), { botTurns: botTurnsMax }],
  [
    'somebody unproven where names count',
    'sender_unverified_for_allowlist',
    rule({ allowFrom: [ada] }),
    message({ ...inChannel, sender: sender({ verified: false }) }),
  ],
  ['somebody not on the list', 'sender_not_allowlisted', rule({ allowFrom: ['echo:user:bob'] }), message()],
  ['direct messages', 'direct_message_denied_by_policy', rule({ directMessages: 'deny' }), message()],
  [
    'somebody unproven who wants to be paired',
    'sender_unverified_for_dm_pairing',
    rule({ directMessages: 'pairing' }),
    message({ sender: sender({ verified: false }) }),
    { paired: true },
  ],
  [
    'somebody who is not paired',
    'direct_message_pairing_required',
    rule({ directMessages: 'pairing' }),
    message(),
  ],
  ['talk among others', 'no_matching_mention', rule(needsMention), message(inChannel)],
  [
    'a broadcast',
    'broadcast_denied_by_policy',
    rule({ broadcast: 'deny' }),
    message({ broadcast: true, mentions: { self: true, everyone: false, users: [] } }),
  ],
  [
    'a broadcast that does not mention us',
    'broadcast_requires_mention_match',
    rule({ broadcast: 'mention_only' }),
    message({ broadcast: true }),
  ],
  ['an accepting rule without an agent', 'agent_missing', agentless(), message()],
];

function agentless(): Rule {
  const { agent: _agent, ...rest } = rule();
  return rest;
}

describe('the router', () => {
  it.each(refusals)('refuses %s as %s', (_what, reason, only, event, facts) => {
    expect(route(only, event, facts)).toMatchObject({ reason });
    expect(route(only, event, facts).action).not.toBe('accept');
  });

  it('gives the first reason in its order, when there are several', () => {
    const only: Rule = {
      ...agentless(),
      action: 'deny',
      match: { senders: [bot.id] },
      denyFrom: [bot.id],
      bots: 'deny',
      directMessages: 'deny',
      broadcast: 'deny',
    };
    const event = message({ text: ' ', sender: { ...bot, kind: 'self', verified: false }, broadcast: true });
    let world = { only, event, facts: { botTurns: botTurnsMax } };
    const mend = [
      () => (world = { ...world, event: { ...world.event, sender: { ...bot, verified: false } } }),
      () => (world = { ...world, event: { ...world.event, text: 'hello' } }),
      () => (world = { ...world, only: { ...world.only, action: 'accept' } }),
      () => (world = { ...world, only: { ...world.only, denyFrom: [] } }),
      () => (world = { ...world, only: { ...world.only, bots: 'allow' } }),
      () => (world = { ...world, facts: { botTurns: 0 } }),
      () => (world = { ...world, event: { ...world.event, sender: bot } }),
      () => (world = { ...world, only: { ...world.only, directMessages: 'allowlist' } }),
      () => (world = { ...world, only: { ...world.only, allowFrom: [bot.id] } }),
      () => (world = { ...world, only: { ...world.only, broadcast: 'mention_only' } }),
      () => (world = { ...world, only: { ...world.only, broadcast: 'allow' } }),
      () => (world = { ...world, only: { ...world.only, agent: 'helper' as AgentId } }),
    ];

    const reasons = [() => undefined, ...mend].map((step) => {
      step();
      return route(world.only, world.event, world.facts).reason;
    });

    expect(reasons).toEqual([
      'own_message',
      'message_empty',
      'denied_by_rule',
      'sender_denied',
      'sender_is_bot',
      'bot_loop_guard',
      'sender_unverified_for_allowlist',
      'direct_message_denied_by_policy',
      'sender_not_allowlisted',
      'broadcast_denied_by_policy',
      'broadcast_requires_mention_match',
      'agent_missing',
      'routed',
    ]);
  });

  it('tells the agent, the session and what the rule adds', () => {
    const replyTo = { connector: 'echo:other' as ConnectorId, conversation: 'log' };
    const only = rule({ replyTo, responsePrefix: '> ', acknowledgeWith: '👀' });
    const event = message();

    expect(route(only, event)).toEqual({
      action: 'accept',
      reason: 'routed',
      rule: 'all',
      agent: 'helper',
      sessionKey: event.lane,
      replyTo,
      responsePrefix: '> ',
      acknowledgeWith: '👀',
    });
  });

  it('takes a message that has only an attachment', () => {
    const event = message({ text: '', attachments: [{ id: '1', kind: 'image' }] });

    expect(route(rule(), event)).toMatchObject({ action: 'accept' });
  });
});

describe('which rule decides', () => {
  const first = rule({ id: 'first' as RuleId, match: { sources: ['echo:default'] }, action: 'ignore' });
  const second = rule({ id: 'second' as RuleId });

  it('is the first whose match fits', () => {
    expect(route([first, second], message())).toMatchObject({ reason: 'ignored_by_rule', rule: 'first' });
    expect(route([second, first], message())).toMatchObject({ reason: 'routed', rule: 'second' });
  });

  it('is never one that is switched off', () => {
    const off = { ...first, enabled: false };

    expect(route([off, second], message())).toMatchObject({ reason: 'routed', rule: 'second' });
    expect(route([off], message())).toMatchObject({ reason: 'rule_disabled', rule: 'first' });
  });

  it('is not looked for further once it has said no', () => {
    expect(route([{ ...first, action: 'accept', denyFrom: [ada] }, second], message())).toMatchObject({
      reason: 'sender_denied',
      rule: 'first',
    });
  });
});

describe('who may', () => {
  it.each([
    ['deny', { verified: true, listed: true, paired: true }, false],
    ['allow', { verified: false, listed: false, paired: false }, true],
    ['allowlist', { verified: true, listed: true, paired: false }, true],
    ['allowlist', { verified: true, listed: false, paired: true }, false],
    ['allowlist', { verified: false, listed: true, paired: false }, false],
    ['pairing', { verified: true, listed: false, paired: true }, true],
    ['pairing', { verified: true, listed: true, paired: false }, true],
    ['pairing', { verified: false, listed: true, paired: true }, false],
    ['pairing', { verified: true, listed: false, paired: false }, false],
  ] as const)('direct messages under "%s" from %j: %s', (directMessages, who, may) => {
    const only = rule({ directMessages, allowFrom: who.listed ? [ada] : [] });
    const event = message({ sender: sender({ verified: who.verified }) });

    expect(route(only, event, { paired: who.paired }).action === 'accept').toBe(may);
  });

  it.each([
    ['listed and proven', [ada], true, 'routed'],
    ['listed and unproven', [ada], false, 'sender_unverified_for_allowlist'],
    ['not listed', ['echo:user:bob'], true, 'sender_not_allowlisted'],
    ['anybody, when there is no list', [], false, 'routed'],
  ] as const)('in a channel: %s', (_who, allowFrom, verified, reason) => {
    const event = message({ ...inChannel, sender: sender({ verified }) });

    expect(route(rule({ allowFrom }), event).reason).toBe(reason);
  });

  it('denies a listed sender even unproven, so that nobody gets past the list by hiding', () => {
    const event = message({ sender: sender({ verified: false }) });

    expect(route(rule({ denyFrom: [ada] }), event).reason).toBe('sender_denied');
  });

  it.each([{ senders: [ada] }, { roles: ['echo:role:ops'] }])(
    'takes nobody unproven through a rule for %j, and still denies through one',
    (match) => {
      const event = message({ sender: sender({ verified: false, roles: ['echo:role:ops'] }) });

      expect(route(rule({ match }), event).reason).toBe('sender_unverified_for_allowlist');
      expect(route(rule({ match, action: 'deny' }), event).reason).toBe('denied_by_rule');
    },
  );

  it('lets bots in up to the guard, where a rule admits them', () => {
    const event = message({ sender: bot });

    expect(route(rule(), event, { botTurns: botTurnsMax - 1 }).action).toBe('accept');
    expect(route(rule(), message(), { botTurns: botTurnsMax }).action).toBe('accept');
  });
});

describe('who is spoken to', () => {
  const thread = {
    connector: 'echo:default' as ConnectorId,
    conversation: 'room',
    thread: 't',
    message: '1',
  };
  const mentions = { self: true, everyone: false, users: [] };
  it.each([
    ['nobody', message(inChannel), {}, false],
    ['us, by the platform’s mention', message({ ...inChannel, mentions }), {}, true],
    ['us, by a pattern', message({ ...inChannel, text: 'well, Palyra?' }), {}, true],
    ['us, by a reply', message({ ...inChannel, replyTo: { message: '1', toSelf: true } }), {}, true],
    ['another, by a reply', message({ ...inChannel, replyTo: { message: '1', toSelf: false } }), {}, false],
    ['a thread that we are in', message({ ...inChannel, address: thread }), { participates: true }, true],
    ['a thread that we are not in', message({ ...inChannel, address: thread }), {}, false],
    ['a channel that we have spoken in', message(inChannel), { participates: true }, false],
    [
      'everyone',
      message({ ...inChannel, mentions: { ...mentions, self: false, everyone: true } }),
      {},
      false,
    ],
    ['us alone', message(), {}, true],
  ] as const)('%s', (_who, event, facts, isSpokenTo) => {
    expect(route(rule(needsMention), event, facts).reason).toBe(
      isSpokenTo ? 'routed' : 'no_matching_mention',
    );
  });

  it('is looked at in an edited message too, and never asked of a command', () => {
    const { text, attachments, mentions: none, broadcast, type: _t, ...rest } = message(inChannel);
    const edited = { ...rest, type: 'message.edited', text, attachments, mentions: none, broadcast } as const;
    const command = { ...rest, type: 'command', name: 'ask', args: {} } as const;
    const only = rule({ ...needsMention, match: { types: ['message.edited', 'command'] } });

    expect(route(only, edited).reason).toBe('no_matching_mention');
    expect(route(only, { ...edited, text: 'palyra: hi' }).reason).toBe('routed');
    expect(route(only, command).reason).toBe('routed');
  });

  it('is no matter where the rule does not ask', () => {
    expect(route(rule(), message(inChannel)).action).toBe('accept');
  });

  it.each([
    ['allow', false, true],
    ['mention_only', true, true],
    ['mention_only', false, false],
    ['deny', true, false],
  ] as const)('broadcasts under "%s", mentioned %s: %s', (broadcast, self, may) => {
    const event = message({ broadcast: true, mentions: { ...mentions, self } });

    expect(route(rule({ broadcast }), event).action === 'accept').toBe(may);
  });
});

describe('the session', () => {
  it('is the conversation, or the person in it', () => {
    const event = message();

    expect(route(rule(), event)).toMatchObject({ sessionKey: 'echo:default/room' });
    expect(route(rule({ isolateSessionBySender: true }), event)).toMatchObject({
      sessionKey: 'echo:default/room#echo:user:ada',
    });
  });

  it('of a person is never that of a conversation with a like name', () => {
    const address = { connector: 'echo:default' as ConnectorId, conversation: `room#${ada}` };

    const isolated = route(rule({ isolateSessionBySender: true }), message());
    const shared = route(rule(), message({ address }));

    expect(isolated.action === 'accept' && shared.action === 'accept').toBe(true);
    expect((isolated as { sessionKey: string }).sessionKey).not.toBe(
      (shared as { sessionKey: string }).sessionKey,
    );
  });
});

describe('the hash', () => {
  const hashOf = (...rules: readonly Rule[]): string => compileRouter(rules).hash;

  it('is the same for the same rules, whatever order their keys are in', () => {
    const turned = Object.fromEntries(
      Object.entries(rule({ match: { direct: true, threads: ['a'] } })).toReversed(),
    );
    const same = { ...turned, match: { threads: ['a'], direct: true } } as unknown as Rule;

    expect(hashOf(rule({ match: { direct: true, threads: ['a'] } }))).toBe(hashOf(same));
  });

  it('changes with everything that a rule says, and with the order of the rules', () => {
    const changes: Partial<Rule>[] = [
      { enabled: false },
      { action: 'deny' },
      { position: 2 },
      { denyFrom: [ada] },
      { allowFrom: [ada] },
      { match: { threads: ['a', 'b'] } },
      { match: { threads: ['b', 'a'] } },
      { mention: { required: true, patterns: [] } },
      { mention: { required: false, patterns: ['x'] } },
      { responsePrefix: '' },
    ];
    const other = rule({ id: 'other' as RuleId });

    const hashes = [
      ...changes.map((change) => hashOf(rule(change))),
      hashOf(),
      hashOf(rule()),
      hashOf(rule(), other),
      hashOf(other, rule()),
    ];

    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
