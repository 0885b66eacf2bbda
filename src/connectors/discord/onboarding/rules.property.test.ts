import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/support/events.ts';
import { laneOf } from '../../../domain/address.ts';
import type { AgentId, ConnectorId } from '../../../domain/ids.ts';
import type { ChatEvent } from '../../../domain/inbound-event.ts';
import { compileRouter } from '../../../core/router/compile.ts';
import type { RouteFacts } from '../../../core/router/decision.ts';
import { DiscordSetup } from './request.ts';
import { rulesOf } from './rules.ts';

/** Few of each, so that lists and events meet. */
const ids = ['1', '2', '3'] as const;
const some = fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 2 });
const identity = (kind: string) => fc.constantFrom(...ids).map((id) => `discord:${kind}:${id}`);

const policy = {
  allowFrom: some,
  denyFrom: some,
  directMessages: fc.constantFrom('deny', 'allow', 'pairing', 'allowlist'),
  requireMention: fc.boolean(),
};

/** Of each scope as many; those that no request may be are left out. */
const setups = fc
  .oneof(
    fc.record({ scope: fc.constant('dm_only'), ...policy }),
    fc.record({
      scope: fc.constant('allowlisted_guild_channels'),
      ...policy,
      guilds: some,
      channels: some,
      roles: some,
    }),
    fc.record({ scope: fc.constant('open_guild_channels'), confirmOpen: fc.constant(true), ...policy }),
  )
  .map((given) => DiscordSetup.safeParse(given).data)
  .filter((setup) => setup !== undefined);

const facts: fc.Arbitrary<RouteFacts> = fc.record({
  participates: fc.boolean(),
  paired: fc.boolean(),
  botTurns: fc.constant(0),
});

/** Of any kind that comes from a place, in and outside of servers, by anybody. */
const events: fc.Arbitrary<ChatEvent> = fc
  .record({
    source: fc.constantFrom('discord:default', 'discord:other', 'echo:default') as fc.Arbitrary<ConnectorId>,
    type: fc.constantFrom('message.created', 'message.edited', 'command', 'action', 'membership'),
    conversation: fc.constantFrom(...ids),
    thread: fc.option(fc.constantFrom(...ids), { nil: undefined }),
    guild: fc.option(identity('guild'), { nil: undefined }),
    direct: fc.boolean(),
    sender: identity('user'),
    kind: fc.constantFrom('human', 'bot'),
    verified: fc.boolean(),
    roles: fc.uniqueArray(identity('role'), { maxLength: 2 }),
    self: fc.boolean(),
    broadcast: fc.boolean(),
  })
  .map((made) => {
    const address = {
      connector: made.source,
      conversation: made.conversation,
      ...(made.thread === undefined ? {} : { thread: made.thread }),
    };
    return {
      ...message({
        address,
        source: made.source,
        lane: laneOf(address),
        direct: made.direct,
        broadcast: made.broadcast,
        mentions: { self: made.self, everyone: false, users: [] },
        sender: {
          id: made.sender,
          kind: made.kind,
          verified: made.verified,
          roles: made.roles,
        },
        ...(made.guild === undefined ? {} : { guild: made.guild }),
      }),
      type: made.type,
      name: 'ask',
      args: {},
      action: 'press',
      values: {},
    } as ChatEvent;
  });

const agent = 'helper' as AgentId;

/** In the order in which the rules are asked, and in the other: nothing is to hang on it. */
function decide(setup: DiscordSetup, event: ChatEvent, given: RouteFacts) {
  const rules = rulesOf(setup, agent);
  const decision = compileRouter(rules).route(event, given);
  expect(compileRouter(rules.toReversed()).route(event, given)).toEqual(decision);
  return decision;
}

/** Whatever is accepted has to be so. */
function acceptsOnly(isMeant: (setup: DiscordSetup, event: ChatEvent, given: RouteFacts) => boolean): void {
  fc.assert(
    fc.property(setups, events, facts, (setup, event, given) => {
      const { action } = decide(setup, event, given);

      if (action === 'accept') expect(isMeant(setup, event, given)).toBe(true);
    }),
    { numRuns: 1_500 },
  );
}

const isListed = (list: readonly string[], value: string | undefined): boolean =>
  list.length === 0 || (value !== undefined && list.includes(value));

describe('whatever the event, the rules of a setup', () => {
  it('accept with dm_only nothing but direct messages', () => {
    acceptsOnly(({ scope }, { direct }) => scope !== 'dm_only' || direct);
  });

  it('accept with allowlisted_guild_channels nothing outside of what is listed', () => {
    acceptsOnly(
      ({ scope, guilds, channels, roles }, { direct, guild, address, sender }) =>
        scope !== 'allowlisted_guild_channels' ||
        direct ||
        (isListed(guilds, guild) &&
          isListed(channels, address.conversation) &&
          (roles.length === 0 || sender.roles.some((role) => roles.includes(role)))),
    );
  });

  it('accept nothing of another account', () => {
    acceptsOnly((_setup, { source }) => source === 'discord:default');
  });

  it('accept nobody on the deny list, and with an allow list nobody beside it who is not paired', () => {
    acceptsOnly(
      ({ allowFrom, denyFrom, directMessages }, { sender, direct }, { paired }) =>
        !denyFrom.includes(sender.id) &&
        (isListed(allowFrom, sender.id) || (direct && directMessages === 'pairing' && paired)),
    );
  });

  it('accept direct messages only as their policy says', () => {
    acceptsOnly(({ directMessages, allowFrom }, { direct, sender }, { paired }) => {
      if (!direct || directMessages === 'allow') return true;
      if (directMessages === 'deny') return false;
      return allowFrom.includes(sender.id) || (directMessages === 'pairing' && paired);
    });
  });

  it('let in each of those that they are for', () => {
    const mention = { self: true, everyone: false, users: [] };
    const guild = { guild: 'discord:guild:1', direct: false, mentions: mention } as const;
    const address = { connector: 'discord:default' as ConnectorId, conversation: '2', message: '9' };
    const from = { source: address.connector, address };
    const base = { roles: ['discord:role:3'], id: 'discord:user:1', kind: 'human', verified: true } as const;
    const unknown: RouteFacts = { participates: false, paired: false, botTurns: 0 };
    const open = DiscordSetup.parse({ scope: 'open_guild_channels', confirmOpen: true });
    const listed = DiscordSetup.parse({
      scope: 'allowlisted_guild_channels',
      guilds: ['1'],
      channels: ['2'],
      roles: ['3'],
    });
    const direct = DiscordSetup.parse({ directMessages: 'allowlist', allowFrom: ['1'] });

    const decisions = [
      decide(open, message({ ...from, ...guild, sender: base }), unknown),
      decide(listed, message({ ...from, ...guild, sender: base }), unknown),
      decide(direct, message({ ...from, direct: true, sender: base }), unknown),
      decide(DiscordSetup.parse({}), message({ ...from, direct: true, sender: base }), {
        ...unknown,
        paired: true,
      }),
    ];

    expect(decisions.map(({ action }) => action)).toEqual(['accept', 'accept', 'accept', 'accept']);
  });
});
