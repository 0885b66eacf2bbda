import { headersOf, type WebhookScheme } from './provider.ts';

/** Headers as they came over the wire: name and value in turn, as Node's `rawHeaders`. */
export type RawHeaders = readonly string[];

/** All values of a header, in whatever case it is written. */
export function valuesOf(headers: RawHeaders, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === wanted) values.push(headers[index + 1] ?? '');
  }
  return values;
}

/** The value of a header; undefined also when it is empty. */
export function valueOf(headers: RawHeaders, name: string): string | undefined {
  return valuesOf(headers, name)[0] || undefined;
}

const credentialPattern = /auth|cookie|token|secret|passw|api-?key|credential|session/i;

/**
 * The headers as they may be kept: the values of those that hold a credential, or look as if they did, are
 * blanked out. Those that the scheme reads stay, so that a kept request can be verified again.
 */
export function withoutCredentials(headers: RawHeaders, scheme: WebhookScheme): string[] {
  const needed = new Set(headersOf(scheme).map((name) => name.toLowerCase()));
  const secret = new Set(scheme.secretHeaders?.map((name) => name.toLowerCase()));
  const isSecret = (name: string): boolean =>
    secret.has(name) || (credentialPattern.test(name) && !needed.has(name));
  return headers.map((text, index) =>
    index % 2 === 1 && isSecret((headers[index - 1] ?? '').toLowerCase()) ? '[redacted]' : text,
  );
}
