import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { Activity } from './activity.ts';
import { changeMember, changeOverwrites, changeRole } from './change-world.ts';
import type { Bot, Channel, Guild, Member, Message, Overwrite, Role, User } from './entities.ts';
import { Faults } from './faults.ts';
import { defaultGateway, Gateway, type GatewayOptions } from './gateway.ts';
import { interact, type InteractSpec } from './interact.ts';
import { type Interaction, Interactions } from './interactions.ts';
import { allMentions } from './mentions.ts';
import { changeMessage, deleteMessages, react, startTyping, unreact } from './messages.ts';
import { Nonces } from './nonces.ts';
import { defaultRateLimits, type RateLimitOptions, RateLimits } from './rate-limits.ts';
import type { RequestLog } from './request-log.ts';
import { Rest } from './rest.ts';
import { allRoutes } from './routes.ts';
import { say, type SaySpec } from './say.ts';
import { type ServerOptions, Servers } from './servers.ts';
import {
  type BotSpec,
  type ChannelSpec,
  type GuildSpec,
  ensureMember,
  inviteBot,
  removeMember,
  settleBot,
  settleChannel,
  settleDm,
  settleGuild,
  settleMember,
  settleRole,
  settleUser,
  type UserSpec,
} from './settle-world.ts';
import { changeThread, deleteChannel, openThread, type ThreadChange, type ThreadSpec } from './threads.ts';
import { defaultLimits, World, type WorldLimits } from './world.ts';

export interface FakeDiscordOptions {
  /** All time of the fake. With a clock that stands still, limits, windows and heartbeats only move with it. */
  readonly clock?: Clock;
  readonly rateLimits?: Partial<RateLimitOptions>;
  readonly gateway?: Partial<GatewayOptions>;
  readonly limits?: Partial<WorldLimits>;
  readonly server?: Partial<ServerOptions>;
  /** The first bot. */
  readonly bot?: BotSpec;
}

/**
 * A Discord of its own: REST, CDN and gateway over real sockets on loopback. It holds clients to the documented
 * rules and keeps everything in memory; a client process may be killed and come back, the fake stays.
 *
 * - Set up: `addGuild` (with every bot that there is), `addChannel`, `addUser`, `addRole`, `addBot`, `dm`. The
 *   client logs in with `bot.token` at `apiBaseUrl`. Users who write in a guild are members from then on.
 * - Act as others: `say`, `edit`, `delete`, `react`, `type`, `interact`, `openThread`, …
 * - Look: `messagesIn`, `requests` (what was asked and answered), `gateway.journal` (who connected, identified,
 *   resumed, closed, and why), `gateway.live()` (connections, each with `received` and `heartbeats`), `until`.
 * - Break things: `faults` for what comes next (`rest`, `dispatch`, `connect`, or a seeded `decide`), the methods
 *   of a live connection (`freeze`, `drop`, `close`, `requestReconnect`, `invalidate`, `acks = false`), `stop` and
 *   `start` for an outage, `resetToken`.
 * - Time: give a `clock` that stands still and nothing happens by itself, neither windows of limits nor
 *   heartbeats. With the system clock, suites that identify often set `gateway.identifyIntervalMs` to 0, and
 *   those that send much set `rateLimits.scale` and `rateLimits.globalPerSecond`.
 *
 * Two facts that surprise: messages read back carry no nonce (`limits.historyShowsNonce`), and lengths count
 * code points. Messages per channel, requests, notes, replayable dispatches are all kept up to a bound.
 */
export class FakeDiscord {
  /** What will go wrong, see `Faults`. */
  readonly faults = new Faults();
  readonly world: World;
  readonly gateway: Gateway;
  readonly rateLimits: RateLimits;
  /** The first bot; `bot.token` is what a client logs in with. */
  readonly bot: Bot;
  readonly #activity = new Activity();
  readonly #interactions: Interactions;
  readonly #rest: Rest;
  readonly #servers: Servers;

  constructor(options: FakeDiscordOptions = {}) {
    const clock = options.clock ?? systemClock;
    this.world = new World(clock, { ...defaultLimits, ...options.limits });
    const { changed } = this.#activity;
    this.gateway = new Gateway(this.world, { ...defaultGateway, ...options.gateway }, this.faults, changed);
    this.rateLimits = new RateLimits(clock, { ...defaultRateLimits, ...options.rateLimits });
    const nonces = new Nonces(clock, this.world.limits.nonceWindowMs);
    this.#interactions = new Interactions(this.world);
    const routes = allRoutes(this.world, nonces, this.#interactions);
    this.#rest = new Rest(this.world, routes, this.rateLimits, this.faults);
    const server = { host: '127.0.0.1', ...options.server };
    this.#servers = new Servers(this.world, this.#rest, this.gateway, server, changed);
    this.bot = this.addBot(options.bot);
  }

  get apiBaseUrl(): string {
    return this.world.urls.api;
  }

  /** The newest requests to the API, with what was answered. */
  get requests(): RequestLog {
    return this.#rest.log;
  }

  /** Begins to listen; after a `close` again on the same ports, with the same world. */
  async start(): Promise<this> {
    await this.#servers.listen();
    return this;
  }

  /** An outage: nobody can connect, connections are cut. Sessions can be resumed after the next `start`. */
  stop(): Promise<void> {
    return this.#servers.close();
  }

  /** The end. */
  async close(): Promise<void> {
    await this.stop();
    this.gateway.endSessions();
  }

  /** Resolves when `isMet`; asked again whenever anything happens here. @throws after `ms` of real time. */
  until(isMet: () => boolean, what = isMet.toString(), ms = 50_000): Promise<void> {
    return this.#activity.until(isMet, what, ms);
  }

  addBot(spec?: BotSpec): Bot {
    return settleBot(this.world, spec);
  }

  /** As somebody presses «Reset Token» in the portal. The new one is in `bot.token`. */
  resetToken(bot: Bot = this.bot): void {
    this.gateway.resetToken(bot);
  }

  addUser(spec?: UserSpec): User {
    return settleUser(this.world, spec);
  }

  addGuild(spec?: GuildSpec): Guild {
    return settleGuild(this.world, spec);
  }

  addChannel(guild: Guild, spec?: ChannelSpec): Channel {
    return settleChannel(this.world, guild, spec);
  }

  addRole(
    guild: Guild,
    spec?: { readonly id?: string; readonly name?: string; readonly permissions?: bigint },
  ): Role {
    return settleRole(this.world, guild, spec);
  }

  addMember(guild: Guild, user: User, roles?: readonly Role[]): Member {
    return settleMember(this.world, guild, user, roles);
  }

  removeMember(guild: Guild, user: User): void {
    removeMember(this.world, guild, user);
  }

  inviteBot(guild: Guild, bot: Bot, permissions?: bigint): Role {
    return inviteBot(this.world, guild, bot, permissions);
  }

  changeOverwrites(channel: Channel, overwrites: readonly Overwrite[]): void {
    changeOverwrites(this.world, channel, overwrites);
  }

  changeRole(guild: Guild, role: Role, permissions: bigint): void {
    changeRole(this.world, guild, role, permissions);
  }

  changeMember(guild: Guild, user: User, roles: readonly Role[]): void {
    changeMember(this.world, guild, user, roles);
  }

  /** The channel between a user and a bot, by default the first one. */
  dm(user: User, bot: Bot = this.bot): Channel {
    return settleDm(this.world, bot, user);
  }

  say(spec: SaySpec): Message {
    return say(this.world, spec);
  }

  edit(message: Message, content: string): void {
    changeMessage(this.world, message, { content, allowed: allMentions });
  }

  /** Several at once are one bulk deletion. */
  delete(...messages: readonly Message[]): void {
    const [first] = messages;
    if (first)
      deleteMessages(
        this.world,
        first.channel,
        messages.map(({ id }) => id),
      );
  }

  /** `emoji` is a character, or `name:id`. */
  react(message: Message, user: User, emoji: string): void {
    const [name = '', id = null] = emoji.split(':');
    ensureMember(this.world, message.channel.guild, user);
    react(this.world, message, user, { id, name });
  }

  unreact(message: Message, user: User, emoji: string): void {
    unreact(this.world, message, user, emoji);
  }

  type(channel: Channel, user: User): void {
    startTyping(this.world, channel, user);
  }

  /** A user uses a command, a component, a modal: what comes of it is in what is returned. */
  interact(spec: InteractSpec): Interaction {
    return interact(this.world, this.#interactions, spec);
  }

  openThread(spec: ThreadSpec): Channel {
    return openThread(this.world, spec);
  }

  changeThread(thread: Channel, change: ThreadChange): void {
    changeThread(this.world, thread, change);
  }

  deleteChannel(channel: Channel): void {
    deleteChannel(this.world, channel);
  }

  /** The oldest first. */
  messagesIn(channel: Channel): readonly Message[] {
    return channel.log.all();
  }
}
