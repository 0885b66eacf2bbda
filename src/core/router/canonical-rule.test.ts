import { describe, expect, it } from 'vitest';
import { message, sender } from '../../../test/support/events.ts';
import { rule } from '../../../test/support/rules.ts';
import { ScriptedAdapter } from '../../../test/support/scripted-adapter.ts';
import { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import type { ConnectorId } from '../../domain/ids.ts';
import type { Rule } from '../../domain/rule.ts';
import { canonicalRule } from './canonical-rule.ts';
import { compileRouter } from './compile.ts';

const adapters = new AdapterRegistry([
  new ScriptedAdapter({ kind: 'chat' }),
  new ScriptedAdapter({ kind: 'echo' }),
]);
const onChat = { sources: ['chat:*'] };

function canonical(fields: Partial<Rule>): Rule {
  return canonicalRule(rule(fields), adapters);
}

describe('an identity', () => {
  it.each(['7', ' 7 ', '<@7>', 'chat:user:7', 'https://chat.example/user/7'])(
    'that is written %j becomes the one that events carry',
    (entry) => {
      const { allowFrom, denyFrom, match } = canonical({
        match: { ...onChat, senders: [entry] },
        allowFrom: [entry],
        denyFrom: [entry, entry],
      });

      expect([allowFrom, denyFrom, match.senders]).toEqual([
        ['chat:user:7'],
        ['chat:user:7'],
        ['chat:user:7'],
      ]);
    },
  );

  it('keeps its kind: users, roles, guilds, conversations and threads', () => {
    const { match } = canonical({
      match: { ...onChat, roles: ['1'], guilds: ['2'], conversations: ['3'], threads: ['4'] },
    });

    expect(match).toEqual({
      ...onChat,
      roles: ['chat:role:1'],
      guilds: ['chat:guild:2'],
      conversations: ['3'],
      threads: ['4'],
    });
  });

  it('denies whom it names, however it was written', () => {
    const { denyFrom } = canonical({ match: onChat, denyFrom: ['<@7>'] });
    const event = message({ sender: sender({ id: 'chat:user:7' }) });

    const decision = compileRouter([rule({ denyFrom })]).route(event, {
      participates: false,
      paired: false,
      botTurns: 0,
    });

    expect(decision.reason).toBe('sender_denied');
  });

  it.each<[string, Partial<Rule>]>([
    ['nobody can tell on which platform', { denyFrom: ['7'] }],
    ['could be on either of two', { match: { sources: ['chat:*', 'echo:*'] }, denyFrom: ['7'] }],
    ['stands in a rule for webhooks', { match: { sources: ['webhook:*'] }, denyFrom: ['7'] }],
    ['is of another platform than the rule', { match: onChat, denyFrom: ['echo:user:7'] }],
    ['is of another kind than it should be', { match: onChat, denyFrom: ['chat:role:7'] }],
    ['is none at all', { match: onChat, denyFrom: ['not one'] }],
  ])('that %s is refused, and not left to fail open', (_why, fields) => {
    expect(() => canonical(fields)).toThrow(AppError);
  });

  it('of a named platform is clear where the rule names none', () => {
    expect(canonical({ denyFrom: ['chat:user:7'] }).denyFrom).toEqual(['chat:user:7']);
  });
});

describe('a source', () => {
  it.each([
    ['chat:*', 'chat:*'],
    [' Chat:* ', 'chat:*'],
    ['Chat:Team', 'chat:team'],
    ['WEBHOOK:*', 'webhook:*'],
    ['webhook:Site', 'webhook:site'],
  ])('%j becomes %s', (source, spelling) => {
    expect(canonical({ match: { sources: [source] } }).match.sources).toEqual([spelling]);
  });

  it.each([
    'other:*',
    'other:default',
    'chat',
    'chat:',
    '*',
    'chat:a:b',
    'webhook:*:x',
    'chat:*:x',
    'webhook:a b',
    '',
  ])('%j is refused', (source) => {
    expect(() => canonical({ match: { sources: [source] } })).toThrow(AppError);
  });

  it('that is named twice is there once', () => {
    expect(canonical({ match: { sources: ['chat:a', 'CHAT:a'] } }).match.sources).toEqual(['chat:a']);
  });
});

describe('the place for answers', () => {
  const connector = 'Chat:Default' as ConnectorId;
  it('is written as addresses are', () => {
    const { replyTo } = canonical({ replyTo: { connector, conversation: '<@3>', thread: '<@4>' } });

    expect(replyTo).toEqual({ connector: 'chat:default', conversation: '3', thread: '4' });
  });

  it.each([
    { connector: 'other:default' as ConnectorId, conversation: '3' },
    { connector: 'webhook:site' as ConnectorId, conversation: '3' },
    { connector, conversation: 'not one' },
  ])('%j is refused', (replyTo) => {
    expect(() => canonical({ replyTo })).toThrow(AppError);
  });
});

it('refuses to accept for no agent', () => {
  const { agent: _agent, ...agentless } = rule();

  expect(() => canonicalRule(agentless, adapters)).toThrow(/needs an agent/);
  expect(() => canonicalRule({ ...agentless, action: 'deny' }, adapters)).not.toThrow();
});

it('refuses a blank mention pattern, which would be found in every text', () => {
  expect(() => canonical({ mention: { required: true, patterns: ['  '] } })).toThrow(AppError);
  expect(canonical({ mention: { required: true, patterns: [' a ', 'a'] } }).mention.patterns).toEqual(['a']);
});

it('changes nothing when it is done again', () => {
  const once = canonical({
    match: { sources: ['Chat:*'], senders: ['<@7>'], roles: ['1'] },
    denyFrom: ['8'],
    replyTo: { connector: 'chat:default' as ConnectorId, conversation: '<@3>' },
  });

  expect(canonicalRule(once, adapters)).toEqual(once);
});
