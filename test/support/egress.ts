import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { AppError } from '../../src/domain/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type EgressFailure, egressFailureOf } from '../../src/lib/guarded-fetch-failure.ts';
import {
  createGuardedFetch,
  type GuardedFetchDeps,
  type GuardedRequest,
} from '../../src/lib/guarded-fetch.ts';
import { Redactor } from '../../src/lib/redact.ts';
import { openTcpServer, type TcpServer } from './tcp-server.ts';

type Close = () => unknown;

const closers: Close[] = [];
const ownClosers = new AsyncLocalStorage<Close[]>();

export function closeLater(close: Close): void {
  (ownClosers.getStore() ?? closers).push(close);
}

/** Closes what the test has opened, latest first. */
export async function closeAll(): Promise<void> {
  await closeEach(closers);
}

/** For tests that run beside others of their file: what one opens is closed when it ends, and nothing else. */
export function closing<Args extends readonly unknown[]>(
  test: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  return (...args) => {
    const own: Close[] = [];
    return ownClosers.run(own, async () => {
      try {
        await test(...args);
      } finally {
        await closeEach(own);
      }
    });
  };
}

async function closeEach(opened: Close[]): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
}

export async function openServer(
  answer: (socket: Socket, request: string, nth: number) => void,
  host?: string,
  port?: number,
): Promise<TcpServer> {
  const server = await openTcpServer(answer, host, port);
  closeLater(() => server.close());
  return server;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await openTcpServer(() => undefined);
  await server.close();
  return server.port;
}

export function client(deps: Partial<GuardedFetchDeps> = {}): ReturnType<typeof createGuardedFetch> {
  const guardedFetch = createGuardedFetch({ redactor: new Redactor(), clock: systemClock, ...deps });
  closeLater(() => guardedFetch.close());
  return guardedFetch;
}

export function request(url: string, given: Partial<GuardedRequest> = {}): GuardedRequest {
  return {
    url,
    method: 'GET',
    policy: { hosts: ['127.0.0.1', '::1', 'agent.test', '*.test'], allowPrivate: true, allowHttp: true },
    timeoutMs: 20_000,
    responseBytesMax: 1_000_000,
    ...given,
  };
}

export function ok(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

/** Until undici has taken a connection back, which it puts off for a round of the event loop. */
export async function idle(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise(setImmediate);
}

/** How far it had come, the code, and the error. Throws what is no AppError. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<[EgressFailure | undefined, string, AppError]> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw error as Error;
  return [egressFailureOf(error), error.code, error];
}

export async function closed(socket: Socket | undefined): Promise<void> {
  if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve));
}
