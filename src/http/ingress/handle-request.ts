import type { IncomingMessage } from 'node:http';
import type { WebhookReceiver } from '../../core/webhook-receiver.ts';
import type { IntegrationId } from '../../domain/ids.ts';
import { limits } from '../../domain/limits.ts';
import type { IntegrationRecord } from '../../domain/webhook.ts';
import type { AddressMatcher } from '../../lib/address-blocks.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Histogram } from '../../lib/metrics.ts';
import { answerOf, type IngressAnswer, problem } from './answer.ts';
import { type BodyBudget, type BodyResult, declaredLength, readBody } from '../read-body.ts';
import { remoteAddressOf } from './remote-address.ts';
import { asksForLeave, type IngressReply } from './reply.ts';

export interface HandleDeps {
  /** The integration with this id and address token; undefined for a wrong token as for a wrong id, in the same time. */
  readonly findIntegration: (id: IntegrationId, token: string) => IntegrationRecord | undefined;
  readonly receiver: Pick<WebhookReceiver, 'receive'>;
  readonly isTrustedProxy: AddressMatcher;
  readonly budget: BodyBudget;
  readonly clock: Clock;
  readonly log: Logger;
  readonly acknowledgedIn: Histogram;
}

/** What proxies put before the path. Whose name stands there makes no difference, nor does the header Host. */
const origin = /^https?:\/\/[^/?#]+/i;
/** A query is let pass and never looked at: some senders add their own to any address. */
const hookPath = /^\/hooks\/([a-z0-9][a-z0-9._-]{0,63})\/([A-Za-z0-9_-]{20,100})(?:\?|$)/;

const nothingHere = problem(404, 'not_found', 'There is nothing at this address.');
const noRoom = problem(503, 'unavailable', 'Too many large requests at once.');

/** Takes one request from its headers to its answer. */
export async function handleRequest(
  request: IncomingMessage,
  reply: IngressReply,
  deps: HandleDeps,
): Promise<void> {
  const startedAt = deps.clock.monotonic();
  const receivedAt = deps.clock.now();
  const target = (request.url ?? '').replace(origin, '');
  if (target === '/healthz') return answerHealth(request, reply);
  const [, id = '', token = ''] = hookPath.exec(target) ?? [];
  const integration = deps.findIntegration(id as IntegrationId, token);
  if (!integration) return reply.refuse(nothingHere);
  const refusal = refuseByHeaders(request);
  if (refusal) return reply.refuse(refusal);
  if (declaredLength(request) <= integration.payloadBytesMax) reply.letWrite();
  const body = await readBody(request, integration.payloadBytesMax, deps.budget);
  if (body.kind === 'aborted') return;
  if (body.kind === 'no_room') return reply.refuse(noRoom);
  try {
    const answer = await judge(request, integration, body, receivedAt, deps);
    if (body.kind === 'too_large') await reply.refuse(answer);
    else reply.answer(answer);
    if (answer.status < 300) deps.acknowledgedIn.observe((deps.clock.monotonic() - startedAt) / 1_000);
  } finally {
    if (body.kind === 'body') body.release();
  }
}

async function judge(
  request: IncomingMessage,
  integration: IntegrationRecord,
  body: Extract<BodyResult, { kind: 'body' | 'too_large' }>,
  receivedAt: number,
  { receiver, isTrustedProxy }: HandleDeps,
): Promise<IngressAnswer> {
  const socketAddress = request.socket.remoteAddress ?? '';
  const receipt = await receiver.receive(integration, {
    receivedAt,
    remoteAddress: remoteAddressOf(socketAddress, forwardedFor(request), isTrustedProxy),
    headers: request.rawHeaders,
    body: body.kind === 'body' ? body.bytes : new Uint8Array(),
    tooLarge: body.kind === 'too_large',
  });
  return answerOf(receipt);
}

function answerHealth(request: IncomingMessage, reply: IngressReply): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return reply.refuse(wrongMethod('GET, HEAD', 'Only GET is answered here.'));
  reply.answer({ status: 200, contentType: 'text/plain', body: 'ok\n' });
  return Promise.resolve();
}

function forwardedFor(request: IncomingMessage): string | undefined {
  const header = request.headers['x-forwarded-for'];
  return Array.isArray(header) ? header.join(',') : header;
}

function refuseByHeaders(request: IncomingMessage): IngressAnswer | undefined {
  if (request.method !== 'POST') return wrongMethod('POST', 'Only POST is answered here.');
  if (request.rawHeaders.length / 2 > limits.webhookHeadersMax) {
    return problem(431, 'too_large', `More than ${limits.webhookHeadersMax} headers.`);
  }
  const { expect } = request.headers;
  if (expect !== undefined && !asksForLeave(expect))
    return problem(417, 'unsupported', 'Send no Expect but 100-continue.');
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    return problem(415, 'unsupported', 'Send the body without Content-Encoding.');
  const transfer = request.headers['transfer-encoding'] ?? 'chunked';
  if (transfer.toLowerCase() !== 'chunked')
    return problem(415, 'unsupported', 'Send the body without any Transfer-Encoding but chunked.');
  return undefined;
}

function wrongMethod(allow: string, detail: string): IngressAnswer {
  return { ...problem(405, 'invalid_request', detail), allow };
}
