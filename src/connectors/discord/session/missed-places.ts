import type { ConversationRecord } from '../../../domain/conversation.ts';
import type { GapRecord } from '../../../domain/gap.ts';
import { channelTypes, isThreadType } from '../api-constants.ts';
import type { ApiChannel, Snowflake } from '../api-types.ts';
import type { Dispatch } from '../inbound/inbound-context.ts';
import { fieldsOf, idOf } from '../untrusted.ts';
import { compareSnowflakes, isSnowflake, snowflakeAt } from '../snowflake.ts';

/** A place to read back from. */
export interface Missed {
  readonly channel: Snowflake;
  readonly guild?: Snowflake;
  /** What was said up to this message was surely heard. */
  readonly after: Snowflake;
}

/** Where a dispatch happened, as far as it says so itself. */
export interface Whereabouts {
  readonly channel?: Snowflake | undefined;
  readonly guild?: Snowflake | undefined;
  readonly message?: Snowflake | undefined;
}

export function whereIs({ type, data }: Dispatch): Whereabouts {
  const fields = fieldsOf(data);
  return {
    channel: idOf(type === 'THREAD_MEMBERS_UPDATE' ? fields?.id : fields?.channel_id),
    guild: idOf(fields?.guild_id),
    message: idOf(fields?.message_id) ?? (type.startsWith('MESSAGE_') ? idOf(fields?.id) : undefined),
  };
}

/** The scope of a gap that is of one place, and of no connection. Undefined for no place. */
export function placeScope({ channel, guild }: Whereabouts): string | undefined {
  if (channel === undefined) return undefined;
  return guild === undefined ? `channel ${channel}` : `channel ${channel} of ${guild}`;
}

/** Undefined for a gap of a connection. What was said since the gap began was not heard. */
export function missedInPlace({ scope, fromAt }: Pick<GapRecord, 'scope' | 'fromAt'>): Missed | undefined {
  const [, channel, guild] = /^channel (\d+)(?: of (\d+))?$/.exec(scope) ?? [];
  if (channel === undefined) return undefined;
  return { channel, after: snowflakeAt(fromAt), ...(guild === undefined ? {} : { guild }) };
}

/** How far one place had been heard, where that is known. */
export type Heard = Pick<ConversationRecord, 'position' | 'seenAt' | 'guild'>;

/** Clocks differ, a dead connection is noticed late, and what was seen twice is recognised. */
export const marginMs = 5 * 60_000;

/** These hold no messages themselves. */
const withoutMessages: ReadonlySet<number> = new Set([
  channelTypes.category,
  channelTypes.forum,
  channelTypes.media,
]);

/** Which shard hears a guild: https://docs.discord.com/developers/events/gateway#sharding. Direct messages go to the first. */
export function shardOf(guild: Snowflake | undefined, count: number): number {
  return guild === undefined ? 0 : Number((BigInt(guild) >> 22n) % BigInt(count));
}

/** By the channel in which they are. */
export function byChannel(heard: readonly ConversationRecord[]): ReadonlyMap<Snowflake, Heard> {
  return new Map(
    heard.flatMap((record) => {
      const channel = record.thread ?? record.conversation;
      return isSnowflake(channel) ? [[channel, record]] : [];
    }),
  );
}

/**
 * What may have been missed since `fromAt` in one channel; undefined when the platform itself says that nothing
 * was said there since. What was `heard` there later than `fromAt` says nothing of the gap.
 */
export function missedIn(
  channel: Snowflake,
  heard: Heard | undefined,
  told: ApiChannel | undefined,
  fromAt: number,
): Missed | undefined {
  const isOfBefore = heard !== undefined && heard.seenAt <= fromAt && isSnowflake(heard.position);
  const after = isOfBefore ? heard.position : snowflakeAt(fromAt - marginMs);
  const guild = heard?.guild?.split(':').at(-1) ?? told?.guild_id;
  const last = lastIn(told);
  if (last !== undefined && compareSnowflakes(last, after) <= 0) return undefined;
  return { channel, after, ...(guild === undefined ? {} : { guild }) };
}

/**
 * Where something may have been missed by one shard since `fromAt`: the places that were heard before, in their
 * order, and the channels in which, as the platform says, something was said since, the latest first.
 */
export function missedPlaces(
  heard: ReadonlyMap<Snowflake, Heard>,
  channels: Iterable<ApiChannel>,
  fromAt: number,
  [index, count]: readonly [number, number],
): readonly Missed[] {
  const told = new Map(Array.from(channels, (channel) => [channel.id, channel]));
  const others = [...told.values()]
    .flatMap((channel) => {
      const last = heard.has(channel.id) || channel.guild_id === undefined ? undefined : lastIn(channel);
      return last === undefined ? [] : [{ id: channel.id, last }];
    })
    .toSorted((left, right) => compareSnowflakes(right.last, left.last));
  return [...heard.keys(), ...others.map(({ id }) => id)].flatMap((channel) => {
    const missed = missedIn(channel, heard.get(channel), told.get(channel), fromAt);
    return missed && shardOf(missed.guild, count) === index ? [missed] : [];
  });
}

/** The newest message in a channel, as far as the platform has told. In a new thread, the one that it came from. */
function lastIn(told: ApiChannel | undefined): Snowflake | undefined {
  if (!told || withoutMessages.has(told.type)) return undefined;
  return told.last_message_id ?? (isThreadType(told.type) ? told.id : undefined);
}
