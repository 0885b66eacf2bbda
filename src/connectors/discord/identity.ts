import { AppError } from '../../domain/errors.ts';
import { type ConnectorId, accountOf, connectorId } from '../../domain/ids.ts';
import type { IdentityEntity } from '../connector.ts';
import type { Snowflake } from './api-types.ts';
import type { DiscordConfig } from './config.ts';
import { isSnowflake } from './snowflake.ts';

export const discordKind = 'discord';

/** Where a message is, as its link says. Without a guild it is a direct message. */
export interface MessageLink {
  readonly guild?: Snowflake;
  readonly channel: Snowflake;
  readonly message: Snowflake;
}

/** An address of the web client: all that it names, outermost first. */
interface PlaceLink {
  readonly guild?: Snowflake;
  /** The channel, and perhaps a message in it, or the channel, a thread and perhaps a message. */
  readonly channel?: Snowflake;
  readonly thread?: Snowflake;
  readonly message?: Snowflake;
}

const textMax = 512;

/**
 * The account part of a connector's id: `default` when it is blank, else trimmed and lower-cased.
 * @throws AppError `invalid_request` when it holds other characters than letters, digits, `.`, `_`, `-`.
 */
export function normalizeDiscordAccountId(account = ''): string {
  return accountOf(discordConnectorId(account));
}

/** @throws AppError `invalid_request`, as `normalizeDiscordAccountId` does. */
export function discordConnectorId(account = ''): ConnectorId {
  return connectorId(discordKind, account.trim() || 'default');
}

/** What no two connectors may be connected as: ids are told apart by the server that gave them. */
export function discordAccount(user: Snowflake, { apiBaseUrl }: Pick<DiscordConfig, 'apiBaseUrl'>): string {
  return `${user} at ${new URL(apiBaseUrl).host}`;
}

export function userIdentity(id: Snowflake): string {
  return `${discordKind}:user:${id}`;
}

export function roleIdentity(id: Snowflake): string {
  return `${discordKind}:role:${id}`;
}

export function guildIdentity(id: Snowflake): string {
  return `${discordKind}:guild:${id}`;
}

/** The conversation that stands for the direct messages with a user, until their channel is known. */
export function directConversation(user: Snowflake): string {
  return `user:${user}`;
}

/** The user to whom `directConversation` writes, or undefined for a channel. */
export function directRecipientOf(conversation: string): Snowflake | undefined {
  const user = /^user:(\d+)$/.exec(conversation)?.[1];
  return user !== undefined && isSnowflake(user) ? user : undefined;
}

/**
 * The one spelling of an identity: `discord:user:<id>`, `discord:role:<id>`, `discord:guild:<id>`; of a
 * conversation the id of its channel, or `user:<id>` for the direct messages with a user; of a thread its id.
 * Takes raw ids, mentions, links of any host, and what it returns itself.
 * @throws AppError `invalid_request` when it is none of these.
 */
export function canonicalDiscordIdentity(entity: IdentityEntity, raw: string): string {
  const text = raw.trim();
  switch (entity) {
    case 'user':
      return userIdentity(userIn(text) ?? refuse(entity));
    case 'role':
      return roleIdentity(roleIn(text) ?? refuse(entity));
    case 'guild':
      return guildIdentity(guildIn(text) ?? refuse(entity));
    case 'conversation':
      return conversationIn(text) ?? refuse(entity);
    case 'thread':
      return threadIn(text) ?? refuse(entity);
  }
}

/** The message that a link leads to, on whatever host; undefined when `text` is no such link. */
export function parseMessageLink(text: string): MessageLink | undefined {
  const { guild, channel, thread, message } = parsePlaceLink(text.trim()) ?? {};
  const place = thread ?? channel;
  if (place === undefined || message === undefined) return undefined;
  return { ...(guild === undefined ? {} : { guild }), channel: place, message };
}

function userIn(text: string): Snowflake | undefined {
  return idIn(text, ['user'], /^<@!?(\d+)>$/) ?? idAfter(text, '/users/');
}

function roleIn(text: string): Snowflake | undefined {
  return idIn(text, ['role'], /^<@&(\d+)>$/);
}

function guildIn(text: string): Snowflake | undefined {
  return idIn(text, ['guild', 'server']) ?? parsePlaceLink(text)?.guild;
}

/** The conversation that stands for what happens to a guild as a whole: nothing can be sent to it. */
export function guildConversation(guild: Snowflake): string {
  return `guild:${guild}`;
}

function conversationIn(text: string): string | undefined {
  const guild = /^guild:(\d+)$/.exec(text)?.[1];
  if (guild !== undefined && isSnowflake(guild)) return guildConversation(guild);
  const channel = idIn(text, ['channel', 'conversation'], channelMention) ?? parsePlaceLink(text)?.channel;
  if (channel !== undefined) return channel;
  const user = isLink(text) ? undefined : userIn(text);
  return user === undefined ? undefined : directConversation(user);
}

function threadIn(text: string): Snowflake | undefined {
  const link = parsePlaceLink(text);
  return idIn(text, ['thread', 'channel'], channelMention) ?? link?.thread ?? link?.channel;
}

const channelMention = /^<#(\d+)>$/;

/** `1`, `<word>:1`, `discord:<word>:1`, or the mention. */
function idIn(text: string, words: readonly string[], mention?: RegExp): Snowflake | undefined {
  if (text.length > textMax) return undefined;
  const prefixed = new RegExp(`^(?:(?:${discordKind}:)?(?:${words.join('|')}):)?(\\d+)$`, 'i');
  return snowflakeOf((prefixed.exec(text) ?? mention?.exec(text))?.[1]);
}

function idAfter(text: string, path: string): Snowflake | undefined {
  const pathname = pathOf(text);
  return pathname?.startsWith(path) ? snowflakeOf(pathname.slice(path.length)) : undefined;
}

/** `/channels/<guild or @me>[/<channel>[/<message>]]`, or `…/<channel>/threads/<thread>[/<message>]`. */
function parsePlaceLink(text: string): PlaceLink | undefined {
  const [root, guild, channel, ...rest] = pathOf(text)?.slice(1).split('/') ?? [];
  if (root !== 'channels' || guild === undefined) return undefined;
  const thread = rest[0] === 'threads' ? rest[1] : undefined;
  const named = {
    guild: guild === '@me' ? undefined : guild,
    channel,
    thread,
    message: thread === undefined ? rest[0] : rest[2],
  };
  const ids = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const isWhole = rest.length <= (thread === undefined ? 1 : 3) && ids.every(([, id]) => isSnowflake(id));
  return isWhole ? Object.fromEntries(ids) : undefined;
}

function isLink(text: string): boolean {
  return pathOf(text) !== undefined;
}

/** The path of an address on any host, without the slash at its end. */
function pathOf(text: string): string | undefined {
  if (text.length > textMax || !/^(https?|discord):\/\//i.test(text)) return undefined;
  const path = /^[a-z]+:\/\/[^/?#]+(\/[^?#]*)/i.exec(text)?.[1];
  return path?.replace(/\/$/, '');
}

function snowflakeOf(text: string | undefined): Snowflake | undefined {
  return text !== undefined && isSnowflake(text) ? text : undefined;
}

const examples: Readonly<Record<IdentityEntity, string>> = {
  user: '123456789012345678, <@123456789012345678> or discord:user:123456789012345678',
  role: '123456789012345678, <@&123456789012345678> or discord:role:123456789012345678',
  guild: '123456789012345678, discord:guild:123456789012345678 or the link of one of its channels',
  conversation: '123456789012345678, <#123456789012345678>, the link of a channel, or user:<id>',
  thread: '123456789012345678, <#123456789012345678> or the link of a thread',
};

function refuse(entity: IdentityEntity): never {
  throw new AppError(
    'invalid_request',
    `That is not a Discord ${entity}. Write its id, e.g. ${examples[entity]}. Names are not identities; switch on Developer Mode in Discord to copy an id.`,
  );
}
