import { decodeUtf8, parseJson } from './payload.ts';
import type { WebhookScheme } from './provider.ts';
import { includesMac, macOf, signedContent, type SignedValues } from './signed-content.ts';

/**
 * Bounds on a search that anybody who knows the address can set off with a bad signature. Measured on one
 * core: 0.3 ms for a common body of 1 KiB, 9 ms for the worst that we could think of.
 */
const bodyBytesMax = 64 * 1024;
const spellingLengthMax = 2 * bodyBytesMax;
const depthMax = 16;
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

function spellingsOf(body: Uint8Array): readonly string[] {
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
  return [...spellings].filter((spelling) => spelling.length <= spellingLengthMax);
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
 * text than valid JSON keeps the pattern busy for seconds: a string without an end is tried at each quote.
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
