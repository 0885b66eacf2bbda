import { createHash } from 'node:crypto';
import { byteLength, limits } from '../domain/limits.ts';
import { type RawHeaders, valueOf } from './headers.ts';
import { nameAt, valueAt } from './payload.ts';
import { isIdSigned, type Pointer, type ValueSource, type WebhookScheme } from './provider.ts';

/** The event of a delivery that does not name one. */
export const unnamedEvent = 'unknown';

const eventPattern = /^[^\p{C}]{1,128}$/u;
const eventBytesMax = 128;

/** What has to be read to say what a verified request is. */
export interface VerifiedRequest {
  readonly scheme: WebhookScheme;
  readonly headers: RawHeaders;
  readonly payload: unknown;
}

export function eventOf({ scheme, headers, payload }: VerifiedRequest): string {
  const names = scheme.event.map((source) => read(source, headers, payload));
  return names.find((name) => name !== undefined && isEventName(name)) ?? unnamedEvent;
}

/** A name that can be shown, stored and compared as it is. */
export function isEventName(name: string): boolean {
  return eventPattern.test(name) && byteLength(name) <= eventBytesMax;
}

/** Unique to the named thing, and the same for all of its deliveries; undefined when each stands alone. */
export function laneOf({ scheme, payload }: VerifiedRequest): string | undefined {
  const steps = (scheme.lane ?? []).map((pointers) => firstName(payload, pointers));
  if (steps[0] === undefined) return undefined;
  const lane = steps.flatMap((step) => (step === undefined ? [] : [encodeURIComponent(step.toWellFormed())]));
  return fitted(lane.join('/'), limits.conversationBytesMax);
}

/** Unix ms; `fallback` when the payload does not say. */
export function occurredAtOf({ scheme, payload }: VerifiedRequest, fallback: number): number {
  if (!scheme.occurredAt) return fallback;
  const { body, unit } = scheme.occurredAt;
  const value = valueAt(payload, body);
  const at =
    unit === 'rfc3339' ? parseRfc3339(value) : Number.isSafeInteger(value) ? Number(value) : Number.NaN;
  const ms = unit === 's' ? at * 1_000 : at;
  return ms >= 0 && ms <= instantMax ? ms : fallback;
}

/** Both keys must be new for a delivery to be. */
export interface DedupeKeys {
  readonly dedupeKey: string;
  readonly contentKey?: string;
}

/**
 * By the provider's id where the signature covers it, so that a retry with a new timestamp is known again.
 * An id that anybody could change or drop is never enough: what was signed counts as well, so that a
 * captured request cannot come back under another id or none. `contentDigest` is asked for only if needed.
 */
export function dedupeKeysOf(request: VerifiedRequest, contentDigest: () => string): DedupeKeys {
  const { scheme, headers, payload } = request;
  const id = scheme.id && read(scheme.id, headers, payload);
  if (id !== undefined && (isIdSigned(scheme) || scheme.trustUnsignedId === true))
    return { dedupeKey: idKey(id) };
  const contentKey = `sha256:${contentDigest()}`;
  if (!scheme.id || isIdSigned(scheme)) return { dedupeKey: contentKey };
  return { dedupeKey: id === undefined ? contentKey : idKey(id), contentKey };
}

/** What would not fit or could not be stored as text is hashed, under a prefix that no plain id can have. */
function idKey(id: string): string {
  const key = `id:${id}`;
  const isPlain = /^[\x20-\x7e]+$/.test(id) && key.length <= limits.dedupeKeyBytesMax;
  return isPlain ? key : `id-sha256:${createHash('sha256').update(Buffer.from(id, 'utf16le')).digest('hex')}`;
}

function read(source: ValueSource, headers: RawHeaders, payload: unknown): string | undefined {
  return 'header' in source ? valueOf(headers, source.header) : nameAt(payload, source.body);
}

function firstName(payload: unknown, pointers: readonly Pointer[]): string | undefined {
  for (const pointer of pointers) {
    const name = nameAt(payload, pointer);
    if (name !== undefined) return name;
  }
  return undefined;
}

function fitted(text: string, bytesMax: number): string {
  return text.length <= bytesMax ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** The last instant that JavaScript's dates reach. */
const instantMax = 8.64e15;
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

function parseRfc3339(value: unknown): number {
  return typeof value === 'string' && rfc3339.test(value) ? Date.parse(value) : Number.NaN;
}
