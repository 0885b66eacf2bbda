import { applicationFlag } from './application-flags.ts';
import type { WorldEvent } from './world.ts';

/** Source: docs.discord.com/developers/events/gateway#list-of-intents. */
export const intent = {
  guilds: 1 << 0,
  guildMembers: 1 << 1,
  guildModeration: 1 << 2,
  guildPresences: 1 << 8,
  guildMessages: 1 << 9,
  guildMessageReactions: 1 << 10,
  guildMessageTyping: 1 << 11,
  directMessages: 1 << 12,
  directMessageReactions: 1 << 13,
  directMessageTyping: 1 << 14,
  messageContent: 1 << 15,
} as const;

/** Bits 0 to 16, 20, 21, 24 and 25 are in use. */
const known = 0x1_ffff | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

const needed: readonly (readonly [types: RegExp, inGuild: number, direct: number])[] = [
  [/^MESSAGE_REACTION_/, intent.guildMessageReactions, intent.directMessageReactions],
  [/^MESSAGE_/, intent.guildMessages, intent.directMessages],
  [/^TYPING_/, intent.guildMessageTyping, intent.directMessageTyping],
  [/^GUILD_MEMBER_(ADD|REMOVE|UPDATE)$/, intent.guildMembers, 0],
  [/^(GUILD|CHANNEL|THREAD)_/, intent.guilds, intent.guilds],
];

/** Whether a session with these intents gets the event. Interactions come without any. */
export function isWanted({ type, channel, guild }: WorldEvent, intents: number): boolean {
  const row = needed.find(([types]) => types.test(type));
  if (!row) return true;
  const isDirect = channel !== undefined && !channel.guild && !guild;
  return (intents & (isDirect ? row[2] : row[1])) !== 0;
}

/** 4013 for bits that mean nothing, 4014 for those that the application has not switched on. */
export function refusedIntents(intents: unknown, flags: number): 4013 | 4014 | undefined {
  if (typeof intents !== 'number' || !Number.isInteger(intents) || intents < 0 || (intents & ~known) !== 0)
    return 4013;
  const has = (bits: number): boolean => (flags & bits) !== 0;
  const isDisallowed =
    ((intents & intent.messageContent) !== 0 &&
      !has(applicationFlag.messageContent | applicationFlag.messageContentLimited)) ||
    ((intents & intent.guildMembers) !== 0 &&
      !has(applicationFlag.members | applicationFlag.membersLimited)) ||
    ((intents & intent.guildPresences) !== 0 &&
      !has(applicationFlag.presence | applicationFlag.presenceLimited));
  return isDisallowed ? 4014 : undefined;
}
