import { AppError, isAppError } from '../domain/errors.ts';
import { type DeliveryId, type EventId, type NextId, webhookSource } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import { parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { DeliveryRecord, IntegrationRecord, NewDelivery } from '../domain/webhook.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import { TokenBuckets } from '../lib/token-buckets.ts';
import type { Accepted } from '../store/inbox-store.ts';
import type { WebhookStore } from '../store/webhook-store.ts';
import { providerOf } from '../webhooks/providers.ts';
import { type ActiveSecret, type Verification, type Verified, verify } from '../webhooks/verify.ts';
import type { Ingest } from './ingest.ts';
import type { Redact } from './redacted-error.ts';
import { captureDelivery, type CapturedRequest, toWebhookEvent, traceIdOf } from './webhook-capture.ts';
import type { WebhookRejections } from './webhook-rejections.ts';

export type Receipt =
  | { readonly kind: 'accepted'; readonly delivery: DeliveryId; readonly event: EventId }
  | {
      readonly kind: 'duplicate';
      readonly delivery: DeliveryId;
      readonly event: EventId;
      /** Absent when its id says so. */
      readonly reason?: 'duplicate_content';
    }
  | { readonly kind: 'ignored'; readonly delivery: DeliveryId; readonly reason: ReasonCode }
  | {
      readonly kind: 'challenge';
      readonly delivery: DeliveryId;
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
    }
  | {
      readonly kind: 'rejected';
      /** Absent when there were too many to keep them all. */
      readonly delivery?: DeliveryId;
      readonly reason: ReasonCode;
      readonly detail?: string;
    }
  /** Nothing was judged: it may be sent again later. */
  | { readonly kind: 'unavailable'; readonly reason: ReasonCode };

export interface WebhookReceiverDeps {
  readonly ingest: Ingest;
  readonly store: Pick<WebhookStore, 'recordDelivery'>;
  readonly rejections: WebhookRejections;
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly isAllowedSource: (integration: IntegrationRecord, address: string) => boolean;
  /** Takes the secrets in use out of what is kept of a request beside its body. */
  readonly redact: Redact;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
  /** Of the deliveries that made no event, per integration. */
  readonly keptMax: number;
}

/** Whoever knows an address must not be able to fill the log. */
const refusalsLoggedPerSecond = 1;

/** Takes a captured request to its end: verified, deduplicated and committed, or refused with a reason. */
export class WebhookReceiver {
  readonly #deps: WebhookReceiverDeps;
  readonly #refusals: TokenBuckets;

  constructor(deps: WebhookReceiverDeps) {
    this.#deps = deps;
    this.#refusals = new TokenBuckets(deps.clock);
  }

  /** Never throws: a store that cannot commit is an `unavailable` receipt. */
  async receive(integration: IntegrationRecord, request: CapturedRequest): Promise<Receipt> {
    try {
      const receipt = await this.#judge(integration, request);
      if (receipt.kind === 'unavailable') this.#logRefused(integration, receipt.reason);
      return receipt;
    } catch (error) {
      const reason = reasonOfFailure(error);
      if (isAppError(error, 'unavailable', 'vault_locked')) this.#logRefused(integration, reason, error);
      else
        this.#deps.log.error('webhook.failed', {
          connector_id: webhookSource(integration.id),
          code: reason,
          error,
        });
      return { kind: 'unavailable', reason };
    }
  }

  /**
   * Judges a kept delivery again, by everything but its time, and accepts it if it is good now.
   * @throws AppError `conflict` when it still is not.
   */
  async reconsider(
    integration: IntegrationRecord,
    delivery: DeliveryRecord,
    body: Uint8Array,
  ): Promise<Accepted> {
    const early = this.#refuseEarly(integration, { ...delivery, tooLarge: false });
    if (early !== undefined) throw stillRefused(early);
    const request = { ...delivery, receivedAt: delivery.at, body };
    const verdict = await this.#verify(integration, request, Infinity);
    if (verdict.kind !== 'verified')
      throw stillRefused(verdict.kind === 'rejected' ? verdict.reason : 'challenge_answered');
    if (!isAllowedEvent(integration, verdict.event)) throw stillRefused('event_not_allowed');
    const [accepted] = await this.#deps.ingest.accept({
      source: webhookSource(integration.id),
      events: [toWebhookEvent(integration, delivery.id, verdict, delivery.headers)],
    });
    return required(accepted);
  }

  async #judge(integration: IntegrationRecord, request: CapturedRequest): Promise<Receipt> {
    const id = this.#deps.nextId<DeliveryId>('dlv');
    const delivery = captureDelivery(id, integration, request, this.#deps.redact);
    const early = this.#refuseEarly(integration, request);
    if (early !== undefined) return this.#reject(delivery, early);
    const verdict = await this.#verify(integration, request);
    const skew = verdict.skewMs === undefined ? {} : { skewMs: verdict.skewMs };
    if (verdict.kind === 'rejected') {
      const { reason, detail } = verdict;
      if (isSecretFault(reason)) return { kind: 'unavailable', reason };
      return this.#reject({ ...delivery, ...skew }, reason, detail);
    }
    if (verdict.kind === 'challenge') {
      const { status, contentType, body, secretRef } = verdict;
      await this.#record({
        ...delivery,
        ...skew,
        secretRef,
        verdict: 'challenge',
        reason: 'challenge_answered',
      });
      return { kind: 'challenge', delivery: id, status, contentType, body };
    }
    const verified = { ...delivery, ...skew, providerEvent: verdict.event, secretRef: verdict.secretRef };
    if (!isAllowedEvent(integration, verdict.event)) {
      await this.#record({ ...verified, verdict: 'ignored', reason: 'event_not_allowed' });
      return { kind: 'ignored', delivery: id, reason: 'event_not_allowed' };
    }
    return this.#accept(integration, verified, verdict);
  }

  async #accept(integration: IntegrationRecord, delivery: NewDelivery, verdict: Verified): Promise<Receipt> {
    const event = toWebhookEvent(integration, delivery.id, verdict, delivery.headers);
    const [accepted] = await this.#deps.ingest.accept({
      source: event.source,
      events: [event],
      delivery,
      ...traceIdOf(delivery.headers),
    });
    const { id, duplicate, reason } = required(accepted);
    const ids = { delivery: delivery.id, event: id };
    if (!duplicate) return { kind: 'accepted', ...ids };
    return { kind: 'duplicate', ...ids, ...(reason === undefined ? {} : { reason }) };
  }

  #refuseEarly(
    integration: IntegrationRecord,
    request: Pick<CapturedRequest, 'remoteAddress' | 'tooLarge'>,
  ): ReasonCode | undefined {
    if (!integration.enabled) return 'integration_disabled';
    if (!this.#deps.isAllowedSource(integration, request.remoteAddress)) return 'source_not_allowed';
    return request.tooLarge ? 'payload_too_large' : undefined;
  }

  async #verify(
    integration: IntegrationRecord,
    request: Pick<CapturedRequest, 'receivedAt' | 'headers' | 'body'>,
    toleranceMs?: number,
  ): Promise<Verification> {
    const now = this.#deps.clock.now();
    const active = integration.secrets.filter(({ notAfter }) => notAfter === undefined || notAfter > now);
    const found = await Promise.all(active.map(({ ref }) => this.#resolve(ref)));
    const usable = found.filter((secret) => typeof secret === 'object');
    if (usable.length === 0)
      return {
        kind: 'rejected',
        reason: found.find((fault) => typeof fault === 'string') ?? 'secret_not_found',
      };
    return verify({
      provider: providerOf(integration.provider),
      settings: integration.settings,
      headers: request.headers,
      body: request.body,
      secrets: usable,
      receivedAt: request.receivedAt,
      ...(toleranceMs === undefined ? {} : { toleranceMs }),
    });
  }

  async #resolve(ref: string): Promise<ActiveSecret | SecretFault> {
    try {
      return { ref, value: await this.#deps.resolveSecret(parseVaultRef(ref)) };
    } catch (error) {
      if (isAppError(error, 'not_found')) return 'secret_not_found';
      if (isAppError(error, 'invalid_request')) return 'invalid_secret_ref';
      if (isAppError(error, 'config_invalid')) return 'secret_unreadable';
      throw error;
    }
  }

  async #reject(delivery: NewDelivery, reason: ReasonCode, detail?: string): Promise<Receipt> {
    const kept = await this.#deps.rejections.keep(delivery, reason, detail);
    return {
      kind: 'rejected',
      reason,
      ...(detail === undefined ? {} : { detail }),
      ...(kept ? { delivery: delivery.id } : {}),
    };
  }

  #record(delivery: NewDelivery): Promise<void> {
    return this.#deps.store.recordDelivery(delivery, this.#deps.keptMax);
  }

  #logRefused({ id }: IntegrationRecord, code: ReasonCode, error?: unknown): void {
    if (!this.#refusals.take(id, refusalsLoggedPerSecond)) return;
    const cause = error === undefined ? {} : { error };
    this.#deps.log.warn('webhook.refused', { connector_id: webhookSource(id), code, ...cause });
  }
}

function isAllowedEvent({ allowedEvents }: IntegrationRecord, event: string): boolean {
  return allowedEvents.length === 0 || allowedEvents.includes(event);
}

/** Not the sender's fault: what it sent may be good. */
const secretFaults = ['secret_not_found', 'invalid_secret_ref', 'secret_unreadable'] as const;
type SecretFault = (typeof secretFaults)[number];

function isSecretFault(reason: ReasonCode): reason is SecretFault {
  return secretFaults.some((fault) => fault === reason);
}

function reasonOfFailure(error: unknown): ReasonCode {
  if (isAppError(error, 'vault_locked')) return 'vault_locked';
  return isAppError(error, 'unavailable') ? 'store_unavailable' : 'internal_error';
}

function stillRefused(reason: ReasonCode): AppError {
  return new AppError('conflict', `The delivery is still not acceptable: ${reason}.`);
}

function required(accepted: Accepted | undefined): Accepted {
  if (!accepted) throw new AppError('internal', 'The inbox gave no answer.');
  return accepted;
}
