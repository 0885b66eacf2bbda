import { type DeliveryId, webhookSource } from '../domain/ids.ts';
import type { InboundWebhook } from '../domain/inbound-event.ts';
import type { IntegrationRecord, NewDelivery } from '../domain/webhook.ts';
import { valueOf, withoutCredentials } from '../webhooks/headers.ts';
import { schemeOf } from '../webhooks/provider.ts';
import { providerOf } from '../webhooks/providers.ts';
import type { Verified } from '../webhooks/verify.ts';
import type { Redact } from './redacted-error.ts';

/** One HTTP request, captured before anything is judged. */
export interface CapturedRequest {
  readonly receivedAt: number;
  readonly remoteAddress: string;
  /** Name and value in turn, as received. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Set when the body was over the limit; it is not kept then. */
  readonly tooLarge: boolean;
}

/** What is kept of a request: everything but credentials. Signatures are no secrets. */
export function captureDelivery(
  id: DeliveryId,
  integration: IntegrationRecord,
  request: CapturedRequest,
  redact: Redact,
): NewDelivery {
  const scheme = schemeOf(providerOf(integration.provider), integration.settings);
  return {
    id,
    integration: integration.id,
    at: request.receivedAt,
    remoteAddress: request.remoteAddress,
    headers: withoutSecrets(withoutCredentials(request.headers, scheme), redact),
    body: request.body,
    verdict: 'accepted',
    reason: 'verified',
  };
}

/** Proxies write the address into headers of their own, unguessable part and all. Looked through in one go. */
function withoutSecrets(headers: readonly string[], redact: Redact): readonly string[] {
  const text = headers.join('\n');
  const clean = redact(text);
  if (clean === text) return headers;
  const parts = clean.split('\n');
  // A secret of several lines may have reached from one into the next.
  return parts.length === headers.length ? parts : headers.map(redact);
}

/** The event that a verified request is. */
export function toWebhookEvent(
  integration: IntegrationRecord,
  delivery: DeliveryId,
  verdict: Verified,
  headers: readonly string[],
): InboundWebhook {
  const source = webhookSource(integration.id);
  const contentType = valueOf(headers, 'content-type');
  return {
    type: 'webhook',
    source,
    dedupeKey: verdict.dedupeKey,
    // What belongs to no thing whose events must stay in order stands alone.
    lane: `${source}/${verdict.lane ?? delivery}`,
    occurredAt: verdict.occurredAt,
    integration: integration.id,
    provider: integration.provider,
    event: verdict.event,
    delivery,
    ...(verdict.contentKey === undefined ? {} : { contentKey: verdict.contentKey }),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

/** The W3C trace that the sender started, so that ours continues it. */
export function traceIdOf(headers: readonly string[]): { traceId?: string } {
  const traceId = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(
    valueOf(headers, 'traceparent') ?? '',
  )?.[1];
  return traceId === undefined || /^0+$/.test(traceId) ? {} : { traceId };
}
