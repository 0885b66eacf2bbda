import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '../../domain/limits.ts';
import type { Clock } from '../../lib/clock.ts';
import { problem } from './answer.ts';
import { type HandleDeps, handleRequest } from './handle-request.ts';
import { BodyBudget } from '../read-body.ts';
import { IngressReply } from './reply.ts';

export interface IngressDeps extends Omit<HandleDeps, 'budget'> {
  readonly settings: {
    readonly headersTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly bodiesBytesMax: number;
    readonly connectionsMax: number;
  };
}

/** What Node's parser gives up on, before there is a request to answer. */
const statusOfClientError = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** The public listener. Bare `node:http`: exact bytes, the raw header list and hard limits are its whole job. */
export function createIngressServer(deps: IngressDeps): Server {
  const { settings, log, clock } = deps;
  const budget = new BodyBudget(settings.bodiesBytesMax);
  const server = createServer({
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: limits.webhookHeaderBytesMax,
  });
  // Above a maximum Node drops headers without a word; so it has none, and the count is checked here.
  server.maxHeadersCount = 0;
  server.maxConnections = settings.connectionsMax;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const reply = new IngressReply(request, response, clock);
    handleRequest(request, reply, { ...deps, budget }).catch((error: unknown) => {
      log.error('ingress.failed', { error });
      reply.fail(problem(500, 'internal', 'Unexpected error.'));
    });
  };
  server.on('request', onRequest);
  // The limits are checked before the sender is told to go on.
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  // A sender that has said all may close its side and wait for the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = statusOfClientError.get(error.code ?? '') ?? '400 Bad Request';
    endBroken(socket, status, clock);
  });
  return server;
}

const lingerMs = 1_000;

/**
 * Answers what could not be read as a request, and ends the connection: at once for writing, soon for
 * good. A sender that never closes its side would keep its place, and what it has sent so far, for ever.
 */
function endBroken(socket: Duplex, status: string, clock: Clock): void {
  if (IngressReply.endAfter(socket) || !socket.writable) return;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const cancel = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', cancel);
}
