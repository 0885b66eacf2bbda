interface Waiter {
  readonly keys: ReadonlyMap<string, number>;
  /** The first key: who it is that asks. */
  readonly asker: string;
  readonly enter: () => void;
}

/** Lets at most so many pass at once, by key; the others wait in line. */
export class Gate {
  readonly #taken = new Map<string, number>();
  readonly #waiting: Waiter[] = [];

  /**
   * Waits until every key has a free place of its number, takes one of each, and returns how to give them
   * back. A place goes to the asker, named by the first key, that has the fewest; among equals, to the one
   * that waits longest. Rejects with the signal's reason when it aborts before.
   */
  async enter(places: Readonly<Record<string, number>>, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const keys = new Map(Object.entries(places));
    if (this.#fits(keys)) this.#take(keys);
    else await this.#wait(keys, signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave(keys);
    };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many wait for a place of this key, among others. */
  waitingFor(key: string): number {
    let count = 0;
    for (const { keys } of this.#waiting) if (keys.has(key)) count++;
    return count;
  }

  #wait(keys: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        keys,
        asker: [...keys.keys()][0] ?? '',
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #leave(keys: ReadonlyMap<string, number>): void {
    for (const key of keys.keys()) {
      const rest = (this.#taken.get(key) ?? 1) - 1;
      if (rest > 0) this.#taken.set(key, rest);
      else this.#taken.delete(key);
    }
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#take(next.keys);
      next.enter();
    }
  }

  /** One that still does not fit holds nobody else up. */
  #next(): Waiter | undefined {
    let next: Waiter | undefined;
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.keys)) continue;
      if (!next || this.#placesOf(waiter.asker) < this.#placesOf(next.asker)) next = waiter;
    }
    return next;
  }

  #fits(keys: ReadonlyMap<string, number>): boolean {
    for (const [key, places] of keys) if (this.#placesOf(key) >= places) return false;
    return true;
  }

  #take(keys: ReadonlyMap<string, number>): void {
    for (const key of keys.keys()) this.#taken.set(key, this.#placesOf(key) + 1);
  }

  #placesOf(key: string): number {
    return this.#taken.get(key) ?? 0;
  }
}
