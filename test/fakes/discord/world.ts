import type { Clock } from '../../../src/lib/clock.ts';
import { refuse } from './api-error.ts';
import type { Attachment, Bot, Channel, Guild, Message, User } from './entities.ts';
import { permission, permissionsIn } from './permissions.ts';
import { Snowflakes } from './snowflakes.ts';

/** Something that happened, for whoever may see it. */
export interface WorldEvent {
  readonly type: string;
  /** Where it happened; a bot that cannot see the channel gets nothing. */
  readonly channel?: Channel;
  readonly guild?: Guild;
  /** Only this bot gets it. */
  readonly only?: Bot;
  /** Whose membership it is about. */
  readonly about?: User;
  /** As `viewer` sees it; `content` says whether message content is among its intents. Undefined: not at all. */
  data(viewer: Bot, content: boolean): unknown;
}

export interface WorldLimits {
  /** For how long a repeated nonce gives the first message back. */
  readonly nonceWindowMs: number;
  readonly attachmentBytesMax: number;
  readonly requestBytesMax: number;
  readonly cdnTtlMs: number;
  readonly interactionAckMs: number;
  readonly interactionTokenMs: number;
  /**
   * True: messages read over REST carry their nonce. Discord keeps it only for the answer to the create and
   * for MESSAGE_CREATE (github.com/Rapptz/discord.py/issues/2451), so false is what to count on.
   */
  readonly historyShowsNonce: boolean;
}

export const defaultLimits: WorldLimits = {
  // «The past few minutes»: docs.discord.com/developers/resources/message#create-message.
  nonceWindowMs: 300_000,
  attachmentBytesMax: 10 * 1024 * 1024,
  requestBytesMax: 25 * 1024 * 1024,
  cdnTtlMs: 86_400_000,
  interactionAckMs: 3_000,
  interactionTokenMs: 900_000,
  historyShowsNonce: false,
};

/** All that there is on this Discord, in memory, and who is told when it changes. */
export class World {
  readonly clock: Clock;
  readonly limits: WorldLimits;
  readonly users = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly bots: Bot[] = [];
  /** What the CDN serves. */
  readonly attachments = new Map<string, Attachment>();
  attachmentBytes = 0;
  /** The headers of the newest requests for files. */
  readonly fileRequests: Readonly<Record<string, unknown>>[] = [];
  /** Where clients reach the parts; known once the servers listen. */
  readonly urls = { api: '', cdn: '', gateway: '', resume: '' };
  readonly #ids: Snowflakes;
  readonly #listeners: ((event: WorldEvent) => void)[] = [];

  constructor(clock: Clock, limits: WorldLimits) {
    this.clock = clock;
    this.limits = limits;
    this.#ids = new Snowflakes(clock);
  }

  nextId(): string {
    return this.#ids.next();
  }

  /** Guilds are older than what happens in them, each by another millisecond, so that they spread over shards. */
  nextGuildId(): string {
    return this.#ids.earlier(this.guilds.size + 1, this.guilds.size);
  }

  now(): number {
    return this.clock.now();
  }

  publish(event: WorldEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  onEvent(listener: (event: WorldEvent) => void): void {
    this.#listeners.push(listener);
  }

  parentOf(channel: Channel): Channel | undefined {
    return channel.parentId === null ? undefined : this.channels.get(channel.parentId);
  }

  permissionsIn(channel: Channel, userId: string): bigint {
    return permissionsIn(channel, this.parentOf(channel), userId, this.now());
  }

  may(channel: Channel, userId: string, bits: bigint): boolean {
    return (this.permissionsIn(channel, userId) & bits) === bits;
  }

  canSee(channel: Channel, userId: string): boolean {
    if (!channel.guild) return channel.recipients.some(({ id }) => id === userId);
    if (!this.may(channel, userId, permission.viewChannel)) return false;
    const { thread } = channel;
    if (channel.type !== 12 || !thread) return true;
    return thread.members.has(userId) || this.may(channel, userId, permission.manageThreads);
  }

  /** @throws ApiError 10003 where there is none, 50001 where the user cannot see it. */
  visibleChannel(id: string | undefined, userId: string): Channel {
    const channel = this.channels.get(id ?? '');
    if (!channel) return refuse('unknownChannel');
    if (!this.canSee(channel, userId)) return refuse('missingAccess');
    return channel;
  }

  /** @throws ApiError 10008 */
  message(channel: Channel, id: string | undefined): Message {
    return channel.log.get(id ?? '') ?? refuse('unknownMessage');
  }

  /** @throws ApiError 10004 for a guild that the bot is not in, as for one that does not exist. */
  guildOf(id: string | undefined, bot: Bot): Guild {
    const guild = this.guilds.get(id ?? '');
    return guild?.members.has(bot.user.id) ? guild : refuse('unknownGuild');
  }

  /** @throws ApiError 50013 */
  require(channel: Channel, userId: string, bits: bigint): void {
    if (!this.may(channel, userId, bits)) refuse('missingPermissions');
  }

  botByToken(token: string): Bot | undefined {
    return this.bots.find((bot) => bot.token === token);
  }

  botById(applicationId: string | undefined): Bot | undefined {
    return this.bots.find((bot) => bot.applicationId === applicationId);
  }

  dmBetween(one: User, other: User): Channel | undefined {
    for (const channel of this.channels.values())
      if (channel.type === 1 && channel.recipients.includes(one) && channel.recipients.includes(other))
        return channel;
    return undefined;
  }

  shareGuild(one: User, other: User): boolean {
    for (const { members } of this.guilds.values())
      if (members.has(one.id) && members.has(other.id)) return true;
    return false;
  }
}
