/** Lets a test wait for what it expects, without looking at the clock. */
export class Activity {
  readonly #waiting = new Set<() => void>();

  /** Something changed: whoever waits looks again. */
  readonly changed = (): void => {
    for (const look of this.#waiting) look();
  };

  /** Resolves as soon as `isMet`, which is asked again at every change. @throws after `ms`, naming `what`. */
  until(isMet: () => boolean, what: string, ms: number): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`In ${ms} ms it did not come to this: ${what}.`));
      }, ms);
      const look = (): void => {
        if (!isMet()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}
