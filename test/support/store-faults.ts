import type { Store } from '../../src/store/store.ts';

type Act = (...args: readonly unknown[]) => unknown;

/** The calls of a store, named `<part>.<method>`, and what a test does to them: holds them up, or lets them fail. */
export class StoreFaults {
  /** Every call, in order. */
  readonly calls: string[] = [];
  readonly #before = new Map<string, Act>();
  readonly #after = new Map<string, Act>();
  #beforeAny: (call: string) => unknown = () => undefined;

  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  /** Done before each such call, with its arguments; what it throws, the call throws. */
  before(call: string, act: Act): void {
    this.#before.set(call, act);
  }

  /** Done before each call, whichever it is. */
  beforeAny(act: (call: string) => unknown): void {
    this.#beforeAny = act;
  }

  /** Done when such a call has committed; what it throws, the call throws. */
  after(call: string, act: Act): void {
    this.#after.set(call, act);
  }

  mend(): void {
    this.#beforeAny = () => undefined;
    this.#before.clear();
    this.#after.clear();
  }

  readonly wrap = (store: Store): Store =>
    Object.fromEntries(
      Object.entries(store).map(([name, part]: [string, unknown]) => [
        name,
        typeof part === 'object' && part !== null ? this.#wrapPart(name, part) : part,
      ]),
    ) as unknown as Store;

  #wrapPart(partName: string, part: object): object {
    return Object.fromEntries(
      Object.entries(part).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => [
        name,
        async (...args: unknown[]) => {
          const call = `${partName}.${name}`;
          this.calls.push(call);
          await this.#beforeAny(call);
          await this.#before.get(call)?.(...args);
          const answer = await method(...args);
          await this.#after.get(call)?.(...args);
          return answer;
        },
      ]),
    );
  }
}

/** Something that waits until it is let through. */
export function gate(): { readonly wait: () => Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { wait: () => promise, open: () => resolve(undefined) };
}
