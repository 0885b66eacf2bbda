import type { Pointer } from './provider.ts';

const formBytesMax = 1024 * 1024;
const formPattern = /^[A-Za-z0-9*._+%~-]+=[\x21-\x7e]*$/;

/**
 * What a body says: JSON, or a form as an object of its fields; a form that carries JSON in `payload`
 * stands for that JSON. Undefined when it is neither, or not UTF-8. Only the bytes decide: if a header did,
 * which nobody signs, changing it would change the id by which a delivery is recognised.
 */
export function readPayload(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  if (text === undefined) return undefined;
  const json = parseJson(text);
  if (json !== undefined) return json;
  if (text.length > formBytesMax || !formPattern.test(text)) return undefined;
  const fields = Object.fromEntries([...new URLSearchParams(text)].reverse());
  const carried = Object.hasOwn(fields, 'payload') ? parseJson(fields.payload ?? '') : undefined;
  return carried ?? fields;
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const arrayIndex = /^(?:0|[1-9][0-9]{0,9})$/;

/** The value at a pointer, by own properties and array items only. Undefined when there is none. */
export function valueAt(payload: unknown, pointer: Pointer): unknown {
  let value = payload;
  for (const token of tokensOf(pointer)) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) ? !arrayIndex.test(token) : !Object.hasOwn(value, token)) return undefined;
    value = (value as Record<string, unknown>)[token];
  }
  return value;
}

/**
 * A value that can name something: a text that is not empty, or a whole number. A number beyond 2^53 is
 * not taken: reading has already rounded it, and two ids would become one.
 */
export function nameAt(payload: unknown, pointer: Pointer): string | undefined {
  const value = valueAt(payload, pointer);
  if (typeof value === 'string') return value || undefined;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

export function tokensOf(pointer: Pointer): readonly string[] {
  const tokens = pointer.slice(1).split('/');
  if (!pointer.includes('~')) return tokens;
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A copy of `payload` in which `value` stands at the pointer, within new objects where there are none. */
export function withValue(payload: object, pointer: Pointer, value: unknown): object {
  const put = (target: unknown, [token, ...rest]: readonly string[]): unknown => {
    if (token === undefined) return value;
    const own = typeof target === 'object' && target !== null ? (target as Record<string, unknown>) : {};
    return { ...own, [token]: put(Object.hasOwn(own, token) ? own[token] : undefined, rest) };
  };
  return put(payload, tokensOf(pointer)) as object;
}
