const lanesMax = 10_000;

/**
 * Counts the turns in a row that bots caused in a lane. A person's message sets the count back. Kept in
 * memory for the lanes seen last: after a restart a loop may run its few turns once more.
 */
export class BotLoopGuard {
  readonly #turns = new Map<string, number>();

  count(lane: string): number {
    return this.#turns.get(lane) ?? 0;
  }

  sawBot(lane: string): void {
    const turns = this.count(lane) + 1;
    this.#turns.delete(lane);
    this.#turns.set(lane, turns);
    const oldest = this.#turns.keys().next().value;
    if (this.#turns.size > lanesMax && oldest !== undefined) this.#turns.delete(oldest);
  }

  sawPerson(lane: string): void {
    this.#turns.delete(lane);
  }
}
