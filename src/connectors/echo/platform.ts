import { createHash } from 'node:crypto';
import type { OutboundPart } from '../../domain/outbound.ts';
import { RecentMap } from '../../lib/recent-map.ts';

export interface EchoMessage {
  readonly id: string;
  readonly key: string;
  readonly conversation: string;
  readonly text: string;
}

const rememberedMax = 10_000;

/** The far side of the echo connector: what one account has been sent. Remembers the newest few thousand. */
export class EchoPlatform {
  readonly #applied = new RecentMap<string, EchoMessage>(rememberedMax);
  readonly #seenTokens = new RecentMap<string, true>(rememberedMax);

  /** The message that this key made before, if any. */
  find(key: string): EchoMessage | undefined {
    return this.#applied.get(key);
  }

  apply(part: OutboundPart): EchoMessage {
    const text = 'text' in part.operation ? part.operation.text : part.operation.op;
    const digest = createHash('sha256')
      .update(`${part.key}\n${part.address.conversation}\n${text}`)
      .digest('hex');
    const message = {
      id: `echo-${digest.slice(0, 32)}`,
      key: part.key,
      conversation: part.address.conversation,
      text,
    };
    this.#applied.set(part.key, message);
    return message;
  }

  /** True the first time that this part meets this control token. */
  firstTime(part: OutboundPart, token: string): boolean {
    const mark = `${part.key}\n${token}`;
    if (this.#seenTokens.get(mark)) return false;
    this.#seenTokens.set(mark, true);
    return true;
  }
}
