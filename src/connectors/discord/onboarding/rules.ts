import { type AgentId, type ConnectorId, accountOf, type RuleId } from '../../../domain/ids.ts';
import type { Rule } from '../../../domain/rule.ts';
import { discordConnectorId, discordKind } from '../identity.ts';
import type { DiscordSetup } from './request.ts';

const position = 100;

/** The last part tells them apart, so that no account's rule has the name of another's. */
export function ruleIdsOf(connector: ConnectorId): { readonly guilds: RuleId; readonly direct: RuleId } {
  const name = `${discordKind}.${accountOf(connector)}`;
  return { guilds: `${name}.guilds` as RuleId, direct: `${name}.dm` as RuleId };
}

/** What the scope says, as rules: one for servers, where any are heard, and one for direct messages. */
export function rulesOf(setup: DiscordSetup, agent: AgentId): readonly Rule[] {
  const direct = directRule(setup, agent);
  return setup.scope === 'dm_only' ? [direct] : [guildRule(setup, agent), direct];
}

function guildRule(setup: DiscordSetup, agent: AgentId): Rule {
  const { scope, guilds, channels, roles, requireMention, mentionPatterns } = setup;
  const isListed = scope === 'allowlisted_guild_channels';
  return {
    ...common(setup),
    id: ruleIdsOf(discordConnectorId(setup.account)).guilds,
    match: {
      ...common(setup).match,
      direct: false,
      ...(isListed && guilds.length > 0 ? { guilds } : {}),
      ...(isListed && channels.length > 0 ? { conversations: channels } : {}),
      ...(isListed && roles.length > 0 ? { roles } : {}),
    },
    action: 'accept',
    agent,
    directMessages: 'deny',
    mention: { required: requireMention, patterns: mentionPatterns },
  };
}

/** Where nobody may write directly, that is said: no other rule is to let in what this one refuses. */
function directRule(setup: DiscordSetup, agent: AgentId): Rule {
  const { directMessages } = setup;
  return {
    ...common(setup),
    id: ruleIdsOf(discordConnectorId(setup.account)).direct,
    match: { ...common(setup).match, direct: true },
    ...(directMessages === 'deny' ? { action: 'deny' } : { action: 'accept', agent }),
    directMessages,
    mention: { required: false, patterns: [] },
  };
}

function common({ account, allowFrom, denyFrom, acknowledgeWith }: DiscordSetup) {
  return {
    position,
    enabled: true,
    match: { sources: [discordConnectorId(account)] },
    allowFrom,
    denyFrom,
    broadcast: 'deny',
    bots: 'deny',
    isolateSessionBySender: false,
    ...(acknowledgeWith === undefined ? {} : { acknowledgeWith }),
  } as const satisfies Partial<Rule>;
}
