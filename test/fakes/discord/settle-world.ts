import type {
  Bot,
  Channel,
  ChannelKind,
  Guild,
  Member,
  Overwrite,
  Role,
  ThreadState,
  User,
  Message,
} from './entities.ts';
import { MessageLog } from './message-log.ts';
import { everyoneDefault } from './permissions.ts';
import { applicationFlag } from './application-flags.ts';
import type { World } from './world.ts';
import { channelWire, guildWire, memberWire, roleWire, userWire } from './wire.ts';

export interface UserSpec {
  readonly id?: string;
  readonly username?: string;
  readonly globalName?: string | null;
  readonly bot?: boolean;
  readonly acceptsDms?: boolean;
}

export interface BotSpec {
  readonly id?: string;
  readonly username?: string;
  readonly token?: string;
  /** Application flags; by default all privileged intents are switched on, as for a small application. */
  readonly flags?: number;
  readonly shards?: number;
  readonly maxConcurrency?: number;
  readonly guildsPerShardMax?: number;
  readonly identifiesMax?: number;
}

export interface GuildSpec {
  readonly id?: string;
  readonly name?: string;
  readonly owner?: User;
  readonly members?: readonly User[];
  /** Bots in it; all of them when absent. */
  readonly bots?: readonly Bot[];
  /** Permissions of @everyone. */
  readonly everyone?: bigint;
}

export interface ChannelSpec {
  readonly id?: string;
  readonly type?: Exclude<ChannelKind, 1 | 10 | 11 | 12>;
  readonly name?: string;
  readonly topic?: string;
  readonly parent?: Channel;
  readonly overwrites?: readonly Overwrite[];
  readonly slowmodeS?: number;
  readonly tags?: readonly string[];
  readonly requiresTag?: boolean;
}

/** Identifies of a day: docs.discord.com/developers/events/gateway#identifying. */
const identifiesPerDay = 1_000;
export const dayMs = 86_400_000;

export function settleUser(world: World, spec: UserSpec = {}): User {
  const id = spec.id ?? world.nextId();
  const user: User = {
    id,
    username: spec.username ?? `user${world.users.size + 1}`,
    globalName: spec.globalName ?? null,
    bot: spec.bot ?? false,
    acceptsDms: spec.acceptsDms ?? true,
    blocked: new Set(),
  };
  world.users.set(id, user);
  return user;
}

export function settleBot(world: World, spec: BotSpec = {}): Bot {
  const nth = world.bots.length + 1;
  const user = settleUser(world, {
    ...(spec.id === undefined ? {} : { id: spec.id }),
    username: spec.username ?? `bot${nth}`,
    bot: true,
  });
  const bot: Bot = {
    // The application and its bot user share their id, as those of new applications do.
    applicationId: user.id,
    user,
    token: spec.token ?? `fake-token-${nth}-1`,
    flags: spec.flags ?? applicationFlag.messageContentLimited | applicationFlag.membersLimited,
    shards: spec.shards ?? 1,
    maxConcurrency: spec.maxConcurrency ?? 1,
    guildsPerShardMax: spec.guildsPerShardMax ?? 2_500,
    identifies: {
      total: spec.identifiesMax ?? identifiesPerDay,
      remaining: spec.identifiesMax ?? identifiesPerDay,
      resetAt: world.now() + dayMs,
    },
    commands: new Map(),
    commandCreates: new Map(),
  };
  world.bots.push(bot);
  return bot;
}

/** A guild with its @everyone role and, for each bot, the role that Discord makes for it. */
export function settleGuild(world: World, spec: GuildSpec = {}): Guild {
  const id = spec.id ?? world.nextGuildId();
  const owner = spec.owner ?? settleUser(world, { username: 'owner' });
  const guild: Guild = {
    id,
    name: spec.name ?? `Guild ${world.guilds.size + 1}`,
    ownerId: owner.id,
    roles: new Map(),
    members: new Map(),
    channels: new Map(),
    emojis: new Map(),
  };
  guild.roles.set(id, { id, name: '@everyone', permissions: spec.everyone ?? everyoneDefault, position: 0 });
  world.guilds.set(id, guild);
  for (const user of [owner, ...(spec.members ?? [])]) settleMember(world, guild, user);
  for (const bot of spec.bots ?? world.bots) inviteBot(world, guild, bot);
  return guild;
}

/** What happens when somebody adds the bot to a guild. */
export function inviteBot(world: World, guild: Guild, bot: Bot, permissions = 0n): Role {
  const role = settleRole(world, guild, { name: bot.user.username, permissions, managedBy: bot });
  settleMember(world, guild, bot.user, [role]);
  world.publish({ type: 'GUILD_CREATE', guild, only: bot, data: () => guildWire(world, guild, bot) });
  return role;
}

export function settleRole(
  world: World,
  guild: Guild,
  spec: {
    readonly id?: string;
    readonly name?: string;
    readonly permissions?: bigint;
    readonly managedBy?: Bot;
  } = {},
): Role {
  const role: Role = {
    id: spec.id ?? world.nextId(),
    name: spec.name ?? `role${guild.roles.size}`,
    permissions: spec.permissions ?? 0n,
    position: guild.roles.size,
    ...(spec.managedBy ? { managedBy: spec.managedBy.user.id } : {}),
  };
  guild.roles.set(role.id, role);
  world.publish({
    type: 'GUILD_ROLE_CREATE',
    guild,
    data: () => ({ guild_id: guild.id, role: roleWire(role) }),
  });
  return role;
}

export function settleMember(world: World, guild: Guild, user: User, roles: readonly Role[] = []): Member {
  const member: Member = {
    user,
    nick: null,
    roles: new Set(roles.map(({ id }) => id)),
    joinedAt: world.now(),
  };
  guild.members.set(user.id, member);
  world.publish({
    type: 'GUILD_MEMBER_ADD',
    guild,
    about: user,
    data: () => ({ ...memberWire(member), guild_id: guild.id }),
  });
  return member;
}

/** Who writes in a guild is in it; nobody is told. */
export function ensureMember(world: World, guild: Guild | undefined, user: User): void {
  if (!guild || guild.members.has(user.id)) return;
  guild.members.set(user.id, { user, nick: null, roles: new Set(), joinedAt: world.now() });
}

export function removeMember(world: World, guild: Guild, user: User): void {
  guild.members.delete(user.id);
  world.publish({
    type: 'GUILD_MEMBER_REMOVE',
    guild,
    about: user,
    data: () => ({ guild_id: guild.id, user: userWire(user) }),
  });
  const bot = world.bots.find((candidate) => candidate.user === user);
  if (bot) world.publish({ type: 'GUILD_DELETE', guild, only: bot, data: () => ({ id: guild.id }) });
}

export function settleChannel(world: World, guild: Guild, spec: ChannelSpec = {}): Channel {
  const channel = makeChannel(world, {
    id: spec.id ?? world.nextId(),
    type: spec.type ?? 0,
    guild,
    name: spec.name ?? `channel-${guild.channels.size + 1}`,
    topic: spec.topic ?? null,
    parentId: spec.parent?.id ?? null,
    overwrites: spec.overwrites ?? [],
    slowmodeS: spec.slowmodeS ?? 0,
    tags: (spec.tags ?? []).map((name) => ({ id: world.nextId(), name })),
    requiresTag: spec.requiresTag ?? false,
  });
  world.publish({ type: 'CHANNEL_CREATE', channel, data: () => channelWire(channel) });
  return channel;
}

export function settleDm(world: World, bot: Bot, user: User): Channel {
  return (
    world.dmBetween(bot.user, user) ??
    makeChannel(world, { id: world.nextId(), type: 1, name: '', recipients: [bot.user, user] })
  );
}

export function makeChannel(
  world: World,
  given: Pick<Channel, 'id' | 'type' | 'name'> & Partial<Channel> & { readonly thread?: ThreadState },
): Channel {
  const { guild } = given;
  const channel: Channel = {
    topic: null,
    parentId: null,
    position: guild?.channels.size ?? 0,
    overwrites: [],
    slowmodeS: 0,
    recipients: [],
    tags: [],
    requiresTag: false,
    log: new MessageLog<Message>(),
    ...given,
  };
  world.channels.set(channel.id, channel);
  guild?.channels.set(channel.id, channel);
  return channel;
}
