import { egressError } from './guarded-fetch-failure.ts';
import type { ResponseHead } from './guarded-fetch-exchange.ts';
import { checkUrl, type EgressPolicy } from './net-guard.ts';

/** One request of the chain that redirects make of it. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The client sets these, and it alone: another `host` would get past the check of the URL. */
const ownHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'upgrade',
]);

/** Headers that cannot carry a credential: all that a redirect takes along to another origin. */
const harmlessHeaders = new Set(['accept', 'accept-language', 'content-type', 'range', 'user-agent']);

/** @throws AppError `invalid_request` for a header that only the client itself may set. */
export function firstHop(
  { method, headers = {}, body }: Omit<Hop, 'url' | 'headers'> & Partial<Pick<Hop, 'headers'>>,
  url: URL,
): Hop {
  const forbidden = Object.keys(headers).find((name) => ownHeaders.has(name.toLowerCase()));
  if (forbidden !== undefined) {
    throw egressError(
      'refused',
      'invalid_request',
      `The header ${forbidden.toLowerCase()} is set by the client itself. Leave it out.`,
    );
  }
  return { url, method, headers, ...(body === undefined ? {} : { body }) };
}

/** Where a response sends the caller; undefined when it is no redirect. */
export function redirectTarget({
  status,
  headers,
}: Pick<ResponseHead, 'status' | 'headers'>): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined;
}

/**
 * The next request of a chain, with the method and body that HTTP prescribes, and without credentials when
 * it goes to another origin.
 * @throws AppError as `checkUrl` does.
 */
export function followRedirect(hop: Hop, status: number, location: string, policy: EgressPolicy): Hop {
  const url = checkUrl(resolveLocation(location, hop.url), policy);
  const sameOrigin = url.origin === hop.url.origin;
  const becomesGet = (status === 303 && hop.method !== 'HEAD') || (status <= 302 && hop.method === 'POST');
  const kept = Object.entries(hop.headers).filter(([name]) => {
    const lower = name.toLowerCase();
    return (sameOrigin || harmlessHeaders.has(lower)) && !(becomesGet && lower.startsWith('content-'));
  });
  return {
    url,
    method: becomesGet ? 'GET' : hop.method,
    headers: Object.fromEntries(kept),
    ...(hop.body === undefined || becomesGet ? {} : { body: hop.body }),
  };
}

/** As text, so that `checkUrl` sees how a new host is spelt. */
function resolveLocation(location: string, base: URL): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  if (location.startsWith('//')) return `${base.protocol}${location}`;
  return URL.parse(location, base.href)?.href ?? '';
}
