import { decodeStrict } from './encoding.ts';
import type { SignatureFormat, WebhookScheme } from './provider.ts';
import { digestBytesOf } from './signed-content.ts';

/** More than any rotation needs. */
const candidatesMax = 16;

export interface SignatureHeader {
  /** Those that have the length of the digest; what is no such signature is left out. */
  readonly candidates: readonly Uint8Array[];
  /** The values of the header's other fields, by name. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Undefined when no signature in it can be one of the scheme's, or there are too many to be meant well. */
export function parseSignatureHeader(
  value: string,
  { format, encoding, hash }: WebhookScheme['signature'],
): SignatureHeader | undefined {
  const { texts, fields } = format.kind === 'list' ? splitList(value, format) : splitFields(value, format);
  if (texts.length > candidatesMax) return undefined;
  const decoded = texts.map((text) => decodeStrict(text, encoding));
  const candidates = decoded.filter((bytes) => bytes?.length === digestBytesOf(hash)) as Uint8Array[];
  return candidates.length === 0 ? undefined : { candidates, fields };
}

interface Split {
  readonly texts: readonly string[];
  readonly fields: SignatureHeader['fields'];
}

function splitList(value: string, { prefix, separator }: Extract<SignatureFormat, { kind: 'list' }>): Split {
  const entries = separator === undefined ? [value] : value.split(separator).map(trimBlanks);
  const ours = entries.filter((entry) => entry.startsWith(prefix));
  return { texts: ours.map((entry) => entry.slice(prefix.length)), fields: new Map() };
}

function splitFields(value: string, format: Extract<SignatureFormat, { kind: 'fields' }>): Split {
  const fields = new Map<string, string[]>();
  for (const entry of value.split(format.separator).map(trimBlanks)) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, Math.max(equals, 0));
    const values = fields.get(name) ?? [];
    values.push(entry.slice(equals + 1));
    fields.set(name, values);
  }
  return { texts: fields.get(format.signature) ?? [], fields };
}

/** The header's text around `signature`, as the provider would write it. */
export function formatSignatureHeader(
  signature: string,
  format: SignatureFormat,
  timestamp?: { readonly field: string; readonly text: string },
): string {
  if (format.kind === 'list') return `${format.prefix}${signature}`;
  const fields = timestamp ? [`${timestamp.field}=${timestamp.text}`] : [];
  return [...fields, `${format.signature}=${signature}`].join(format.separator);
}

/** What HTTP allows between the items of a list. */
function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
