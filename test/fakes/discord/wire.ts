import type { Bot, Channel, Guild, Member, Role, User } from './entities.ts';
import type { World } from './world.ts';

/** Payloads of the things that do not change much. */

export function userWire(user: User): Record<string, unknown> {
  return {
    id: user.id,
    username: user.username,
    discriminator: user.bot ? '0001' : '0',
    global_name: user.globalName,
    avatar: null,
    public_flags: 0,
    ...(user.bot ? { bot: true } : {}),
  };
}

/** Without its user, as messages carry it. */
export function bareMemberWire(member: Member): Record<string, unknown> {
  return {
    roles: [...member.roles],
    nick: member.nick,
    joined_at: isoTime(member.joinedAt),
    premium_since: null,
    deaf: false,
    mute: false,
    flags: 0,
    pending: false,
    avatar: null,
    communication_disabled_until: member.timedOutUntil === undefined ? null : isoTime(member.timedOutUntil),
  };
}

export function memberWire(member: Member): Record<string, unknown> {
  return { ...bareMemberWire(member), user: userWire(member.user) };
}

export function roleWire(role: Role): Record<string, unknown> {
  return {
    id: role.id,
    name: role.name,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    position: role.position,
    permissions: role.permissions.toString(),
    managed: role.managedBy !== undefined,
    mentionable: false,
    flags: 0,
    ...(role.managedBy === undefined ? {} : { tags: { bot_id: role.managedBy } }),
  };
}

export function channelWire(channel: Channel): Record<string, unknown> {
  const { guild, thread } = channel;
  if (!guild)
    return {
      id: channel.id,
      type: 1,
      flags: 0,
      last_message_id: channel.log.lastId,
      recipients: channel.recipients.filter(({ bot }) => !bot).map(userWire),
    };
  const common = {
    id: channel.id,
    type: channel.type,
    guild_id: guild.id,
    name: channel.name,
    parent_id: channel.parentId,
    rate_limit_per_user: channel.slowmodeS,
    last_message_id: channel.log.lastId,
    flags: channel.requiresTag ? 1 << 4 : 0,
  };
  if (thread) return { ...common, ...threadFields(channel) };
  return {
    ...common,
    topic: channel.topic,
    position: channel.position,
    nsfw: false,
    permission_overwrites: channel.overwrites.map(({ id, type, allow, deny }) => ({
      id,
      type,
      allow: allow.toString(),
      deny: deny.toString(),
    })),
    ...(channel.type === 15 || channel.type === 16
      ? {
          available_tags: channel.tags.map((tag) => ({
            ...tag,
            moderated: false,
            emoji_id: null,
            emoji_name: null,
          })),
          default_reaction_emoji: null,
          default_sort_order: null,
          default_forum_layout: 0,
        }
      : {}),
  };
}

function threadFields(channel: Channel): Record<string, unknown> {
  const thread = channel.thread!;
  return {
    owner_id: thread.ownerId,
    message_count: thread.messageCount,
    total_message_sent: thread.messageCount,
    member_count: thread.members.size,
    applied_tags: thread.appliedTags,
    thread_metadata: {
      archived: thread.archived,
      locked: thread.locked,
      auto_archive_duration: thread.autoArchiveMinutes,
      archive_timestamp: isoTime(thread.archivedAt),
      create_timestamp: isoTime(thread.createdAt),
      ...(channel.type === 12 ? { invitable: true } : {}),
    },
  };
}

/** What GET /guilds/{id} gives. */
export function bareGuildWire(guild: Guild): Record<string, unknown> {
  return {
    id: guild.id,
    name: guild.name,
    owner_id: guild.ownerId,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    features: [],
    mfa_level: 0,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    vanity_url_code: null,
    premium_tier: 0,
    premium_progress_bar_enabled: false,
    preferred_locale: 'en-US',
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    nsfw_level: 0,
    roles: [...guild.roles.values()].map(roleWire),
    emojis: [...guild.emojis.values()].map((emoji) => ({ ...emoji, roles: [], available: true })),
    stickers: [],
  };
}

/** As GUILD_CREATE carries it: with the channels and threads that the bot can see, and its own member. */
export function guildWire(world: World, guild: Guild, bot: Bot): Record<string, unknown> {
  const visible = [...guild.channels.values()].filter((channel) => world.canSee(channel, bot.user.id));
  const own = guild.members.get(bot.user.id);
  return {
    ...bareGuildWire(guild),
    unavailable: false,
    large: guild.members.size > 50,
    member_count: guild.members.size,
    joined_at: isoTime(own?.joinedAt ?? world.now()),
    members: own ? [memberWire(own)] : [],
    channels: visible.filter(({ thread }) => !thread).map((channel) => channelWire(channel)),
    threads: visible
      .filter(({ thread }) => thread && !thread.archived)
      .map((channel) => channelWire(channel)),
    voice_states: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

export function isoTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000+00:00');
}
