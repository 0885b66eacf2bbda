import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { limits } from '../../domain/limits.ts';
import type { CapturedRequest, WebhookReceiver } from '../../core/webhook-receiver.ts';
import type { IntegrationId } from '../../domain/ids.ts';
import type { IntegrationRecord } from '../../domain/webhook.ts';
import type { AddressMatcher } from '../../lib/address-blocks.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Histogram } from '../../lib/metrics.ts';
import { answerOf, type IngressAnswer, problem } from './answer.ts';
import { BodyBudget, declaredLength, discardBody, readBody } from './read-body.ts';
import { remoteAddressOf } from './remote-address.ts';

export interface IngressDeps {
  /** The integration with this id and address token; undefined for a wrong token as for a wrong id, in the same time. */
  readonly findIntegration: (id: IntegrationId, token: string) => IntegrationRecord | undefined;
  readonly receiver: WebhookReceiver;
  readonly isTrustedProxy: AddressMatcher;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: {
    readonly headersTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly bodiesBytesMax: number;
    readonly connectionsMax: number;
  };
  readonly acknowledgedIn: Histogram;
}

/** What Node's parser gives up on, before there is a request to answer. */
const statusOfClientError = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

const hookPath = /^\/hooks\/([a-z0-9][a-z0-9._-]{0,63})\/([A-Za-z0-9_-]{20,100})(?:\?[^#]*)?$/;

/** The public listener. Bare `node:http`: exact bytes, the raw header list and hard limits are its whole job. */
export function createIngressServer(deps: IngressDeps): Server {
  const { settings, log } = deps;
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
    handle(request, response, deps, budget).catch((error: unknown) => {
      log.error('ingress.failed', { error });
      if (!response.headersSent) answer(response, problem(500, 'internal', 'Unexpected error.'));
      else response.destroy();
    });
  };
  server.on('request', onRequest);
  // The limits are checked before the sender is told to go on.
  server.on('checkContinue', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = statusOfClientError.get(error.code ?? '') ?? '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return server;
}

async function handle(request: IncomingMessage, response: ServerResponse, deps: IngressDeps, budget: BodyBudget): Promise<void> {
  const startedAt = deps.clock.monotonic();
  const receivedAt = deps.clock.now();
  if (request.url === '/healthz') return answer(response, { status: 200, contentType: 'text/plain', body: 'ok\n' });
  const [, id = '', token = ''] = hookPath.exec(request.url ?? '') ?? [];
  const integration = deps.findIntegration(id as IntegrationId, token);
  if (!integration) return refuse(request, response, problem(404, 'not_found', 'There is nothing at this address.'), deps.clock);
  const refusal = refuseByHeaders(request);
  if (refusal) return refuse(request, response, refusal, deps.clock);
  if (request.headers.expect !== undefined && declaredLength(request) <= integration.payloadBytesMax) response.writeContinue();
  const body = await readBody(request, integration.payloadBytesMax, budget);
  if (body.kind === 'aborted') return;
  if (body.kind === 'no_room') {
    return refuse(request, response, problem(503, 'unavailable', 'Too many large requests at once.'), deps.clock);
  }
  const captured: CapturedRequest = {
    receivedAt,
    remoteAddress: remoteAddressOf(request.socket.remoteAddress ?? '', forwardedFor(request), deps.isTrustedProxy),
    headers: request.rawHeaders,
    body: body.kind === 'body' ? body.bytes : new Uint8Array(),
    tooLarge: body.kind === 'too_large',
  };
  try {
    const reply = answerOf(await deps.receiver.receive(integration, captured));
    if (captured.tooLarge) return await refuse(request, response, reply, deps.clock);
    answer(response, reply);
    if (reply.status < 300) deps.acknowledgedIn.observe((deps.clock.monotonic() - startedAt) / 1_000);
  } finally {
    if (body.kind === 'body') body.release();
  }
}

function forwardedFor(request: IncomingMessage): string | undefined {
  const header = request.headers['x-forwarded-for'];
  return Array.isArray(header) ? header.join(',') : header;
}

function refuseByHeaders(request: IncomingMessage): IngressAnswer | undefined {
  if (request.method !== 'POST') return problem(405, 'invalid_request', 'Only POST is answered here.');
  if (request.rawHeaders.length / 2 > limits.webhookHeadersMax) {
    return problem(431, 'too_large', `More than ${limits.webhookHeadersMax} headers.`);
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') return problem(415, 'unsupported', 'Send the body without Content-Encoding.');
  return undefined;
}

/** For what is refused before its body has been read: lets the sender finish, within bounds, then ends the connection. */
async function refuse(request: IncomingMessage, response: ServerResponse, reply: IngressAnswer, clock: Clock): Promise<void> {
  const waitsForLeave = request.headers.expect !== undefined;
  if (!waitsForLeave) await discardBody(request, clock);
  response.setHeader('connection', 'close');
  if (reply.status === 405) response.setHeader('allow', 'POST');
  answer(response, reply);
}

function answer(response: ServerResponse, reply: IngressAnswer): void {
  if (response.destroyed) return;
  if (reply.retryAfterSeconds !== undefined) response.setHeader('retry-after', reply.retryAfterSeconds);
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
    'x-content-type-options': 'nosniff',
  });
  response.end(reply.body);
}
