import { accountOf, type ConnectorId } from '../../../domain/ids.ts';
import type { Rule } from '../../../domain/rule.ts';
import type { ConnectorOnboarding } from '../../onboarding.ts';
import { DiscordConfig } from '../config.ts';
import { applyDiscordOnboarding, probeDiscordSetup } from './apply.ts';
import { probeDiscordBotIdentity } from './probe.ts';
import { DiscordSetup, toVerifiable } from './request.ts';
import { ruleIdsOf } from './rules.ts';

/** How a Discord account is set up. */
export const discordOnboarding: ConnectorOnboarding<DiscordSetup> = {
  requestSchema: DiscordSetup,
  probe: async (setup, host) => (await probeDiscordSetup(setup, host)).report,
  apply: applyDiscordOnboarding,

  refresh({ connector, config, credential, rules }, verifyChannel, host) {
    const { guilds = [], channels = [], roles = [] } = answersOfRules(connector, rules);
    const places = {
      guilds,
      channels,
      roles,
      ...(verifyChannel === undefined ? {} : { verifyChannel: toVerifiable(verifyChannel) }),
    };
    return probeDiscordBotIdentity(
      credential,
      { connector, config: DiscordConfig.parse(config), places },
      host,
    );
  },

  answersOf: ({ connector, config, rules }) => ({
    ...answersOfConfig(DiscordConfig.parse(config)),
    ...answersOfRules(connector, rules),
  }),
};

function answersOfConfig(config: DiscordConfig): Partial<DiscordSetup> {
  const { apiBaseUrl, allowPrivateNetwork, gatewayHosts, features, messageContent, members } = config;
  return {
    apiBaseUrl,
    allowPrivateNetwork,
    gatewayHosts,
    features: [
      ...(messageContent ? (['message_content'] as const) : []),
      ...(members ? (['members'] as const) : []),
      ...features,
    ],
  };
}

/** The rules are where this is kept. Without them, nobody is heard, and the defaults are asked for. */
function answersOfRules(connector: ConnectorId, rules: readonly Rule[]): Partial<DiscordSetup> {
  const ids = ruleIdsOf(connector);
  const guild = rules.find(({ id }) => id === ids.guilds);
  const direct = rules.find(({ id }) => id === ids.direct);
  const account = accountOf(connector);
  const any = guild ?? direct;
  if (!any) return { account };
  const agent = guild?.agent ?? direct?.agent;
  return {
    account,
    ...scopeOf(guild),
    directMessages: direct?.directMessages ?? 'deny',
    allowFrom: [...any.allowFrom],
    denyFrom: [...any.denyFrom],
    ...(guild
      ? { requireMention: guild.mention.required, mentionPatterns: [...guild.mention.patterns] }
      : {}),
    ...(agent === undefined ? {} : { agent }),
    ...(any.acknowledgeWith === undefined ? {} : { acknowledgeWith: any.acknowledgeWith }),
  };
}

function scopeOf(guild: Rule | undefined): Partial<DiscordSetup> {
  if (!guild) return { scope: 'dm_only' };
  const { guilds = [], conversations = [], roles = [] } = guild.match;
  if (guilds.length + conversations.length + roles.length === 0)
    return { scope: 'open_guild_channels', confirmOpen: true };
  return {
    scope: 'allowlisted_guild_channels',
    guilds: [...guilds],
    channels: [...conversations],
    roles: [...roles],
  };
}
