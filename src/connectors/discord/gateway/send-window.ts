import type { Clock } from '../../../lib/clock.ts';

/** Per connection: https://docs.discord.com/developers/events/gateway#rate-limiting. Beyond it, it closes with 4008. */
const sendsMax = 120;
const windowMs = 60_000;
/** Kept free for heartbeats, without which the connection is lost. */
const heartbeatsReserved = 5;

/** The limit of what one connection may send. Remembers `sendsMax` instants and no more. */
export class SendWindow {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #sentAt: readonly number[] = [];

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** 0 when it may be sent now, which counts it; else the ms until it may, and nothing is counted. */
  take(what: 'heartbeat' | 'command'): number {
    const now = this.#clock.monotonic();
    this.#sentAt = this.#sentAt.filter((at) => now - at < windowMs);
    const max = what === 'heartbeat' ? sendsMax : sendsMax - heartbeatsReserved;
    const blocking = this.#sentAt.at(-max);
    if (blocking !== undefined) return blocking + windowMs - now;
    this.#sentAt = [...this.#sentAt, now];
    return 0;
  }
}
