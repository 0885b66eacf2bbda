import { channelTypes, isThreadType } from './api-constants.ts';
import type { ApiOverwrite, ApiRole, Snowflake } from './api-types.ts';

/** https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags */
export const permissionBits = {
  CREATE_INSTANT_INVITE: 1n << 0n,
  KICK_MEMBERS: 1n << 1n,
  BAN_MEMBERS: 1n << 2n,
  ADMINISTRATOR: 1n << 3n,
  MANAGE_CHANNELS: 1n << 4n,
  MANAGE_GUILD: 1n << 5n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_AUDIT_LOG: 1n << 7n,
  PRIORITY_SPEAKER: 1n << 8n,
  STREAM: 1n << 9n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  SEND_TTS_MESSAGES: 1n << 12n,
  MANAGE_MESSAGES: 1n << 13n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
  MENTION_EVERYONE: 1n << 17n,
  USE_EXTERNAL_EMOJIS: 1n << 18n,
  VIEW_GUILD_INSIGHTS: 1n << 19n,
  CONNECT: 1n << 20n,
  SPEAK: 1n << 21n,
  MUTE_MEMBERS: 1n << 22n,
  DEAFEN_MEMBERS: 1n << 23n,
  MOVE_MEMBERS: 1n << 24n,
  USE_VAD: 1n << 25n,
  CHANGE_NICKNAME: 1n << 26n,
  MANAGE_NICKNAMES: 1n << 27n,
  MANAGE_ROLES: 1n << 28n,
  MANAGE_WEBHOOKS: 1n << 29n,
  MANAGE_GUILD_EXPRESSIONS: 1n << 30n,
  USE_APPLICATION_COMMANDS: 1n << 31n,
  REQUEST_TO_SPEAK: 1n << 32n,
  MANAGE_EVENTS: 1n << 33n,
  MANAGE_THREADS: 1n << 34n,
  CREATE_PUBLIC_THREADS: 1n << 35n,
  CREATE_PRIVATE_THREADS: 1n << 36n,
  USE_EXTERNAL_STICKERS: 1n << 37n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
  USE_EMBEDDED_ACTIVITIES: 1n << 39n,
  MODERATE_MEMBERS: 1n << 40n,
  VIEW_CREATOR_MONETIZATION_ANALYTICS: 1n << 41n,
  USE_SOUNDBOARD: 1n << 42n,
  CREATE_GUILD_EXPRESSIONS: 1n << 43n,
  CREATE_EVENTS: 1n << 44n,
  USE_EXTERNAL_SOUNDS: 1n << 45n,
  SEND_VOICE_MESSAGES: 1n << 46n,
  SET_VOICE_CHANNEL_STATUS: 1n << 48n,
  SEND_POLLS: 1n << 49n,
  USE_EXTERNAL_APPS: 1n << 50n,
  PIN_MESSAGES: 1n << 51n,
  BYPASS_SLOWMODE: 1n << 52n,
} as const;

export type PermissionName = keyof typeof permissionBits;

export interface PermissionFacts {
  readonly guild: { readonly id: Snowflake; readonly owner_id?: Snowflake };
  /** Of the guild. `@everyone` is the one with the guild's id. */
  readonly roles: readonly ApiRole[];
  readonly member: {
    readonly id: Snowflake;
    readonly roles: readonly Snowflake[];
    readonly isTimedOut?: boolean;
  };
  readonly channelType: number;
  /** Of the channel; of a thread its parent's. */
  readonly overwrites: readonly ApiOverwrite[];
}

const all = Object.values(permissionBits).reduce((sum, bit) => sum | bit, 0n);

/** What a timed-out member keeps: https://docs.discord.com/developers/topics/permissions#permissions-for-timed-out-members */
const keptInTimeOut = bitsFor(['VIEW_CHANNEL', 'READ_MESSAGE_HISTORY']);

/** https://docs.discord.com/developers/topics/permissions#implicit-permissions */
const needSending = bitsFor(['MENTION_EVERYONE', 'SEND_TTS_MESSAGES', 'ATTACH_FILES', 'EMBED_LINKS']);
const needConnecting = bitsFor([
  'MANAGE_CHANNELS',
  'SPEAK',
  'STREAM',
  'USE_VAD',
  'PRIORITY_SPEAKER',
  'MUTE_MEMBERS',
  'DEAFEN_MEMBERS',
  'MOVE_MEMBERS',
  'REQUEST_TO_SPEAK',
  'USE_SOUNDBOARD',
  'USE_EXTERNAL_SOUNDS',
]);

/**
 * What a member can do in a channel, by the algorithm that Discord documents, and without what is of no use
 * for lack of something else: nothing without VIEW_CHANNEL, no files without sending. In a thread, only
 * SEND_MESSAGES_IN_THREADS is about sending, and SEND_MESSAGES is never set.
 * https://docs.discord.com/developers/topics/permissions#permission-overwrites
 */
export function effectivePermissions(facts: PermissionFacts): bigint {
  const base = basePermissions(facts);
  if (base === all) return isThreadType(facts.channelType) ? all & ~permissionBits.SEND_MESSAGES : all;
  const granted = applyOverwrites(base, facts);
  return withoutUseless(facts.member.isTimedOut === true ? granted & keptInTimeOut : granted, facts);
}

function basePermissions({ guild, roles, member }: PermissionFacts): bigint {
  if (member.id === guild.owner_id) return all;
  const held = new Set([guild.id, ...member.roles]);
  const base = roles
    .filter(({ id }) => held.has(id))
    .reduce((sum, { permissions }) => sum | bitsOf(permissions), 0n);
  return has(base, 'ADMINISTRATOR') ? all : base;
}

function applyOverwrites(base: bigint, { guild, member, overwrites }: PermissionFacts): bigint {
  const held = new Set(member.roles);
  const ofRoles = overwrites.filter(({ type }) => type === 0);
  const steps = [
    ofRoles.filter(({ id }) => id === guild.id),
    ofRoles.filter(({ id }) => id !== guild.id && held.has(id)),
    overwrites.filter(({ type, id }) => type === 1 && id === member.id),
  ];
  return steps.reduce((permissions, step) => {
    const deny = step.reduce((sum, overwrite) => sum | bitsOf(overwrite.deny), 0n);
    const allow = step.reduce((sum, overwrite) => sum | bitsOf(overwrite.allow), 0n);
    return (permissions & ~deny) | allow;
  }, base);
}

function withoutUseless(granted: bigint, { channelType }: PermissionFacts): bigint {
  const here = isThreadType(channelType) ? granted & ~permissionBits.SEND_MESSAGES : granted;
  if (!has(here, 'VIEW_CHANNEL')) return 0n;
  const isVoice = channelType === channelTypes.voice || channelType === channelTypes.stage;
  const spoken = isVoice && !has(here, 'CONNECT') ? here & ~needConnecting : here;
  return has(here, sendPermission(channelType)) ? spoken : spoken & ~needSending;
}

/** Which permission it takes to say something in a channel of this type. */
export function sendPermission(channelType: number): PermissionName {
  return isThreadType(channelType) ? 'SEND_MESSAGES_IN_THREADS' : 'SEND_MESSAGES';
}

/** Those of `needed` that are not granted, in their order. */
export function missingPermissions(granted: bigint, needed: readonly PermissionName[]): PermissionName[] {
  return needed.filter((name) => !has(granted, name));
}

function has(granted: bigint, name: PermissionName): boolean {
  return (granted & permissionBits[name]) !== 0n;
}

function bitsFor(names: readonly PermissionName[]): bigint {
  return names.reduce((sum, name) => sum | permissionBits[name], 0n);
}

function bitsOf(text: string): bigint {
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
