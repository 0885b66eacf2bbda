import type { Clock } from '../../../lib/clock.ts';
import type { ProbeNotice } from '../../onboarding.ts';
import { channelTypes, isThreadType } from '../api-constants.ts';
import { readChannel, readGuild, readMember, readRole } from '../api-read.ts';
import type { ApiChannel, ApiGuild, ApiMember, ApiRole, Snowflake } from '../api-types.ts';
import { type DiscordFeature, permissionsFor } from '../invite-url.ts';
import { effectivePermissions, missingPermissions, type PermissionName } from '../permissions.ts';
import { listOf } from '../untrusted.ts';
import type { Ask, Told } from './ask.ts';

/** What the bot may do in a channel, by the channel, the roles and the member as they are now. */
export interface ChannelCheck {
  readonly channel: Snowflake;
  readonly status:
    | 'ok'
    /** The channel is there; some of `needed` are not granted. */
    | 'permissions_missing'
    /** The bot is not in the server, or may not see the channel. */
    | 'no_access'
    | 'not_found'
    /** No channel in which something is said to servers: a category, or a direct message. */
    | 'unsuitable'
    /** The answers hold too little to tell. */
    | 'unknown';
  readonly name?: string;
  readonly guild?: Snowflake;
  readonly parent?: Snowflake;
  readonly isThread?: boolean;
  readonly missing: readonly PermissionName[];
}

/** Everything about one guild, asked for once. */
type GuildFacts = {
  readonly guild: ApiGuild;
  readonly roles: readonly ApiRole[];
  readonly member: ApiMember;
};

export interface ChannelChecker {
  check(channel: Snowflake): Promise<ChannelCheck>;
  /** The roles of a guild by id; undefined when the bot is not in it. */
  rolesOf(guild: Snowflake): Promise<ReadonlySet<Snowflake> | undefined>;
}

const rolesMax = 1_000;

export function createChannelChecker(
  ask: Ask,
  self: Snowflake,
  features: readonly DiscordFeature[],
  clock: Pick<Clock, 'now'>,
): ChannelChecker {
  const guilds = new Map<Snowflake, Promise<GuildFacts | undefined>>();
  const factsOf = (guild: Snowflake): Promise<GuildFacts | undefined> => {
    const facts = guilds.get(guild) ?? askGuild(ask, guild, self);
    guilds.set(guild, facts);
    return facts;
  };
  return {
    rolesOf: async (guild) => {
      const facts = await factsOf(guild);
      return facts && new Set(facts.roles.map(({ id }) => id));
    },
    check: async (id) => {
      const told = await ask('/channels/{channel}', { channel: id });
      const channel = told.kind === 'told' ? readChannel(told.body) : undefined;
      if (!channel) return { channel: id, status: refusalOf(told), missing: [] };
      const place = describe(channel);
      if (channel.guild_id === undefined || channel.type === channelTypes.category)
        return { ...place, status: 'unsuitable', missing: [] };
      const facts = await factsOf(channel.guild_id);
      const overwrites = await overwritesOf(channel, ask);
      if (!facts || !overwrites) return { ...place, status: 'unknown', missing: [] };
      const granted = effectivePermissions({
        guild: facts.guild,
        roles: facts.roles,
        member: { id: self, roles: facts.member.roles, isTimedOut: isTimedOut(facts.member, clock.now()) },
        channelType: channel.type,
        overwrites,
      });
      const missing = missingPermissions(granted, neededIn(channel, features));
      return { ...place, status: missing.length === 0 ? 'ok' : 'permissions_missing', missing };
    },
  };
}

async function askGuild(ask: Ask, guild: Snowflake, self: Snowflake): Promise<GuildFacts | undefined> {
  const told = await ask('/guilds/{guild}', { guild });
  const found = told.kind === 'told' ? readGuild(told.body) : undefined;
  if (!found) return undefined;
  const toldMember = await ask('/guilds/{guild}/members/{user}', { guild, user: self });
  const member = toldMember.kind === 'told' ? readMember(toldMember.body) : undefined;
  // Some servers leave the roles out of the guild.
  const roles = found.roles.length > 0 ? found.roles : await askRoles(ask, guild);
  return member && roles && { guild: found, roles, member };
}

async function askRoles(ask: Ask, guild: Snowflake): Promise<readonly ApiRole[] | undefined> {
  const told = await ask('/guilds/{guild}/roles', { guild });
  return told.kind === 'told' ? listOf(told.body, readRole, rolesMax) : undefined;
}

/** A thread has those of its channel. */
async function overwritesOf(channel: ApiChannel, ask: Ask): Promise<ApiChannel['permission_overwrites']> {
  if (!isThreadType(channel.type)) return channel.permission_overwrites ?? [];
  if (channel.parent_id === undefined) return undefined;
  const told = await ask('/channels/{channel}', { channel: channel.parent_id });
  return told.kind === 'told' ? (readChannel(told.body)?.permission_overwrites ?? []) : undefined;
}

const uselessInThreads: ReadonlySet<PermissionName> = new Set(['SEND_MESSAGES', 'CREATE_PUBLIC_THREADS']);

function neededIn({ type }: ApiChannel, features: readonly DiscordFeature[]): readonly PermissionName[] {
  const needed = permissionsFor(features);
  return isThreadType(type) ? needed.filter((name) => !uselessInThreads.has(name)) : needed;
}

function describe(channel: ApiChannel): Omit<ChannelCheck, 'status' | 'missing'> {
  const { id, name, guild_id: guild, parent_id: parent } = channel;
  return {
    channel: id,
    ...(name === undefined ? {} : { name }),
    ...(guild === undefined ? {} : { guild }),
    ...(isThreadType(channel.type) ? { isThread: true, ...(parent === undefined ? {} : { parent }) } : {}),
  };
}

function refusalOf(told: Told): 'no_access' | 'not_found' | 'unknown' {
  if (told.kind === 'told') return 'unknown';
  return told.status === 403 ? 'no_access' : told.status === 404 ? 'not_found' : 'unknown';
}

function isTimedOut({ communication_disabled_until: until }: ApiMember, now: number): boolean {
  return until !== undefined && Date.parse(until) > now;
}

const whatToDo =
  'In the channel’s settings, under Permissions, allow them for the bot’s role; or invite it anew with the link.';

/** In words, for a channel that the bot is to be heard in; undefined when all is well. */
export function channelNotice(
  check: ChannelCheck,
  level: 'error' | 'warning',
  question: string,
): ProbeNotice | undefined {
  const name = check.name === undefined ? check.channel : `#${check.name}`;
  const notice = (code: string, text: string, hint: string): ProbeNotice => ({
    level,
    code,
    text,
    hint,
    question,
  });
  switch (check.status) {
    case 'ok':
      return undefined;
    case 'permissions_missing':
      return notice('permission_missing', `In ${name} the bot has no ${check.missing.join(', ')}.`, whatToDo);
    case 'no_access':
      return notice(
        'channel_no_access',
        `The bot cannot see the channel ${name}.`,
        'Invite it to the server with the link, and allow it View Channel in that channel.',
      );
    case 'not_found':
      return notice(
        'channel_not_found',
        `There is no channel ${name}, or the bot is not in its server.`,
        'Check the id, or invite the bot to the server with the link.',
      );
    case 'unsuitable':
      return notice(
        'channel_unsuitable',
        `${name} is no channel of a server in which one writes.`,
        'Name a text, voice, announcement or forum channel.',
      );
    case 'unknown':
      return notice(
        'channel_unknown',
        `Discord did not say what the bot may do in ${name}.`,
        'Look again later.',
      );
  }
}
