import type { EventId } from '../domain/ids.ts';
import { RecentMap } from '../lib/recent-map.ts';

const lanesMax = 10_000;
/** More of a lane's turns than any policy counts need not be told apart. */
const turnsKeptMax = 16;

/**
 * Counts the turns in a row that bots caused in a lane, each once, however often it is tried. A turn that a
 * person causes sets the count back. Kept in memory for the lanes seen last: after a restart a loop may run its
 * few turns once more.
 */
export class BotLoopGuard {
  readonly #turns = new RecentMap<string, readonly EventId[]>(lanesMax);

  /** How many there were besides the one for `event`. */
  count(lane: string, event: EventId): number {
    return this.#eventsOf(lane).filter((earlier) => earlier !== event).length;
  }

  sawBot(lane: string, event: EventId): void {
    const earlier = this.#eventsOf(lane);
    if (!earlier.includes(event)) this.#turns.set(lane, [...earlier, event].slice(-turnsKeptMax));
  }

  sawPerson(lane: string): void {
    this.#turns.delete(lane);
  }

  #eventsOf(lane: string): readonly EventId[] {
    return this.#turns.get(lane) ?? [];
  }
}
