import type { EventId } from '../domain/ids.ts';
import type { ChatEvent } from '../domain/inbound-event.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RecentMap } from '../lib/recent-map.ts';

const lanesMax = 10_000;
const spentBotsMax = 1_000;
const dayMs = 24 * 3_600_000;
/** More of a lane's turns than any policy counts need not be told apart. */
const turnsKeptMax = 16;

export interface BotLoopGuardDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Counts the turns in a row that bots caused in a lane, each once, however often it is tried. A turn that a
 * person causes sets the count back. Kept in memory for the lanes seen last: after a restart a loop may run its
 * few turns once more.
 */
export class BotLoopGuard {
  readonly #turns = new RecentMap<string, readonly EventId[]>(lanesMax);
  /** When it was said last of a bot that it is not listened to any more. */
  readonly #spent = new RecentMap<string, number>(spentBotsMax);
  readonly #deps: BotLoopGuardDeps;

  constructor(deps: BotLoopGuardDeps) {
    this.#deps = deps;
  }

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

  /** A bot has caused as many turns as it may: said once a day, however often it goes on. */
  sawSpent({ address: { connector }, sender: { id: sender } }: ChatEvent): void {
    const { clock, log } = this.#deps;
    const bot = `${connector} ${sender}`;
    const now = clock.now();
    if (now - (this.#spent.get(bot) ?? -Infinity) < dayMs) return;
    this.#spent.set(bot, now);
    log.warn('bot.budget_spent', { connector_id: connector, sender, code: 'bot_budget_spent' });
  }

  #eventsOf(lane: string): readonly EventId[] {
    return this.#turns.get(lane) ?? [];
  }
}
