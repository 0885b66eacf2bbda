import { inspect } from 'node:util';

/**
 * A secret value on its way from the vault to the one place that needs it. Printing it in any way shows
 * `[secret]`; only `reveal` gives the value, and its result must not be kept.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
