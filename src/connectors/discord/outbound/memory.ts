import type { MessageId } from '../../../domain/ids.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { Snowflake } from '../api-types.ts';

const placesMax = 10_000;
const messagesMax = 10_000;

/** What a session remembers of its own sending. All of it can be found out again. */
export class OutboundMemory {
  /** The channel of the direct messages with a user. */
  readonly directChannels = new RecentMap<Snowflake, Snowflake>(placesMax);
  readonly channelTypes = new RecentMap<Snowflake, number>(placesMax);
  /** The post that a message of several parts has opened in a forum. */
  readonly posts = new RecentMap<MessageId, Snowflake>(messagesMax);
  readonly #messages = new RecentMap<string, Snowflake>(messagesMax);

  /**
   * To be called with the nonce of every own message that the gateway tells of, and of every answer: the
   * platform does not keep it (https://github.com/Rapptz/discord.py/issues/2451).
   */
  noteMessage(nonce: string, message: Snowflake): void {
    this.#messages.set(nonce, message);
  }

  findMessage(nonce: string): Snowflake | undefined {
    return this.#messages.get(nonce);
  }

  /** Messages that are known to be other parts than the one with this nonce. */
  othersThan(nonce: string): ReadonlySet<Snowflake> {
    const others = new Set<Snowflake>();
    for (const [known, message] of this.#messages.entries()) if (known !== nonce) others.add(message);
    return others;
  }
}
