import { createHash } from 'node:crypto';
import type { OutboundPart } from '../../domain/outbound.ts';
import { RecentMap } from '../../lib/recent-map.ts';

export interface EchoMessage {
  readonly id: string;
  readonly key: string;
  readonly conversation: string;
  readonly thread?: string;
  readonly replyTo?: string;
  readonly text: string;
  readonly createdAt: number;
  readonly editedAt?: number;
  readonly reactions: readonly string[];
}

const rememberedMax = 10_000;

/** The far side of the echo connector: what one account has been sent. Remembers the newest few thousand. */
export class EchoPlatform {
  readonly #messages = new RecentMap<string, EchoMessage>(rememberedMax);
  readonly #idByKey = new RecentMap<string, string>(rememberedMax);
  readonly #seenTokens = new RecentMap<string, true>(rememberedMax);
  readonly #typing = new RecentMap<string, number>(rememberedMax);

  /** The id of the message that this key made before, if any. */
  find(key: string): string | undefined {
    return this.#idByKey.get(key);
  }

  /** The newest first. */
  messagesIn(conversation: string, thread: string | undefined): readonly EchoMessage[] {
    return [...this.#messages.values()]
      .filter((message) => message.conversation === conversation && message.thread === thread)
      .toReversed();
  }

  /** The id of the message that it is about; undefined when that message is not there. */
  apply(part: OutboundPart, at: number): string | undefined {
    const { operation, address } = part;
    if (operation.op === 'typing') return this.#type(part);
    if (operation.op === 'send') return this.#add(part, operation.text, at);
    const known = this.#messages.get(address.message ?? '');
    if (!known) return operation.op === 'delete' ? address.message : undefined;
    if (operation.op === 'delete') this.#messages.delete(known.id);
    else if (operation.op === 'edit')
      this.#messages.set(known.id, { ...known, text: operation.text, editedAt: at });
    else {
      const others = known.reactions.filter((emoji) => emoji !== operation.emoji);
      const reactions = operation.remove ? others : [...others, operation.emoji];
      this.#messages.set(known.id, { ...known, reactions });
    }
    return known.id;
  }

  /** How often it was shown there that an answer is being written. */
  typingIn(conversation: string, thread: string | undefined): number {
    return this.#typing.get(placeOf(conversation, thread)) ?? 0;
  }

  #type({ address }: OutboundPart): string {
    const { conversation, thread } = address;
    this.#typing.set(placeOf(conversation, thread), this.typingIn(conversation, thread) + 1);
    return 'typing';
  }

  #add({ key, address }: OutboundPart, text: string, createdAt: number): string {
    const { conversation, thread, message } = address;
    const digest = createHash('sha256').update(`${key}\n${conversation}\n${text}`).digest('hex');
    const id = `echo-${digest.slice(0, 32)}`;
    this.#messages.set(id, {
      ...{ id, key, conversation, text, createdAt, reactions: [] },
      ...(thread === undefined ? {} : { thread }),
      ...(message === undefined ? {} : { replyTo: message }),
    });
    this.#idByKey.set(key, id);
    return id;
  }

  /** True the first time that this part meets this control token. */
  firstTime(part: OutboundPart, token: string): boolean {
    const mark = `${part.key}\n${token}`;
    if (this.#seenTokens.get(mark)) return false;
    this.#seenTokens.set(mark, true);
    return true;
  }
}

function placeOf(conversation: string, thread: string | undefined): string {
  return JSON.stringify([conversation, thread]);
}
