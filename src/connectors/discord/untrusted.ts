import type { Snowflake } from './api-types.ts';
import { isSnowflake } from './snowflake.ts';

/** A JSON object whose fields are still anything. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields that may be absent may also be given as undefined: `present` leaves them out. */
type Loose<T> = {
  readonly [Key in keyof T]: T extends Record<Key, T[Key]> ? T[Key] : T[Key] | undefined;
};

/** The same object without the fields that are undefined. */
export function present<T extends object>(fields: Loose<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** Undefined for null, for what is no text, and for the empty text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function idOf(value: unknown): Snowflake | undefined {
  return typeof value === 'string' && isSnowflake(value) ? value : undefined;
}

/** A whole number that is not negative. */
export function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** Reads the first `countMax` entries and leaves out what cannot be read. Empty when `value` is no list. */
export function listOf<T>(value: unknown, read: (entry: unknown) => T | undefined, countMax: number): T[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, countMax)
    .map(read)
    .filter((entry) => entry !== undefined);
}

/** As `listOf`, for a JSON object that is a map by id: reads its values. */
export function valuesOf<T>(value: unknown, read: (entry: unknown) => T | undefined, countMax: number): T[] {
  return listOf(Object.values(fieldsOf(value) ?? {}), read, countMax);
}
