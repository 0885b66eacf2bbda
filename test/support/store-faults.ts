import type { Store } from '../../src/store/store.ts';

type Act = () => unknown;

/** What a test does to the calls of a store: holds them up, or lets them fail. Named `<part>.<method>`. */
export class StoreFaults {
  readonly #before = new Map<string, Act>();
  readonly #after = new Map<string, Act>();

  /** Done before each such call; what it throws, the call throws. */
  before(call: string, act: Act): void {
    this.#before.set(call, act);
  }

  /** Done when such a call has committed; what it throws, the call throws. */
  after(call: string, act: Act): void {
    this.#after.set(call, act);
  }

  mend(): void {
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
          await this.#before.get(call)?.();
          const answer = await method(...args);
          await this.#after.get(call)?.();
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
