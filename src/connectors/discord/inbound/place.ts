import { type Address, laneOf } from '../../../domain/address.ts';
import type { InboundEvent } from '../../../domain/inbound-event.ts';
import { channelTypes, isThreadType } from '../api-constants.ts';
import type { ApiChannel, Snowflake } from '../api-types.ts';
import { guildConversation, guildIdentity } from '../identity.ts';
import type { InboundContext } from './inbound-context.ts';

/** What an event has for being somewhere. */
export type Placed = Pick<InboundEvent, 'source' | 'lane'> & {
  readonly address: Address;
  readonly direct: boolean;
  readonly guild?: string;
};

export interface Whereabouts {
  readonly channel: Snowflake;
  /** As the payload says; the channel's own where it is silent. */
  readonly guild?: Snowflake | undefined;
  /** What the payload itself tells of the channel, where it does. */
  readonly told?: ApiChannel | undefined;
  readonly message?: Snowflake | undefined;
  readonly handle?: string;
  /** False where we are no party to a direct conversation. */
  readonly isParty?: boolean;
}

/** In a thread, the conversation is the channel that it belongs to. */
export function placeAt(where: Whereabouts, context: InboundContext): Placed {
  const channel = context.channel(where.channel) ?? where.told;
  const guild = where.guild ?? channel?.guild_id;
  const parent = channel && isThreadType(channel.type) ? channel.parent_id : undefined;
  return placed(
    {
      connector: context.connectorId,
      conversation: parent ?? where.channel,
      ...(parent === undefined ? {} : { thread: where.channel }),
      ...(where.message === undefined ? {} : { message: where.message }),
      ...(where.handle === undefined ? {} : { handle: where.handle }),
    },
    guild === undefined && channel?.type !== channelTypes.groupDm && where.isParty !== false,
    guild,
  );
}

/** For what happens to a guild as a whole: a conversation to which nothing can be sent. */
export function placeInGuild(guild: Snowflake, { connectorId }: InboundContext): Placed {
  return placed({ connector: connectorId, conversation: guildConversation(guild) }, false, guild);
}

function placed(address: Address, direct: boolean, guild: Snowflake | undefined): Placed {
  return {
    source: address.connector,
    lane: laneOf(address),
    address,
    direct,
    ...(guild === undefined ? {} : { guild: guildIdentity(guild) }),
  };
}
