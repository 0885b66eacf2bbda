import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { AppError } from '../domain/errors.ts';

/** Parses a whole number of at least `min`. */
export function wholeNumber(min = 1): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(value) || value < min)
      throw new InvalidArgumentError(`Write a whole number, ${min} or more.`);
    return value;
  };
}

const secondsMax = 7 * 24 * 3_600;

function seconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(value > 0 && value <= secondsMax))
    throw new InvalidArgumentError(`Write a number of seconds, up to ${secondsMax}.`);
  return Math.ceil(value * 1_000);
}

/** A time to wait, in milliseconds. */
export const timeoutOption = (description: string, defaultSeconds: number) =>
  new Option('--timeout <seconds>', description)
    .argParser(seconds)
    .default(defaultSeconds * 1_000, String(defaultSeconds));

/** Parses a number of hours or days, into milliseconds. */
export function spanOf(msPerUnit: number, min: 'zero' | 'more'): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * msPerUnit) : NaN;
    if (!Number.isSafeInteger(value) || (min === 'more' && value === 0))
      throw new InvalidArgumentError('Write a number.');
    return value;
  };
}

/** A flag that takes yes or no. */
export const yesNo = <Flags extends string>(flags: Flags, description: string) =>
  new Option(flags, description).choices(['yes', 'no'] as const);

/** @throws AppError `invalid_request`. The text is not shown: it may hold what is nobody's business. */
export function parseJsonObject(text: string, what: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the one message for everything that is no JSON object.
  }
  throw new AppError('invalid_request', `${what} is not a JSON object.`);
}
