import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { HashName } from './provider.ts';

/** What takes the place of `{id}`, `{timestamp}` and `{body}`. */
export interface SignedValues {
  readonly id?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly body: Uint8Array;
}

const placeholder = /\{(id|timestamp|body)\}/;

/** The template in turn: literal text, placeholder, literal text, … beginning and ending with a literal. */
function piecesOf(template: string): readonly string[] {
  return template.split(placeholder);
}

/** The literal text between the placeholders; none of it is empty. */
export function literalsOf(template: string): readonly string[] {
  return piecesOf(template).filter((piece, index) => index % 2 === 0 && piece !== '');
}

export function placeholdersOf(template: string): readonly string[] {
  return piecesOf(template).filter((_piece, index) => index % 2 === 1);
}

/** The bytes that are signed, in pieces, so that the body is not copied and never decoded. */
export function signedContent(
  template: string,
  { id = '', timestamp = '', body }: SignedValues,
): Uint8Array[] {
  return piecesOf(template).flatMap((piece, index) => {
    if (index % 2 === 0) return piece === '' ? [] : [utf8(piece)];
    return piece === 'body' ? [body] : [utf8(piece === 'id' ? id : timestamp)];
  });
}

/**
 * With the separators of the template inside, an id could be cut off at another place, and the same
 * signature would fit another id and another body.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function canBeSigned(id: string, template: string): boolean {
  return /^[\x21-\x7e]+$/.test(id) && !literalsOf(template).some((literal) => id.includes(literal));
}

export function macOf(hash: HashName, key: Uint8Array, content: readonly Uint8Array[]): Buffer {
  // Node 24 takes 10 µs longer for bytes than for a key object of them.
  const mac = createHmac(hash, createSecretKey(key));
  for (const piece of content) mac.update(piece);
  return mac.digest();
}

export function sha256Of(content: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of content) hash.update(piece);
  return hash.digest('hex');
}

const digestBytes: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32, sha512: 64 };

export function digestBytesOf(hash: HashName): number {
  return digestBytes[hash];
}

/** Looks at every candidate, whichever fits: the time it takes says nothing. All have the length of `mac`. */
export function includesMac(mac: Uint8Array, candidates: Iterable<Uint8Array>): boolean {
  let found = false;
  for (const candidate of candidates) found = timingSafeEqual(mac, candidate) || found;
  return found;
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
