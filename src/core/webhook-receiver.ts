import { AppError, isAppError } from '../domain/errors.ts';
import { type DeliveryId, type NextId, webhookSource } from '../domain/ids.ts';
import type { InboundWebhook } from '../domain/inbound-event.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import { parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { DeliveryRecord, IntegrationRecord, NewDelivery } from '../domain/webhook.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import type { WebhookStore } from '../store/webhook-store.ts';
import { valueOf } from '../webhooks/headers.ts';
import { schemeOf } from '../webhooks/provider.ts';
import { providerOf } from '../webhooks/providers.ts';
import { type Verification, verify } from '../webhooks/verify.ts';
import type { Ingest } from './ingest.ts';

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

export type Receipt =
  | { readonly kind: 'accepted' | 'duplicate'; readonly delivery: DeliveryId; readonly event: string }
  | { readonly kind: 'ignored'; readonly delivery: DeliveryId; readonly reason: ReasonCode }
  | { readonly kind: 'challenge'; readonly delivery: DeliveryId; readonly status: number; readonly contentType: string; readonly body: string }
  | { readonly kind: 'rejected'; readonly delivery: DeliveryId; readonly reason: ReasonCode; readonly detail?: string }
  /** Nothing was judged: it may be sent again later. */
  | { readonly kind: 'unavailable'; readonly reason: ReasonCode };

export interface WebhookReceiverDeps {
  readonly ingest: Ingest;
  readonly store: Pick<WebhookStore, 'recordDelivery'>;
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly isAllowedSource: (integration: IntegrationRecord, address: string) => boolean;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
  readonly rejectedKeptMax: number;
}

/** Takes a captured request to its end: verified, deduplicated and committed, or refused with a reason. */
export class WebhookReceiver {
  readonly #deps: WebhookReceiverDeps;

  constructor(deps: WebhookReceiverDeps) {
    this.#deps = deps;
  }

  /** Never throws: a store that cannot commit is an `unavailable` receipt. */
  async receive(integration: IntegrationRecord, request: CapturedRequest): Promise<Receipt> {
    try {
      return await this.#judge(integration, request);
    } catch (error) {
      const locked = isAppError(error, 'vault_locked');
      if (!isAppError(error, 'unavailable', 'vault_locked')) this.#deps.log.error('webhook.failed', { connector_id: webhookSource(integration.id), error });
      return { kind: 'unavailable', reason: locked ? 'vault_locked' : 'store_unavailable' };
    }
  }

  /**
   * Verifies a kept delivery again, as of the time when it came in, and accepts it if its signature is
   * good now. @throws AppError `conflict` when it still is not.
   */
  async reconsider(integration: IntegrationRecord, delivery: DeliveryRecord, body: Uint8Array): Promise<string> {
    const verdict = await this.#verify(integration, { ...delivery, receivedAt: delivery.at, body, tooLarge: false });
    if (verdict.kind !== 'verified') {
      const reason = verdict.kind === 'rejected' ? verdict.reason : 'challenge_answered';
      throw new AppError('conflict', `The delivery is still not acceptable: ${reason}.`);
    }
    const [accepted] = await this.#deps.ingest.accept({
      source: webhookSource(integration.id),
      events: [toEvent(integration, delivery.id, verdict, delivery.headers)],
    });
    return accepted?.id ?? '';
  }

  async #judge(integration: IntegrationRecord, request: CapturedRequest): Promise<Receipt> {
    const id = this.#deps.nextId<DeliveryId>('dlv');
    const delivery = captureDelivery(id, integration, request);
    const early = this.#refuseEarly(integration, request);
    if (early !== undefined) return this.#reject(delivery, early);
    const verdict = await this.#verify(integration, request);
    const skew = verdict.skewMs === undefined ? {} : { skewMs: verdict.skewMs };
    if (verdict.kind === 'rejected') {
      if (verdict.reason === 'secret_not_found' || verdict.reason === 'invalid_secret_ref') return { kind: 'unavailable', reason: verdict.reason };
      return this.#reject({ ...delivery, ...skew }, verdict.reason, verdict.detail);
    }
    if (verdict.kind === 'challenge') {
      await this.#record({ ...delivery, verdict: 'challenge', reason: 'challenge_answered' });
      const { status, contentType, body } = verdict;
      return { kind: 'challenge', delivery: id, status, contentType, body };
    }
    const verified = { ...delivery, ...skew, providerEvent: verdict.event, secretRef: verdict.secretRef };
    if (integration.allowedEvents.length > 0 && !integration.allowedEvents.includes(verdict.event)) {
      await this.#record({ ...verified, verdict: 'ignored', reason: 'event_not_allowed' });
      return { kind: 'ignored', delivery: id, reason: 'event_not_allowed' };
    }
    return this.#accept(integration, verified, verdict);
  }

  async #accept(
    integration: IntegrationRecord,
    delivery: NewDelivery,
    verdict: Extract<Verification, { kind: 'verified' }>,
  ): Promise<Receipt> {
    const event = toEvent(integration, delivery.id, verdict, delivery.headers);
    const [accepted] = await this.#deps.ingest.accept({ source: event.source, events: [event], delivery, ...traceOf(delivery.headers) });
    if (!accepted) throw new AppError('internal', 'The inbox gave no answer.');
    return { kind: accepted.duplicate ? 'duplicate' : 'accepted', delivery: delivery.id, event: accepted.id };
  }

  #refuseEarly(integration: IntegrationRecord, request: CapturedRequest): ReasonCode | undefined {
    if (!integration.enabled) return 'integration_disabled';
    if (!this.#deps.isAllowedSource(integration, request.remoteAddress)) return 'source_not_allowed';
    return request.tooLarge ? 'payload_too_large' : undefined;
  }

  async #verify(integration: IntegrationRecord, request: CapturedRequest): Promise<Verification> {
    const now = this.#deps.clock.now();
    const active = integration.secrets.filter(({ notAfter }) => notAfter === undefined || notAfter > now);
    const secrets = await Promise.all(active.map(async ({ ref }) => ({ ref, value: await this.#resolve(ref) })));
    const usable = secrets.filter((secret): secret is { ref: string; value: Secret } => secret.value !== undefined);
    if (usable.length === 0) return { kind: 'rejected', reason: 'secret_not_found' };
    return verify({
      provider: providerOf(integration.provider),
      settings: integration.settings,
      headers: request.headers,
      body: request.body,
      secrets: usable,
      receivedAt: request.receivedAt,
    });
  }

  async #resolve(ref: string): Promise<Secret | undefined> {
    try {
      return await this.#deps.resolveSecret(parseVaultRef(ref));
    } catch (error) {
      if (isAppError(error, 'not_found', 'invalid_request')) return undefined;
      throw error;
    }
  }

  async #reject(delivery: NewDelivery, reason: ReasonCode, detail?: string): Promise<Receipt> {
    const explained = detail === undefined ? {} : { detail };
    await this.#record({ ...delivery, ...explained, verdict: 'rejected', reason });
    this.#deps.log.warn('webhook.rejected', {
      connector_id: webhookSource(delivery.integration),
      delivery_id: delivery.id,
      code: reason,
      bytes: delivery.body.byteLength,
      remote_ip: delivery.remoteAddress,
    });
    return { kind: 'rejected', delivery: delivery.id, reason, ...explained };
  }

  #record(delivery: NewDelivery): Promise<void> {
    return this.#deps.store.recordDelivery(delivery, this.#deps.rejectedKeptMax);
  }
}

function captureDelivery(id: DeliveryId, integration: IntegrationRecord, request: CapturedRequest): NewDelivery {
  return {
    id,
    integration: integration.id,
    at: request.receivedAt,
    remoteAddress: request.remoteAddress,
    headers: withoutCredentials(request.headers, schemeOf(providerOf(integration.provider), integration.settings).secretHeaders ?? []),
    body: request.body,
    verdict: 'accepted',
    reason: 'verified',
  };
}

const credentialHeaders = ['authorization', 'proxy-authorization', 'cookie'];

/** Headers that hold a secret as it is are kept by name only. Signatures are no secrets. */
function withoutCredentials(headers: readonly string[], secretHeaders: readonly string[]): readonly string[] {
  const secret = new Set([...credentialHeaders, ...secretHeaders.map((name) => name.toLowerCase())]);
  return headers.map((text, index) => (index % 2 === 1 && secret.has((headers[index - 1] ?? '').toLowerCase()) ? '[secret]' : text));
}

function toEvent(
  integration: IntegrationRecord,
  delivery: DeliveryId,
  verdict: Extract<Verification, { kind: 'verified' }>,
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
function traceOf(headers: readonly string[]): { traceId?: string } {
  const traceId = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(valueOf(headers, 'traceparent') ?? '')?.[1];
  return traceId === undefined || /^0+$/.test(traceId) ? {} : { traceId };
}
