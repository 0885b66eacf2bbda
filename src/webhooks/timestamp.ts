import type { ReasonCode } from '../domain/reasons.ts';

/**
 * Digits and nothing else: `parseInt` takes `123junk` for 123, `Number` takes ` 1e9`, `0x1` and the empty
 * text. The lengths reach past the year 9999 and keep every result a safe integer.
 */
const grammar = { s: /^(?:0|[1-9][0-9]{0,11})$/, ms: /^(?:0|[1-9][0-9]{0,14})$/ };
const unitMs = { s: 1_000, ms: 1 };

/** Unix ms, or undefined when the text is not a plain whole number. */
export function parseTimestamp(text: string, unit: 's' | 'ms'): number | undefined {
  return grammar[unit].test(text) ? Number(text) * unitMs[unit] : undefined;
}

export function formatTimestamp(at: number, unit: 's' | 'ms'): string {
  return String(Math.floor(at / unitMs[unit]));
}

/** `skewMs` is the sender's clock minus ours. What is not a number is outside of every window. */
export function windowFault(
  skewMs: number,
  toleranceMs: number,
): Extract<ReasonCode, 'timestamp_too_old' | 'timestamp_in_future'> | undefined {
  if (Math.abs(skewMs) <= toleranceMs) return undefined;
  return skewMs > 0 ? 'timestamp_in_future' : 'timestamp_too_old';
}
