import type { ConnectorAdapter } from '../connector.ts';
import { discordCapabilities } from './capabilities.ts';
import { apiEgress, DiscordConfig, mediaEgress } from './config.ts';
import { canonicalDiscordIdentity, discordKind, parseMessageLink } from './identity.ts';
import { discordOnboarding } from './onboarding/onboarding.ts';
import { splitSend } from './outbound/split.ts';
import { isSnowflake } from './snowflake.ts';
import { openDiscordSession } from './session/session.ts';
import { silenceTiming } from './session/silence-check.ts';

/** Discord, or a server that speaks as it does. `silence` times the look for a gateway that is deaf. */
export function createDiscordAdapter(silence = silenceTiming): ConnectorAdapter<DiscordConfig> {
  return {
    kind: discordKind,
    title: 'Discord',
    configSchema: DiscordConfig,
    needsSecret: true,
    capabilities: discordCapabilities,
    canonicalIdentity: canonicalDiscordIdentity,
    notReadBack:
      'edits, deletions, reactions, joins and leaves, commands, buttons and forms, and direct messages of people who had never written before',
    split: splitSend,
    onboarding: discordOnboarding,

    parseLink(text) {
      const message = isSnowflake(text) ? text : parseMessageLink(text)?.message;
      return message === undefined ? undefined : { message, dedupeKey: `message:${message}` };
    },

    mediaPolicy: (config) => (config.downloadAttachments ? mediaEgress(config) : undefined),

    egressNotices(config) {
      return [
        ...(config.allowPrivateNetwork ? ['may reach private and loopback addresses'] : []),
        ...(apiEgress(config).hosts.includes('discord.com') ? [] : [`talks to ${config.apiBaseUrl}`]),
      ];
    },

    open: (host, signal) => openDiscordSession(host, signal, silence),
  };
}
