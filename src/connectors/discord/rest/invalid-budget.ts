const sliceMs = 10_000;
/** https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans */
const periodMs = 10 * 60_000;

interface Slice {
  readonly startsAt: number;
  count: number;
}

/**
 * Counts what Discord counts towards a ban of this address: answers of 401, 403, and 429 that are not of a
 * shared limit. It bans at 10,000 in ten minutes, over everything that runs at this address; we stop far
 * below. Times are monotonic ms.
 */
export class InvalidBudget {
  readonly #countMax: number;
  #slices: Slice[] = [];

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  count(now: number): number {
    this.#forget(now);
    return this.#slices.reduce((sum, { count }) => sum + count, 0);
  }

  add(now: number): void {
    this.#forget(now);
    const last = this.#slices.at(-1);
    if (last && now < last.startsAt + sliceMs) last.count += 1;
    else this.#slices.push({ startsAt: now, count: 1 });
  }

  /** 0 while there is budget. */
  waitMs(now: number): number {
    if (this.count(now) < this.#countMax) return 0;
    const oldest = this.#slices[0];
    return oldest ? Math.max(1, goneAt(oldest) - now) : 0;
  }

  #forget(now: number): void {
    this.#slices = this.#slices.filter((slice) => goneAt(slice) > now);
  }
}

/** When the last of its requests is out of the period. */
function goneAt({ startsAt }: Slice): number {
  return startsAt + sliceMs + periodMs;
}
