import type { ProbeNotice } from '../../onboarding.ts';
import type { Snowflake } from '../api-types.ts';
import { type ChannelCheck, type ChannelChecker, channelNotice } from './channel-check.ts';

/** Where the bot is to be heard, by canonical identities; and a channel that has to be right. */
export interface WantedPlaces {
  readonly guilds: readonly string[];
  readonly channels: readonly Snowflake[];
  readonly roles: readonly string[];
  readonly verifyChannel?: Snowflake | undefined;
}

/** Looked at one by one, each with a few requests. */
const lookedAtMax = 10;

/** Whether what is on the lists is there, and fits together. What cannot be looked at is let be. */
export async function checkPlaces(
  { guilds, channels, roles, verifyChannel }: WantedPlaces,
  checker: ChannelChecker,
): Promise<{ readonly channels: readonly ChannelCheck[]; readonly notices: readonly ProbeNotice[] }> {
  const listed: ChannelCheck[] = [];
  for (const channel of channels.slice(0, lookedAtMax)) listed.push(await checker.check(channel));
  const verified = verifyChannel === undefined ? undefined : await checker.check(verifyChannel);
  const guildIds = guilds.map(idOf);
  const rolesByGuild = new Map<Snowflake, ReadonlySet<Snowflake> | undefined>();
  const lookedAt = guildIds.length > 0 ? guildIds : listed.flatMap(({ guild }) => guild ?? []);
  for (const guild of new Set(lookedAt.slice(0, lookedAtMax)))
    rolesByGuild.set(guild, await checker.rolesOf(guild));
  const notices = [
    ...(verified ? verifiedNotices(verified) : []),
    ...listed.flatMap((check) => listedNotices(check, new Set(guildIds))),
    ...(guildIds.length > 0 ? guildNotices(rolesByGuild) : []),
    ...roleNotices(roles.map(idOf), rolesByGuild),
    ...moreNotices(Math.max(channels.length, guilds.length)),
  ];
  return { channels: verified ? [verified, ...listed] : listed, notices };
}

function verifiedNotices(check: ChannelCheck): readonly ProbeNotice[] {
  const notice = channelNotice(check, 'error', 'verifyChannel');
  const name = check.name === undefined ? check.channel : `#${check.name}`;
  return notice
    ? [notice]
    : [{ level: 'info', code: 'channel_ok', text: `In ${name} the bot may do all that it is set up for.` }];
}

function listedNotices(check: ChannelCheck, guilds: ReadonlySet<Snowflake>): readonly ProbeNotice[] {
  const name = check.name === undefined ? check.channel : `#${check.name}`;
  if (check.isThread === true)
    return [
      {
        level: 'error',
        code: 'channel_is_thread',
        text: `${name} is a thread, and threads are heard with their channel.`,
        hint: `List the channel that it is in${check.parent === undefined ? '' : `: ${check.parent}`}.`,
        question: 'channels',
      },
    ];
  if (guilds.size > 0 && check.guild !== undefined && !guilds.has(check.guild))
    return [
      {
        level: 'error',
        code: 'channel_elsewhere',
        text: `${name} is in none of the listed servers, so that nothing in it would be heard.`,
        hint: `A message has to fit every list. Add its server ${check.guild}, or leave the list of servers empty.`,
        question: 'channels',
      },
    ];
  const notice = channelNotice(check, check.status === 'unsuitable' ? 'error' : 'warning', 'channels');
  return notice ? [notice] : [];
}

function guildNotices(
  rolesByGuild: ReadonlyMap<Snowflake, ReadonlySet<Snowflake> | undefined>,
): readonly ProbeNotice[] {
  return [...rolesByGuild]
    .filter(([, roles]) => roles === undefined)
    .map(([guild]) => ({
      level: 'warning',
      code: 'guild_not_joined',
      text: `The bot is not in the server ${guild}.`,
      hint: 'Invite it with the link; it is heard there from then on.',
      question: 'guilds',
    }));
}

function roleNotices(
  roles: readonly Snowflake[],
  rolesByGuild: ReadonlyMap<Snowflake, ReadonlySet<Snowflake> | undefined>,
): readonly ProbeNotice[] {
  const known = [...rolesByGuild.values()];
  const isComplete = known.length > 0 && known.every((set) => set !== undefined);
  return roles.flatMap((role): ProbeNotice[] => {
    if (rolesByGuild.has(role))
      return [
        {
          level: 'error',
          code: 'role_everyone',
          text: `The role ${role} is @everyone, which is not among the roles that messages name.`,
          hint: 'List the server instead.',
          question: 'roles',
        },
      ];
    if (!isComplete || known.some((set) => set.has(role))) return [];
    return [
      {
        level: 'warning',
        code: 'role_not_found',
        text: `None of the servers has a role ${role}.`,
        hint: 'Copy its id from the server’s settings, under Roles.',
        question: 'roles',
      },
    ];
  });
}

function moreNotices(count: number): readonly ProbeNotice[] {
  if (count <= lookedAtMax) return [];
  return [
    {
      level: 'info',
      code: 'places_unchecked',
      text: `Only the first ${lookedAtMax} of each list were looked at.`,
    },
  ];
}

function idOf(identity: string): Snowflake {
  return identity.slice(identity.lastIndexOf(':') + 1);
}
