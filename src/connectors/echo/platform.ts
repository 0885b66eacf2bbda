import { createHash } from 'node:crypto';
import type { OutboundPart } from '../../domain/outbound.ts';

export interface EchoMessage {
  readonly id: string;
  readonly key: string;
  readonly conversation: string;
  readonly text: string;
}

const remembered = 10_000;

/** The far side of the echo connector: what one account has been sent. Remembers the newest few thousand. */
export class EchoPlatform {
  readonly #applied = new Map<string, EchoMessage>();
  readonly #seenTokens = new Map<string, true>();

  /** The message that this key made before, if any. */
  find(key: string): EchoMessage | undefined {
    return this.#applied.get(key);
  }

  apply(part: OutboundPart): EchoMessage {
    const text = 'text' in part.operation ? part.operation.text : part.operation.op;
    const digest = createHash('sha256').update(`${part.key}\n${part.address.conversation}\n${text}`).digest('hex');
    const message = { id: `echo-${digest.slice(0, 32)}`, key: part.key, conversation: part.address.conversation, text };
    remember(this.#applied, part.key, message);
    return message;
  }

  /** True the first time that this part meets this control token. */
  firstTime(part: OutboundPart, token: string): boolean {
    const mark = `${part.key}\n${token}`;
    if (this.#seenTokens.has(mark)) return false;
    remember(this.#seenTokens, mark, true);
    return true;
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > remembered && oldest !== undefined) map.delete(oldest);
}
