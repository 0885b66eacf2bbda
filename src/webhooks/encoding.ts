import type { Encoding, SecretForm } from './provider.ts';

const alphabets: Readonly<Record<Encoding, RegExp>> = {
  hex: /^(?:[0-9a-f]{2})*$/i,
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  base64url: /^[A-Za-z0-9_-]*={0,2}$/,
};

/**
 * Decodes what an encoder could have written, and nothing else: Node's own decoders skip characters they
 * do not know and stop at the first that does not fit. Hex in either case; base64url with its padding or
 * without any.
 */
export function decodeStrict(text: string, encoding: Encoding): Buffer | undefined {
  if (!alphabets[encoding].test(text)) return undefined;
  const bytes = Buffer.from(text, encoding);
  return spellings(bytes, encoding).includes(encoding === 'hex' ? text.toLowerCase() : text)
    ? bytes
    : undefined;
}

function spellings(bytes: Buffer, encoding: Encoding): readonly string[] {
  const text = bytes.toString(encoding);
  return encoding === 'base64url' ? [text, text.padEnd(Math.ceil(text.length / 4) * 4, '=')] : [text];
}

const whsec = 'whsec_';

/** The key that a secret stands for. Undefined when it cannot be one: empty, or not encoded as it should. */
export function decodeSecret(text: string, form: SecretForm): Buffer | undefined {
  const key = form === 'text' ? Buffer.from(text, 'utf8') : decodeStrict(...encoded(text, form));
  return key === undefined || key.length === 0 ? undefined : key;
}

export function encodeSecret(key: Uint8Array, form: Exclude<SecretForm, 'text'>): string {
  const bytes = Buffer.from(key);
  return form === 'whsec' ? `${whsec}${bytes.toString('base64')}` : bytes.toString(form);
}

function encoded(text: string, form: Exclude<SecretForm, 'text'>): [string, Encoding] {
  if (form !== 'whsec') return [text, form];
  return [text.startsWith(whsec) ? text.slice(whsec.length) : text, 'base64'];
}
