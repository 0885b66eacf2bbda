import type { Snowflake } from './api-types.ts';
import { type PermissionName, permissionBits } from './permissions.ts';

/** What a bot can be invited for, and what each takes. Nobody's roles have to be more than this. */
export const featurePermissions = {
  /** Reading what is said, and answering, in channels and threads. */
  chat: ['VIEW_CHANNEL', 'SEND_MESSAGES', 'SEND_MESSAGES_IN_THREADS', 'READ_MESSAGE_HISTORY'],
  /** Also what a long answer becomes, and files that an agent sends. */
  files: ['ATTACH_FILES'],
  embeds: ['EMBED_LINKS'],
  reactions: ['ADD_REACTIONS'],
  /** Opening threads, not only answering in them. */
  threads: ['CREATE_PUBLIC_THREADS'],
  polls: ['SEND_POLLS'],
  /** Deleting what others have written. */
  moderation: ['MANAGE_MESSAGES'],
  /** A scope, not a permission. */
  commands: [],
} as const satisfies Record<string, readonly PermissionName[]>;

export type DiscordFeature = keyof typeof featurePermissions;

/** Everything but chat, without which there is no bot. */
export const optionalFeatures = [
  'files',
  'embeds',
  'reactions',
  'threads',
  'polls',
  'moderation',
  'commands',
] as const satisfies readonly DiscordFeature[];

/** What the features take together, each permission once. */
export function permissionsFor(features: readonly DiscordFeature[]): readonly PermissionName[] {
  return [...new Set<PermissionName>(features.flatMap((feature) => [...featurePermissions[feature]]))];
}

/**
 * The page on which the owner of a server invites the bot, with exactly the permissions that the features
 * take. `site` is where the server's web client is. https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow
 */
export function inviteUrl(
  applicationId: Snowflake,
  features: readonly DiscordFeature[],
  site = 'https://discord.com',
): string {
  const bits = permissionsFor(features).reduce((sum, name) => sum | permissionBits[name], 0n);
  const url = new URL('/oauth2/authorize', site);
  url.searchParams.set('client_id', applicationId);
  url.searchParams.set('scope', features.includes('commands') ? 'bot applications.commands' : 'bot');
  url.searchParams.set('permissions', bits.toString());
  return url.href;
}
