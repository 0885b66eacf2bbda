interface Slot {
  readonly sentAt: number;
  answeredAt?: number;
}

export type GlobalPlace = Slot;

const windowMs = 1_000;

/**
 * At most `limit` requests in any second, wherever the platform's seconds begin. A place is free again one
 * second after its answer, because the request may have been counted as late as that; a slow answer holds
 * it for one second more, no longer. Times are monotonic ms.
 */
export class GlobalWindow {
  readonly #limit: number;
  #slots: Slot[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** As `RateWindow.waitMs`. */
  waitMs(now: number, reserveOf: (limit: number) => number): number {
    this.#slots = this.#slots.filter((slot) => freeAt(slot) > now);
    const room = this.#limit - reserveOf(this.#limit);
    if (this.#slots.length < room) return 0;
    const free = this.#slots.map(freeAt).toSorted((a, b) => a - b);
    return Math.max(1, (free[this.#slots.length - room] ?? now) - now);
  }

  take(now: number): GlobalPlace {
    const slot = { sentAt: now };
    this.#slots.push(slot);
    return slot;
  }

  settle(place: GlobalPlace, now: number): void {
    place.answeredAt ??= now;
  }

  /** It was not sent after all. */
  giveBack(place: GlobalPlace): void {
    this.#slots = this.#slots.filter((slot) => slot !== place);
  }
}

function freeAt({ sentAt, answeredAt }: Slot): number {
  return Math.min(answeredAt ?? sentAt + windowMs, sentAt + windowMs) + windowMs;
}
