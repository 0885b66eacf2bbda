import { decodeUtf8, parseJson } from './payload.ts';
import type { WebhookScheme } from './provider.ts';
import { includesMac, macOf, signedContent, type SignedValues } from './signed-content.ts';

/**
 * Bounds on a search that anybody can set off with a bad signature: at most so many bytes, levels and
 * secrets. Measured on one core at the bounds: under 5 ms for the worst body, 1 ms for a common one.
 */
const bodyBytesMax = 64 * 1024;
const depthMax = 24;
const keysMax = 3;

export interface Mismatch {
  readonly scheme: WebhookScheme;
  readonly keys: readonly Uint8Array[];
  readonly candidates: readonly Uint8Array[];
  readonly signed: SignedValues;
}

/**
 * Whether the signature would fit the same JSON as another encoder writes it. A diagnosis for the
 * operator, never a reason to accept: what was signed is not what came in.
 */
export function isReencoded({ scheme, keys, candidates, signed }: Mismatch): boolean {
  const { hash, content } = scheme.signature;
  for (const text of spellingsOf(signed.body)) {
    const pieces = signedContent(content, { ...signed, body: Buffer.from(text, 'utf8') });
    if (keys.slice(0, keysMax).some((key) => includesMac(macOf(hash, key, pieces), candidates))) return true;
  }
  return false;
}

function spellingsOf(body: Uint8Array): Iterable<string> {
  const text = body.length <= bodyBytesMax ? decodeUtf8(body) : undefined;
  const value = text === undefined ? undefined : parseJson(text);
  if (text === undefined || typeof value !== 'object' || value === null || depthOf(text) > depthMax)
    return [];
  const compact = JSON.stringify(value);
  const spaced = spaceOut(value);
  const spellings = new Set([
    compact,
    spaced,
    escapeNonAscii(compact),
    escapeNonAscii(spaced),
    escapeNonAscii(compact).replaceAll('/', String.raw`\/`),
    JSON.stringify(value, undefined, 2),
    text.trimEnd(),
    `${text}\n`,
  ]);
  spellings.delete(text);
  return spellings;
}

/** As Python's `json.dumps` does: a space after each comma and colon, and no new lines. */
function spaceOut(value: unknown): string {
  return JSON.stringify(value, undefined, 1).replace(/,\n */g, ', ').replace(/\n */g, '');
}

function escapeNonAscii(json: string): string {
  return json.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * How deep the brackets of valid JSON go. Indented, a deep text grows with the square of its length. Other
 * text than valid JSON could keep the pattern busy for minutes: a string without an end is tried at each quote.
 */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}
