import { fieldsOf } from '../untrusted.ts';

/** What the headers of an answer say of its limit. https://docs.discord.com/developers/topics/rate-limits#header-format */
export interface RateFacts {
  readonly bucket?: string;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAfterMs: number;
  /** The end of the window by the platform's clock, in ms: only good to tell one window from the next. */
  readonly windowEnd?: number;
}

/** What a 429 says. */
export interface RateWait {
  /** Undefined when it does not say. */
  readonly afterMs?: number;
  readonly scope: 'user' | 'global' | 'shared';
  /** The limit is of the request itself and not of its bucket, which has room left. */
  readonly sublimit: boolean;
}

type Headers = Readonly<Record<string, string>>;

/** Nobody asks for more in earnest, and timers and sums stay exact. */
const waitMsMax = 7 * 24 * 60 * 60 * 1_000;
/** Of a window whose end is not told. */
const defaultWindowMs = 1_000;
const bucketLengthMax = 128;

/** Undefined when the answer has no limit, or none that can be understood. */
export function readRateFacts(headers: Headers): RateFacts | undefined {
  const limit = numberIn(headers, 'x-ratelimit-limit');
  const remaining = numberIn(headers, 'x-ratelimit-remaining');
  if (limit === undefined || limit < 1 || remaining === undefined) return undefined;
  const resetAfter = numberIn(headers, 'x-ratelimit-reset-after');
  const reset = numberIn(headers, 'x-ratelimit-reset');
  const bucket = headers['x-ratelimit-bucket'];
  return {
    limit: Math.floor(limit),
    remaining: Math.min(Math.floor(remaining), Math.floor(limit)),
    resetAfterMs: secondsToMs(resetAfter) ?? defaultWindowMs,
    ...(reset === undefined ? {} : { windowEnd: Math.round(reset * 1_000) }),
    ...(bucket === undefined || bucket.length > bucketLengthMax ? {} : { bucket }),
  };
}

/**
 * The longest of what header and body ask for: they differ, and Discord documents to rely on `Retry-After`
 * and `retry_after`. Without a scope, headers of a limit or an error's code it comes from the proxy before the
 * API, which means everybody behind this address.
 */
export function readRateWait(headers: Headers, body: unknown): RateWait {
  const fields = fieldsOf(body) ?? {};
  const facts = readRateFacts(headers);
  const asked = [
    secondsToMs(numberIn(headers, 'retry-after')),
    secondsToMs(typeof fields.retry_after === 'number' ? fields.retry_after : undefined),
    facts?.resetAfterMs,
  ].filter((ms) => ms !== undefined);
  const scope = scopeOf(headers, fields, facts);
  return {
    scope,
    sublimit: scope === 'user' && facts !== undefined && facts.remaining > 0,
    ...(asked.length === 0 ? {} : { afterMs: Math.max(...asked) }),
  };
}

function scopeOf(
  headers: Headers,
  fields: Readonly<Record<string, unknown>>,
  facts: RateFacts | undefined,
): RateWait['scope'] {
  const scope = headers['x-ratelimit-scope'];
  if (scope === 'shared') return 'shared';
  const isGlobal = scope === 'global' || headers['x-ratelimit-global'] === 'true' || fields.global === true;
  if (isGlobal) return 'global';
  const hasCode = typeof fields.code === 'number' && fields.code !== 0;
  const isOfTheApi = scope === 'user' || facts !== undefined || fields.global === false || hasCode;
  return isOfTheApi ? 'user' : 'global';
}

export function secondsToMs(seconds: number | undefined): number | undefined {
  if (seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.min(Math.ceil(seconds * 1_000), waitMsMax);
}

export function numberIn(headers: Headers, name: string): number | undefined {
  const text = headers[name];
  return text !== undefined && /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}
