import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

/** The key that wraps the data key of every secret. A `KeyObject`, so that printing it shows no bytes. */
export interface MasterKey {
  /** Sixteen hex digits, derived from the key one way: safe to show and to store. */
  readonly id: string;
  readonly key: KeyObject;
}

const keyBytes = 32;
const hexPattern = /^[0-9a-f]{64}$/i;
/** Both alphabets; 32 bytes are 43 digits and one sign of padding. */
const base64Pattern = /^[\w+/-]{43}=?$/;

/** What a key has to look like, as messages say it. */
export const masterKeyFormat = '32 random bytes as base64 or hex; "openssl rand -base64 32" makes one';

export function createMasterKey(): MasterKey {
  return toMasterKey(randomBytes(keyBytes));
}

/** Undefined when `text` is not 32 bytes in base64 or hex. White space around it does not count. */
export function parseMasterKey(text: string): MasterKey | undefined {
  const digits = text.trim();
  if (hexPattern.test(digits)) return toMasterKey(Buffer.from(digits, 'hex'));
  return base64Pattern.test(digits) ? toMasterKey(Buffer.from(digits, 'base64')) : undefined;
}

/** The key itself, as `parseMasterKey` reads it. */
export function formatMasterKey({ key }: MasterKey): string {
  return key.export().toString('base64');
}

/** The key itself in every spelling in which it might be printed: for the redactor. */
export function masterKeySpellings({ key }: MasterKey): readonly string[] {
  const bytes = key.export();
  const hex = bytes.toString('hex');
  return [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), hex, hex.toUpperCase()];
}

function toMasterKey(bytes: Buffer): MasterKey {
  const key = createSecretKey(bytes);
  const id = Buffer.from(hkdfSync('sha256', key, '', 'palyra/master-key-id/v1', 8)).toString('hex');
  return { id, key };
}
