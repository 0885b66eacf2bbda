import type { ClientRequestArgs } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { AppError } from '../domain/errors.ts';
import { type Clock, deadline } from './clock.ts';
import { egressError, type Progress, toFailure } from './guarded-fetch-failure.ts';
import { checkUrl, type EgressPolicy, guardLookup, type Lookup, systemLookup } from './net-guard.ts';
import type { Redactor } from './redact.ts';

export interface SocketRequest {
  /** `wss:`, or also `ws:` where the policy admits plain HTTP. */
  readonly url: string;
  readonly policy: EgressPolicy;
  /** Ends the opening. An open socket is ended by `close` or `terminate`. */
  readonly signal: AbortSignal;
  /** For all of the opening: the name, the connection, TLS and the handshake. */
  readonly timeoutMs: number;
  /** A longer message ends the socket with 1009. */
  readonly messageBytesMax: number;
}

export interface SocketEnd {
  /** The code of the other side; 1006 when it gave none, and 1002, 1007 or 1009 when we could not read it. */
  readonly code: number;
  /** The words of the other side: not to be trusted, and not to be relied upon. */
  readonly reason: string;
}

/** An open WebSocket. Pings are answered by themselves. */
export interface Socket {
  /** Does nothing once the socket is closing. */
  send(text: string): void;
  /** Nothing is handed on any more. Terminates when the other side does not close within two seconds. */
  close(code: number, reason?: string): void;
  terminate(): void;
  /** Stops reading. What has been read, up to one chunk of the network, is still handed on. */
  pause(): void;
  resume(): void;
  /** Never rejects. While reading is paused, that the other side closed may go unnoticed. */
  readonly closed: Promise<SocketEnd>;
  /** To be called once. Nothing is read before, so the first message is not missed. */
  onMessage(listener: (data: Buffer, isBinary: boolean) => void): void;
}

/**
 * Opens a WebSocket under the same guard as `GuardedFetch`: the address that is checked is the one that is
 * connected to, and no redirect is followed.
 *
 * @throws AppError as `GuardedFetch` does, with `egressFailureOf`: `refused` or `not_sent`. Messages name the
 *   host and nothing else of the URL.
 */
export type ConnectSocket = (request: SocketRequest) => Promise<Socket>;

export interface ConnectSocketDeps {
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly lookup?: Lookup;
}

export function createConnectSocket({
  redactor,
  clock,
  lookup = systemLookup,
}: ConnectSocketDeps): ConnectSocket {
  return async ({ url: text, policy, signal, timeoutMs, messageBytesMax }) => {
    const progress: Progress = { host: '', sent: false };
    const timeout = deadline(
      clock,
      timeoutMs,
      () => new AppError('timeout', `${progress.host} opened no socket within ${timeoutMs} ms.`),
      signal,
    );
    try {
      const url = checkSocketUrl(text, policy);
      progress.host = url.host;
      timeout.signal.throwIfAborted();
      const options: ClientOptions & ClientRequestArgs = {
        followRedirects: false,
        perMessageDeflate: false,
        maxPayload: messageBytesMax,
        lookup: guardLookup(lookup, policy.allowPrivate),
      };
      const ws = new WebSocket(url, options);
      // Made first, so that it sees an end that comes on the heels of the opening.
      const socket = new OpenSocket(ws, clock, redactor);
      await opened(ws, progress.host, timeout.signal);
      return socket;
    } catch (thrown) {
      throw toFailure(thrown, progress, timeout.signal, redactor);
    } finally {
      timeout.clear();
    }
  };
}

/**
 * Judges the URL of a socket as `checkUrl` does that of a request.
 * @throws AppError `invalid_request` when it is malformed, `forbidden` when the policy does not admit it.
 */
export function checkSocketUrl(text: string, policy: EgressPolicy): URL {
  const [, secure] = /^ws(s?):\/\//i.exec(text) ?? [];
  if (secure === undefined)
    throw egressError('refused', 'invalid_request', 'The URL of a socket begins with wss://.');
  if (secure === '' && !policy.allowHttp)
    throw egressError('refused', 'forbidden', 'Only wss is allowed for a socket.');
  const url = checkUrl(text.replace(/^ws/i, 'http'), policy);
  url.hash = '';
  return url;
}

async function opened(ws: WebSocket, host: string, signal: AbortSignal): Promise<void> {
  const stop = (): void => ws.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      ws.on('error', reject);
      ws.on('unexpected-response', (_request, { statusCode = 0 }) => {
        reject(
          egressError('not_sent', 'unavailable', `${host} answered ${statusCode} and did not open a socket.`),
        );
        ws.terminate();
      });
      ws.on('open', () => {
        // Until there is somebody to hand a message to.
        ws.pause();
        resolve();
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const closeMsMax = 2_000;

class OpenSocket implements Socket {
  readonly closed: Promise<SocketEnd>;
  readonly #ws: WebSocket;
  readonly #clock: Clock;
  #closing = false;
  #paused = false;
  #listening = false;
  #cancelTermination: (() => void) | undefined;

  constructor(ws: WebSocket, clock: Clock, redactor: Redactor) {
    this.#ws = ws;
    this.#clock = clock;
    let unreadable: SocketEnd | undefined;
    // An error without a listener would end the process.
    ws.on('error', (error) => {
      unreadable ??= endOfError(error);
      if (unreadable) this.#end();
    });
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => {
        this.#closing = true;
        this.#cancelTermination?.();
        resolve(unreadable ?? { code, reason: redactor.redact(reason.toString('utf8')) });
      });
    });
  }

  send(text: string): void {
    if (!this.#closing) this.#ws.send(text);
  }

  close(code: number, reason?: string): void {
    if (this.#closing) return;
    this.#ws.close(code, reason);
    this.#end();
  }

  terminate(): void {
    this.#closing = true;
    this.#ws.terminate();
  }

  pause(): void {
    this.#paused = true;
    if (!this.#closing) this.#ws.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#listening) this.#ws.resume();
  }

  onMessage(listener: (data: Buffer, isBinary: boolean) => void): void {
    this.#ws.on('message', (data, isBinary) => {
      // With its default binaryType, ws hands on nothing but Buffers.
      if (!this.#closing) listener(data as Buffer, isBinary);
    });
    this.#listening = true;
    if (!this.#paused) this.#ws.resume();
  }

  /** The closing of the other side has to be read, but does not have to come. */
  #end(): void {
    this.#closing = true;
    this.#ws.resume();
    this.#cancelTermination ??= this.#clock.after(closeMsMax, () => this.#ws.terminate());
  }
}

/** What the `ws` package could not read, as the code that it answers with. */
function endOfError(error: Error): SocketEnd | undefined {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return { code: 1009, reason: 'A message was over the size limit.' };
  if (code === 'WS_ERR_INVALID_UTF8') return { code: 1007, reason: 'A message was not UTF-8.' };
  if (typeof code === 'string' && code.startsWith('WS_ERR_'))
    return { code: 1002, reason: 'A frame broke the rules of the protocol.' };
  return undefined;
}
