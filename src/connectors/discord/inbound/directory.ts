import { RecentMap } from '../../../lib/recent-map.ts';
import { isThreadType } from '../api-constants.ts';
import { readChannel, readGuild, readMember, readReady, readRole } from '../api-read.ts';
import type { ApiChannel, ApiMember, ApiRole, Snowflake } from '../api-types.ts';
import { effectivePermissions } from '../permissions.ts';
import { fieldsOf, idOf, listOf } from '../untrusted.ts';
import type { Dispatch } from './inbound-context.ts';

export interface KnownGuild {
  readonly id: Snowflake;
  readonly name?: string;
  readonly owner_id?: Snowflake;
  readonly roles: readonly ApiRole[];
  /** The roles that we hold in it. Absent until it was told. */
  readonly self?: ApiMember;
}

/** What must be asked of the platform before a dispatch can be placed. */
export interface MissingPlace {
  readonly channel?: Snowflake;
  /** Its roles. */
  readonly guild?: Snowflake;
}

/** 2,500 guilds are the most of one connection: https://docs.discord.com/developers/events/gateway#sharding */
const guildsMax = 10_000;
const channelsMax = 100_000;
const listedMax = 10_000;
const membersMax = 100_000;

/** What tells nothing but how the directory should change, or how the connection is doing. */
const directoryTypes: ReadonlySet<string> = new Set([
  'READY',
  'RESUMED',
  'GUILD_CREATE',
  'GUILD_UPDATE',
  'GUILD_DELETE',
  'GUILD_ROLE_CREATE',
  'GUILD_ROLE_UPDATE',
  'GUILD_ROLE_DELETE',
  'GUILD_MEMBER_UPDATE',
  'CHANNEL_CREATE',
  'CHANNEL_UPDATE',
  'CHANNEL_DELETE',
  'THREAD_CREATE',
  'THREAD_UPDATE',
  'THREAD_DELETE',
  'THREAD_LIST_SYNC',
]);

export function isDirectoryDispatch(type: string): boolean {
  return directoryTypes.has(type);
}

/**
 * The servers, channels, threads and roles of one account, as the gateway told of them. In memory, and bounded:
 * what it has forgotten, or has not been told since the process started, is `missing`, and can be `learn`ed.
 */
export class Directory {
  readonly #guilds = new RecentMap<Snowflake, KnownGuild>(guildsMax);
  readonly #channels = new RecentMap<Snowflake, ApiChannel>(channelsMax);
  /** Guilds of a new session that have not been told of yet. */
  readonly #awaited = new Set<Snowflake>();
  #selfId: Snowflake;

  constructor(selfId: Snowflake) {
    this.#selfId = selfId;
  }

  channel(id: Snowflake): ApiChannel | undefined {
    return this.#channels.get(id);
  }

  /** Whether a new session has named guilds of which it has not told anything yet. */
  get isAwaitingGuilds(): boolean {
    return this.#awaited.size > 0;
  }

  channels(): Iterable<ApiChannel> {
    return this.#channels.values();
  }

  guild(id: Snowflake): KnownGuild | undefined {
    return this.#guilds.get(id);
  }

  /** Those that the platform made for the bot itself: to mention one is to mention the bot. */
  selfRoles(guild: Snowflake): readonly Snowflake[] {
    const roles = this.#guilds.get(guild)?.roles ?? [];
    return roles.filter(({ tags }) => tags?.bot_id === this.#selfId).map(({ id }) => id);
  }

  /** What we may do in a channel of a guild, as far as it is known; undefined when it is not. */
  selfPermissions(channelId: Snowflake, now: number): bigint | undefined {
    const channel = this.#channels.get(channelId);
    const guild = channel?.guild_id === undefined ? undefined : this.#guilds.get(channel.guild_id);
    if (!channel || !guild?.self) return undefined;
    const holder = isThreadType(channel.type) ? this.#channels.get(channel.parent_id ?? '') : channel;
    if (!holder?.permission_overwrites) return undefined;
    const timedOutUntil = Date.parse(guild.self.communication_disabled_until ?? '');
    return effectivePermissions({
      guild,
      roles: guild.roles,
      member: { id: this.#selfId, roles: guild.self.roles, isTimedOut: timedOutUntil > now },
      channelType: channel.type,
      overwrites: holder.permission_overwrites,
    });
  }

  /** Of the places of a dispatch, those of which nothing is known. A direct message has no need of any. */
  missing({ type, data }: Dispatch): MissingPlace {
    const fields = fieldsOf(data);
    const guild = idOf(fields?.guild_id);
    if (!fields || guild === undefined || isDirectoryDispatch(type)) return {};
    const channel = type === 'THREAD_MEMBERS_UPDATE' ? idOf(fields.id) : idOf(fields.channel_id);
    const isToldHere = readChannel(fields.channel) !== undefined;
    const mentionsRoles = Array.isArray(fields.mention_roles) && fields.mention_roles.length > 0;
    return {
      ...(channel === undefined || isToldHere || this.#channels.get(channel) ? {} : { channel }),
      ...(mentionsRoles && !this.#guilds.get(guild) ? { guild } : {}),
    };
  }

  /** Takes a channel as REST answers with it. False when it is none. */
  learnChannel(value: unknown): boolean {
    return this.#putChannel(value, undefined) !== undefined;
  }

  /** Takes the roles of a guild as REST answers with them. */
  learnRoles(guild: Snowflake, roles: unknown): void {
    this.#putGuild({ ...this.#guildOf(guild), roles: listOf(roles, readRole, listedMax) });
  }

  /** What a dispatch changes. Never throws; what it cannot read changes nothing. */
  apply({ type, data }: Dispatch): void {
    const fields = fieldsOf(data) ?? {};
    const guild = idOf(fields.guild_id);
    switch (type) {
      case 'READY':
        this.#applyReady(data);
        break;
      case 'GUILD_CREATE':
      case 'GUILD_UPDATE':
        this.#applyGuild(data);
        break;
      case 'GUILD_DELETE':
        this.#awaited.delete(idOf(fields.id) ?? '');
        this.#forgetGuild(idOf(fields.id), fields.unavailable === true);
        break;
      case 'GUILD_ROLE_CREATE':
      case 'GUILD_ROLE_UPDATE':
        this.#replaceRole(guild, idOf(fieldsOf(fields.role)?.id), readRole(fields.role));
        break;
      case 'GUILD_ROLE_DELETE':
        this.#replaceRole(guild, idOf(fields.role_id), undefined);
        break;
      case 'GUILD_MEMBER_UPDATE':
        this.#applyMember(guild, data);
        break;
      case 'CHANNEL_CREATE':
      case 'CHANNEL_UPDATE':
      case 'THREAD_CREATE':
      case 'THREAD_UPDATE':
        this.#putChannel(data, guild);
        break;
      case 'CHANNEL_DELETE':
      case 'THREAD_DELETE':
        this.#channels.delete(idOf(fields.id) ?? '');
        break;
      case 'THREAD_LIST_SYNC':
        listOf(fields.threads, (thread) => this.#putChannel(thread, guild), listedMax);
        break;
    }
  }

  /** What was said last in the channels of a new session is not known any more, until it tells. */
  #applyReady(data: unknown): void {
    const ready = readReady(data);
    if (!ready) return;
    this.#selfId = ready.user.id;
    for (const guild of ready.guilds) this.#awaited.add(guild);
    for (const { last_message_id: last, ...channel } of [...this.#channels.values()])
      if (last !== undefined && (channel.guild_id === undefined || this.#awaited.has(channel.guild_id)))
        this.#channels.set(channel.id, channel);
  }

  /** An update says nothing of channels, threads and members. */
  #applyGuild(data: unknown): void {
    const guild = readGuild(data);
    if (!guild || guild.unavailable === true) return;
    this.#awaited.delete(guild.id);
    for (const channel of [...guild.channels, ...guild.threads])
      this.#channels.set(channel.id, { ...channel, guild_id: guild.id });
    const { id, name, owner_id } = guild;
    const self = listOf(fieldsOf(data)?.members, (member) => this.#selfIn(member), membersMax)[0];
    const known = this.#guildOf(id);
    this.#putGuild({
      ...known,
      ...(name === undefined ? {} : { name }),
      ...(owner_id === undefined ? {} : { owner_id }),
      roles: guild.roles.length > 0 ? guild.roles : known.roles,
      ...(self ? { self } : {}),
    });
  }

  /** In an outage a guild comes back as it was; otherwise we are no longer in it. */
  #forgetGuild(id: Snowflake | undefined, isOutage: boolean): void {
    if (id === undefined || isOutage) return;
    this.#guilds.delete(id);
    for (const channel of [...this.#channels.values()])
      if (channel.guild_id === id) this.#channels.delete(channel.id);
  }

  #replaceRole(guild: Snowflake | undefined, id: Snowflake | undefined, role: ApiRole | undefined): void {
    if (guild === undefined || id === undefined) return;
    const known = this.#guilds.get(guild);
    if (!known) return;
    const others = known.roles.filter((candidate) => candidate.id !== id);
    this.#putGuild({ ...known, roles: role ? [...others, role] : others });
  }

  #applyMember(guild: Snowflake | undefined, data: unknown): void {
    const self = this.#selfIn(data);
    const known = guild === undefined ? undefined : this.#guilds.get(guild);
    if (known && self) this.#putGuild({ ...known, self });
  }

  #selfIn(value: unknown): ApiMember | undefined {
    // Of many thousand members, only one is worth reading.
    const isSelf = fieldsOf(fieldsOf(value)?.user)?.id === this.#selfId;
    return isSelf ? readMember(value) : undefined;
  }

  #putChannel(value: unknown, guild: Snowflake | undefined): ApiChannel | undefined {
    const channel = readChannel(value);
    if (!channel) return undefined;
    const guildId = channel.guild_id ?? guild ?? this.#channels.get(channel.id)?.guild_id;
    const placed = guildId === undefined ? channel : { ...channel, guild_id: guildId };
    this.#channels.set(channel.id, placed);
    return placed;
  }

  #guildOf(id: Snowflake): KnownGuild {
    return this.#guilds.get(id) ?? { id, roles: [] };
  }

  #putGuild(guild: KnownGuild): void {
    this.#guilds.set(guild.id, guild);
  }
}
