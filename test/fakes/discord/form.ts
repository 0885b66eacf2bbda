import { ApiError } from './api-error.ts';

export type Json = Readonly<Record<string, unknown>>;

/**
 * Collects what is wrong with a body, as the `errors` tree of code 50035. Paths are dotted: `embeds.0.title`.
 * `unit` is how Discord counts characters: by code point, since its API is written in Python
 * (github.com/discord/discord-api-docs/issues/1315).
 */
export class Form {
  readonly #errors: Record<string, unknown> = {};
  #isBad = false;

  fail(path: string, code: string, message: string): void {
    this.#isBad = true;
    let node = this.#errors;
    for (const key of path.split('.')) node = (node[key] ??= {}) as Record<string, unknown>;
    (node._errors ??= []) as unknown[];
    (node._errors as unknown[]).push({ code, message });
  }

  /** @throws ApiError 50035 when anything failed. */
  check(): void {
    if (this.#isBad) throw new ApiError(400, 50035, 'Invalid Form Body', { errors: this.#errors });
  }

  /** A text of `min` to `max` characters; '' when it is absent and may be. */
  text(path: string, value: unknown, min: number, max: number): string {
    if (value === undefined || value === null) {
      if (min > 0) this.fail(path, 'BASE_TYPE_REQUIRED', 'This field is required');
      return '';
    }
    if (typeof value !== 'string') {
      this.fail(path, 'STRING_TYPE_CONVERT', 'Could not interpret value as string.');
      return '';
    }
    const length = characters(value);
    if (length > max) this.fail(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
    if (length < min) this.fail(path, 'BASE_TYPE_BAD_LENGTH', `Must be between ${min} and ${max} in length.`);
    return value;
  }

  /** An array of at most `max`; [] when it is absent. */
  list(path: string, value: unknown, max: number): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.fail(path, 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType');
      return [];
    }
    if (value.length > max) this.fail(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
    return value as unknown[];
  }

  integer(path: string, value: unknown, min: number, max: number, otherwise: number): number {
    if (value === undefined || value === null) return otherwise;
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) {
      this.fail(path, 'NUMBER_TYPE_COERCE', `Value is not int.`);
      return otherwise;
    }
    if (number < min)
      this.fail(path, 'NUMBER_TYPE_MIN', `int value should be greater than or equal to ${min}.`);
    if (number > max) this.fail(path, 'NUMBER_TYPE_MAX', `int value should be less than or equal to ${max}.`);
    return number;
  }
}

/** As the API counts them. */
export function characters(text: string): number {
  let count = text.length;
  for (const _pair of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) count -= 1;
  return count;
}

/** The value as an object; {} when it is none. */
export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
