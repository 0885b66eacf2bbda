import type { Clock } from '../../../src/lib/clock.ts';
import type { Channel } from './entities.ts';

const noncesMax = 100_000;

/** Which message a nonce made, for as long as Discord remembers. */
export class Nonces {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #known = new Map<string, { readonly id: string; readonly until: number }>();

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  find(channel: Channel, authorId: string, nonce: string | number | undefined): string | undefined {
    if (nonce === undefined) return undefined;
    const known = this.#known.get(keyOf(channel, authorId, nonce));
    return known && known.until > this.#clock.now() ? known.id : undefined;
  }

  remember(channel: Channel, authorId: string, nonce: string | number | undefined, id: string): void {
    if (nonce === undefined) return;
    const key = keyOf(channel, authorId, nonce);
    this.#known.delete(key);
    this.#known.set(key, { id, until: this.#clock.now() + this.#windowMs });
    if (this.#known.size <= noncesMax) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }
}

function keyOf(channel: Channel, authorId: string, nonce: string | number): string {
  return `${channel.id} ${authorId} ${nonce}`;
}
