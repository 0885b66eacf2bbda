import type { ConversationRecord } from '../../../domain/conversation.ts';
import type { ApiChannel, Snowflake } from '../api-types.ts';
import { compareSnowflakes, isSnowflake, snowflakeTime } from '../snowflake.ts';
import type { Missed } from './catch-up.ts';

/** Which shard hears a guild: https://docs.discord.com/developers/events/gateway#sharding. Direct messages go to the first. */
export function shardOf(guild: Snowflake | undefined, count: number): number {
  return guild === undefined ? 0 : Number((BigInt(guild) >> 22n) % BigInt(count));
}

/**
 * Where something may have been missed by one shard since `fromAt`: the conversations that were heard before,
 * the latest first, and the channels in which, as the platform says, something was said since.
 */
export function missedPlaces(
  heard: readonly ConversationRecord[],
  channels: Iterable<ApiChannel>,
  fromAt: number,
  [index, count]: readonly [number, number],
): readonly Missed[] {
  const places = new Map<Snowflake, Missed>();
  for (const { conversation, thread, guild, position } of heard) {
    const channel = thread ?? conversation;
    const id = guild?.split(':').at(-1);
    if (!isSnowflake(channel) || shardOf(id, count) !== index) continue;
    places.set(channel, {
      channel,
      ...(id === undefined ? {} : { guild: id }),
      ...(isSnowflake(position) ? { after: position } : {}),
    });
  }
  for (const { id, guild_id: guild, last_message_id: last } of channels) {
    const known = places.get(id);
    if (known?.after !== undefined && last !== undefined && compareSnowflakes(last, known.after) <= 0) {
      places.delete(id);
      continue;
    }
    if (known || last === undefined || guild === undefined || snowflakeTime(last) < fromAt) continue;
    if (shardOf(guild, count) === index) places.set(id, { channel: id, guild });
  }
  return [...places.values()];
}
