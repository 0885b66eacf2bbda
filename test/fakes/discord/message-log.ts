import { compareIds } from './snowflakes.ts';

/** Messages kept per channel; the oldest go first. */
const messagesMax = 50_000;

/** The messages of a channel, in the order of their ids. */
export class MessageLog<Message extends { readonly id: string }> {
  #inOrder: Message[] = [];
  readonly #byId = new Map<string, Message>();

  get size(): number {
    return this.#inOrder.length;
  }

  get lastId(): string | null {
    return this.#inOrder.at(-1)?.id ?? null;
  }

  all(): readonly Message[] {
    return this.#inOrder;
  }

  get(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  add(message: Message): void {
    this.#inOrder.push(message);
    this.#byId.set(message.id, message);
    if (this.#inOrder.length <= messagesMax) return;
    for (const gone of this.#inOrder.splice(0, messagesMax / 10)) this.#byId.delete(gone.id);
  }

  remove(id: string): boolean {
    if (!this.#byId.delete(id)) return false;
    this.#inOrder.splice(this.#from(id), 1);
    return true;
  }

  /** The newest `limit`, the newest first. */
  latest(limit: number): Message[] {
    return this.#inOrder.slice(-limit).reverse();
  }

  /** The `limit` right before `id`, the newest first. */
  before(id: string, limit: number): Message[] {
    const end = this.#from(id);
    return this.#inOrder.slice(Math.max(0, end - limit), end).reverse();
  }

  /** The `limit` right after `id`, the newest first, as Discord gives them. */
  after(id: string, limit: number): Message[] {
    const start = this.#from(id) + (this.#byId.has(id) ? 1 : 0);
    return this.#inOrder.slice(start, start + limit).reverse();
  }

  around(id: string, limit: number): Message[] {
    const middle = this.#from(id);
    const start = Math.max(0, middle - Math.floor(limit / 2));
    return this.#inOrder.slice(start, start + limit).reverse();
  }

  /** The index of the first message that is not older than `id`. */
  #from(id: string): number {
    let low = 0;
    let high = this.#inOrder.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.#inOrder[middle]!.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
