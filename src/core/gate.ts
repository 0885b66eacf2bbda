/** Lets at most so many pass at once, by key; the others wait in line. */
export class Gate {
  readonly #taken = new Map<string, number>();
  readonly #waiting: { readonly keys: ReadonlyMap<string, number>; readonly enter: () => void }[] = [];

  /**
   * Waits until every key has a free place of its number, takes one of each, and returns how to give them
   * back. Rejects with the signal's reason when it aborts before.
   */
  async enter(places: Readonly<Record<string, number>>, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const keys = new Map(Object.entries(places));
    if (!this.#fits(keys)) await this.#wait(keys, signal);
    else this.#take(keys);
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

  #wait(keys: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        keys,
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
    // In line order, but one that still does not fit holds nobody else up.
    for (let index = 0; index < this.#waiting.length; ) {
      const waiter = this.#waiting[index];
      if (!waiter || !this.#fits(waiter.keys)) {
        index++;
        continue;
      }
      this.#waiting.splice(index, 1);
      this.#take(waiter.keys);
      waiter.enter();
    }
  }

  #fits(keys: ReadonlyMap<string, number>): boolean {
    return [...keys].every(([key, places]) => (this.#taken.get(key) ?? 0) < places);
  }

  #take(keys: ReadonlyMap<string, number>): void {
    for (const key of keys.keys()) this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
  }
}
