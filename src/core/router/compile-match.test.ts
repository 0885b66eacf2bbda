import { describe, expect, it } from 'vitest';
import { message, sender, webhook } from '../../../test/support/events.ts';
import { rule } from '../../../test/support/rules.ts';
import type { ConnectorId, SourceId } from '../../domain/ids.ts';
import { type InboundEvent, type InboundEventType, inboundEventTypes } from '../../domain/inbound-event.ts';
import type { Rule } from '../../domain/rule.ts';
import { compileRouter } from './compile.ts';
import type { RouteDecision } from './decision.ts';

const ada = 'echo:user:ada';

function route(only: Rule, event: InboundEvent): RouteDecision {
  return compileRouter([only]).route(event, { participates: false, paired: false, botTurns: 0 });
}

describe('a selector', () => {
  const other: InboundEvent = message({
    source: 'echo:other' as SourceId,
    address: { connector: 'echo:other' as ConnectorId, conversation: 'room', thread: 't1', message: '1' },
    guild: 'echo:guild:1',
    direct: false,
    sender: sender({ roles: ['echo:role:ops', 'echo:role:dev'] }),
  });

  it.each([
    [{ sources: ['echo:other'] }, true],
    [{ sources: ['echo:*'] }, true],
    [{ sources: ['echo:default'] }, false],
    [{ sources: ['ech:*', 'webhook:*'] }, false],
    [{ sources: ['echo:othe'] }, false],
    [{ sources: [] }, false],
    [{ types: ['message.created'] }, true],
    [{ types: ['command'] }, false],
    [{ conversations: ['room'] }, true],
    [{ conversations: ['Room'] }, false],
    [{ threads: ['t1'] }, true],
    [{ threads: ['t2'] }, false],
    [{ senders: [ada] }, true],
    [{ senders: ['echo:user:bob'] }, false],
    [{ roles: ['echo:role:x', 'echo:role:dev'] }, true],
    [{ roles: ['echo:role:x'] }, false],
    [{ guilds: ['echo:guild:1'] }, true],
    [{ guilds: ['echo:guild:2'] }, false],
    [{ direct: false }, true],
    [{ direct: true }, false],
    [{ webhookEvents: ['push'] }, false],
    [{ guilds: ['echo:guild:1'], direct: false, conversations: ['room'] }, true],
    [{ guilds: ['echo:guild:1'], direct: true, conversations: ['room'] }, false],
  ] as const)('%j selects a message in a thread: %s', (match, selects) => {
    expect(route(rule({ match }), other).reason).toBe(selects ? 'routed' : 'no_matching_rule');
  });

  it('that names a thread, a guild or a role selects nothing that has none', () => {
    for (const match of [{ threads: ['t1'] }, { guilds: ['g'] }, { roles: ['r'] }])
      expect(route(rule({ match }), message())).toMatchObject({ reason: 'no_matching_rule' });
  });

  it('leaves edits, deletions, reactions and members out unless it names them', () => {
    const base = message();
    const { text, attachments, mentions, broadcast: _broadcast, type: _type, ...rest } = base;
    const events: Record<InboundEventType, InboundEvent> = {
      'message.created': base,
      'message.edited': { ...rest, type: 'message.edited', text, attachments, mentions, broadcast: false },
      'message.deleted': { ...rest, type: 'message.deleted' },
      'reaction.added': { ...rest, type: 'reaction.added', emoji: '👍' },
      'reaction.removed': { ...rest, type: 'reaction.removed', emoji: '👍' },
      command: { ...rest, type: 'command', name: 'ask', args: {} },
      action: { ...rest, type: 'action', action: 'ok', values: {} },
      membership: { ...rest, type: 'membership', change: 'joined', member: ada },
      webhook: webhook(),
    };

    const routed = inboundEventTypes.filter((type) => route(rule(), events[type]).action === 'accept');
    const named = inboundEventTypes.filter(
      (type) => route(rule({ match: { types: [type] } }), events[type]).action === 'accept',
    );

    expect(routed).toEqual(['message.created', 'command', 'action', 'webhook']);
    expect(named).toEqual([...inboundEventTypes]);
  });
});

describe('a webhook', () => {
  it.each([
    [{ sources: ['webhook:*'] }, true],
    [{ sources: ['webhook:site'] }, true],
    [{ sources: ['webhook:other'] }, false],
    [{ sources: ['echo:*'] }, false],
    [{ types: ['webhook'] }, true],
    [{ types: ['message.created'] }, false],
    [{ webhookEvents: ['push'] }, true],
    [{ webhookEvents: ['release'] }, false],
    [{ conversations: ['room'] }, false],
    [{ threads: ['t'] }, false],
    [{ senders: [ada] }, false],
    [{ roles: ['r'] }, false],
    [{ guilds: ['g'] }, false],
    [{ direct: false }, false],
  ] as const)('is selected by %j: %s', (match, selects) => {
    expect(route(rule({ match }), webhook()).reason).toBe(selects ? 'routed' : 'no_matching_rule');
  });

  it('needs no mention and no direct message, for it has no sender', () => {
    const strict = rule({
      mention: { required: true, patterns: ['palyra'] },
      directMessages: 'deny',
      bots: 'deny',
      broadcast: 'deny',
    });

    expect(route(strict, webhook())).toMatchObject({ action: 'accept', sessionKey: 'webhook:site/1' });
  });
});
