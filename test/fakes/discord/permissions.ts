import type { Channel, Guild, Role } from './entities.ts';

/** The permissions that the fake looks at. Source: docs.discord.com/developers/topics/permissions. */
export const permission = {
  administrator: 1n << 3n,
  manageChannels: 1n << 4n,
  addReactions: 1n << 6n,
  viewChannel: 1n << 10n,
  sendMessages: 1n << 11n,
  manageMessages: 1n << 13n,
  embedLinks: 1n << 14n,
  attachFiles: 1n << 15n,
  readMessageHistory: 1n << 16n,
  mentionEveryone: 1n << 17n,
  useApplicationCommands: 1n << 31n,
  manageThreads: 1n << 34n,
  createPublicThreads: 1n << 35n,
  createPrivateThreads: 1n << 36n,
  sendMessagesInThreads: 1n << 38n,
  sendPolls: 1n << 49n,
} as const;

const all = (1n << 52n) - 1n;

/** What @everyone has in a new guild, of the permissions above. */
export const everyoneDefault =
  permission.addReactions |
  permission.viewChannel |
  permission.sendMessages |
  permission.embedLinks |
  permission.attachFiles |
  permission.readMessageHistory |
  permission.useApplicationCommands |
  permission.createPublicThreads |
  permission.createPrivateThreads |
  permission.sendMessagesInThreads |
  permission.sendPolls;

/** What a timed-out member keeps. */
const duringTimeout = permission.viewChannel | permission.readMessageHistory;

/** What a user may do in a channel at `now`. 0 for strangers. In a DM both sides may write, read and react. */
export function permissionsIn(
  channel: Channel,
  parent: Channel | undefined,
  userId: string,
  now: number,
): bigint {
  const { guild } = channel;
  if (!guild) return channel.recipients.some(({ id }) => id === userId) ? everyoneDefault : 0n;
  const base = guildPermissions(guild, userId);
  if (base === 0n || base === all) return base;
  const member = guild.members.get(userId)!;
  let result = overwritten(base, channel.thread ? (parent ?? channel) : channel, guild, userId);
  if ((member.timedOutUntil ?? 0) > now) result &= duringTimeout;
  if ((result & permission.viewChannel) === 0n) return 0n;
  return result;
}

/** Without looking at any channel; all bits for the owner and for administrators. */
export function guildPermissions(guild: Guild, userId: string): bigint {
  const member = guild.members.get(userId);
  if (!member) return 0n;
  if (guild.ownerId === userId) return all;
  const roles = [guild.id, ...member.roles].map((id) => guild.roles.get(id));
  const union = roles.reduce((sum, role: Role | undefined) => sum | (role?.permissions ?? 0n), 0n);
  return (union & permission.administrator) === 0n ? union : all;
}

function overwritten(base: bigint, channel: Channel, guild: Guild, userId: string): bigint {
  const member = guild.members.get(userId)!;
  let result = base;
  const apply = (allow: bigint, deny: bigint): void => {
    result = (result & ~deny) | allow;
  };
  const of = (id: string) => channel.overwrites.find((overwrite) => overwrite.id === id);
  const everyone = of(guild.id);
  if (everyone) apply(everyone.allow, everyone.deny);
  const roles = channel.overwrites.filter(({ id, type }) => type === 0 && member.roles.has(id));
  apply(
    roles.reduce((sum, { allow }) => sum | allow, 0n),
    roles.reduce((sum, { deny }) => sum | deny, 0n),
  );
  const own = of(userId);
  if (own) apply(own.allow, own.deny);
  return result;
}
