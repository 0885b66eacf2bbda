import type { DiscordConfig } from './config.ts';

/** https://docs.discord.com/developers/events/gateway#list-of-intents */
export const intentBits = {
  guilds: 1 << 0,
  guildMembers: 1 << 1,
  guildMessages: 1 << 9,
  guildMessageReactions: 1 << 10,
  directMessages: 1 << 12,
  directMessageReactions: 1 << 13,
  messageContent: 1 << 15,
} as const;

/** What the gateway is to tell of. The privileged ones have to be switched on in the developer portal, or it says 4014. */
export function intentsOf({
  messageContent,
  reactions,
  members,
}: Pick<DiscordConfig, 'messageContent' | 'reactions' | 'members'>): number {
  return (
    intentBits.guilds |
    intentBits.guildMessages |
    intentBits.directMessages |
    (reactions ? intentBits.guildMessageReactions | intentBits.directMessageReactions : 0) |
    (members ? intentBits.guildMembers : 0) |
    (messageContent ? intentBits.messageContent : 0)
  );
}
