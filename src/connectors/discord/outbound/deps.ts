import type { MessageId } from '../../../domain/ids.ts';
import type { Snowflake } from '../api-types.ts';
import type { MentionPolicy } from '../config.ts';
import type { Rest } from '../rest/rest.ts';
import type { OutboundMemory } from './memory.ts';

export interface OutboundDeps {
  readonly rest: Pick<Rest, 'call'>;
  /** The user that the bot is. */
  readonly selfId: Snowflake;
  readonly mentions: MentionPolicy;
  /** What the gateway has told of a channel; undefined when it has told nothing. */
  readonly channelTypeOf: (channel: Snowflake) => number | undefined;
  /** Whether the message is known to be of another part, also from before this session. */
  readonly isSent: (message: Snowflake) => Promise<boolean>;
  /** The first part of a message, also from before this session. */
  readonly firstSentOf: (message: MessageId) => Promise<Snowflake | undefined>;
  readonly memory: OutboundMemory;
}
