import { strict as assert } from 'node:assert';
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import { AppError } from '../domain/errors.ts';
import { type Clock, deadline, rejectOnAbort } from './clock.ts';
import { Exchange, type ResponseHead } from './guarded-fetch-exchange.ts';
import { egressError, type Progress, toFailure } from './guarded-fetch-failure.ts';
import { firstHop, followRedirect, type Hop, redirectTarget } from './guarded-fetch-redirect.ts';
import { checkUrl, type EgressPolicy, guardLookup, type Lookup, systemLookup } from './net-guard.ts';
import type { Redactor } from './redact.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface GuardedRequest {
  readonly url: string;
  readonly method: HttpMethod;
  /** Without those that the client itself sets: `host`, `content-length`, `connection`, `accept-encoding`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly policy: EgressPolicy;
  readonly signal?: AbortSignal;
  /** For all of it: the name, the connection, every redirect, and reading the body. */
  readonly timeoutMs: number;
  /** As they come over the wire: nothing is decompressed. */
  readonly responseBytesMax: number;
  /** Default 0: a redirect is then the answer, and the caller's to judge. */
  readonly redirectsMax?: number;
}

/** Read the body or discard it: until then it holds its connection, at the longest until the time is up. */
export interface GuardedResponse {
  readonly status: number;
  /** Names in lower case; values of one name joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Can be read once. Throws as `GuardedFetch` does, and `too_large` beyond `responseBytesMax`. */
  readonly body: AsyncIterable<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  /** The body as UTF-8; what is not becomes U+FFFD. */
  text(): Promise<string>;
  discard(): void;
}

/**
 * The one way out of the daemon. The address that is checked is the one that is connected to, every
 * redirect is checked like a new request, and nothing is ever sent twice on the caller's behalf.
 *
 * @throws AppError whose `egressFailureOf` says how far the request had come. `forbidden` or
 *   `invalid_request` when the guard refuses it, `timeout`, `unavailable`, `too_large`; when `signal` aborts
 *   with an AppError, its code. Messages name the host and nothing else of the URL.
 */
export type GuardedFetch = (request: GuardedRequest) => Promise<GuardedResponse>;

export interface GuardedFetchDeps {
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly lookup?: Lookup;
}

/** `close` ends every connection; what is under way fails. */
export function createGuardedFetch({
  redactor,
  clock,
  lookup = systemLookup,
}: GuardedFetchDeps): GuardedFetch & { close(): Promise<void> } {
  // Apart, so that a connection which one policy admits is never lent to a request of a stricter one.
  const anywhere = createPool(lookup, true);
  const publicOnly = createPool(lookup, false);
  const guardedFetch: GuardedFetch = (request) =>
    runRequest(request, { pool: request.policy.allowPrivate ? anywhere : publicOnly, redactor, clock });
  return Object.assign(guardedFetch, {
    close: async () => {
      await Promise.all([anywhere.destroy(), publicOnly.destroy()]);
    },
  });
}

const connectMsMax = 10_000;
const keepAliveMs = 4_000;
const keepAliveMsMax = 30_000;
const connectionsPerOriginMax = 256;

function createPool(lookup: Lookup, allowPrivate: boolean): Agent {
  return new Agent({
    connect: { lookup: guardLookup(lookup, allowPrivate), timeout: connectMsMax },
    connections: connectionsPerOriginMax,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMsMax,
    // Ours runs on the clock and covers the whole request.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

interface Run {
  readonly pool: Agent;
  readonly redactor: Redactor;
  readonly clock: Clock;
}

async function runRequest(request: GuardedRequest, { pool, redactor, clock }: Run): Promise<GuardedResponse> {
  const { policy, signal, timeoutMs, redirectsMax = 0 } = request;
  const progress: Progress = { host: '', sent: false };
  const timeout = deadline(
    clock,
    timeoutMs,
    () => new AppError('timeout', `${progress.host} gave no complete answer within ${timeoutMs} ms.`),
    ...(signal ? [signal] : []),
  );
  const fail = (thrown: unknown): AppError => toFailure(thrown, progress, timeout.signal, redactor);
  try {
    let hop = firstHop(request, checkUrl(request.url, policy));
    for (let redirects = 0; ; redirects++) {
      const head = await send(hop, pool, progress, timeout.signal);
      const target = redirectsMax > 0 ? redirectTarget(head) : undefined;
      if (target === undefined) {
        head.body.once('close', timeout.clear);
        return toResponse(head, request.responseBytesMax, progress.host, fail);
      }
      drain(head.body);
      if (redirects === redirectsMax) {
        throw egressError(
          'refused',
          'forbidden',
          `${progress.host} redirected more than ${redirectsMax} times.`,
        );
      }
      hop = followRedirect(hop, head.status, target, policy);
    }
  } catch (thrown) {
    timeout.clear();
    throw fail(thrown);
  }
}

async function send(hop: Hop, pool: Agent, progress: Progress, signal: AbortSignal): Promise<ResponseHead> {
  const { url, method, headers, body } = hop;
  progress.host = url.host;
  signal.throwIfAborted();
  const exchange = new Exchange(signal);
  try {
    pool.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers, body: body ?? null },
      exchange,
    );
    return await rejectOnAbort(exchange.head, signal);
  } finally {
    progress.sent ||= exchange.sent;
  }
}

function toResponse(
  head: ResponseHead,
  bytesMax: number,
  host: string,
  fail: (thrown: unknown) => AppError,
): GuardedResponse {
  let taken = false;
  async function* read(): AsyncGenerator<Buffer> {
    assert(!taken, 'The body of a response can be read once.');
    taken = true;
    let size = 0;
    try {
      for await (const chunk of head.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > bytesMax)
          throw egressError('answer_lost', 'too_large', `The answer of ${host} is over ${bytesMax} bytes.`);
        yield chunk;
      }
    } catch (thrown) {
      throw fail(thrown);
    }
  }
  const bytes = async (): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of read()) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return {
    status: head.status,
    headers: head.headers,
    body: { [Symbol.asyncIterator]: read },
    bytes,
    text: async () => new TextDecoder().decode(await bytes()),
    discard: () => drain(head.body),
  };
}

const drainedBytesMax = 64 * 1024;

/** Reads what is left if it is short, which frees the connection for the next request; else gives up the connection. */
function drain(body: Readable): void {
  let left = drainedBytesMax;
  body.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) body.destroy();
  });
}
