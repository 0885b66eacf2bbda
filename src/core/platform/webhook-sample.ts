import type { IntegrationRecord } from '../../domain/webhook.ts';
import type { GuardedFetch } from '../../lib/guarded-fetch.ts';
import type { Secret } from '../../lib/secret.ts';
import { providerOf } from '../../webhooks/providers.ts';
import { samplePayload } from '../../webhooks/sample.ts';
import { sign } from '../../webhooks/sign.ts';

export interface SampleAnswer {
  /** What the ingress answered. */
  readonly status: number;
  readonly delivery?: string;
  readonly event?: string;
  readonly verdict?: string;
  readonly reason: string;
}

export interface SampleRequest {
  readonly integration: IntegrationRecord;
  readonly secret: Secret;
  readonly url: string;
  readonly body: Uint8Array | undefined;
  readonly event: string | undefined;
  readonly deliveryId: string;
  readonly now: number;
  readonly fetch: GuardedFetch;
}

const timeoutMs = 15_000;
const answerBytesMax = 64 * 1024;

/** Posts a signed sample of the provider as the provider would. */
export async function postSample(request: SampleRequest): Promise<SampleAnswer> {
  const { integration, secret, url, deliveryId, now, fetch } = request;
  const named = { provider: providerOf(integration.provider), settings: integration.settings };
  const sample = samplePayload({
    ...named,
    id: deliveryId,
    now,
    ...(request.event === undefined ? {} : { event: request.event }),
  });
  const body = request.body ?? sample.body;
  const headers = sign({ ...named, secret, body, now, id: deliveryId, event: sample.event });
  const response = await fetch({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...toRecord(headers) },
    body,
    // Our own ingress, wherever it listens.
    policy: { hosts: [new URL(url).hostname], allowPrivate: true, allowHttp: true },
    timeoutMs,
    responseBytesMax: answerBytesMax,
  });
  return { status: response.status, ...parseAnswer(await response.text()) };
}

/** Name and value in turn, as a record. */
function toRecord(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? '']] : [])),
  );
}

function parseAnswer(text: string): Omit<SampleAnswer, 'status'> {
  try {
    const { delivery, event, status, reason, code } = JSON.parse(text) as Record<string, string | undefined>;
    return {
      ...(delivery === undefined ? {} : { delivery }),
      ...(event === undefined ? {} : { event }),
      ...(typeof status === 'string' ? { verdict: status } : {}),
      reason: reason ?? code ?? status ?? '',
    };
  } catch {
    return { reason: 'challenge_answered', verdict: 'challenge' };
  }
}
