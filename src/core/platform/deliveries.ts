import { AppError } from '../../domain/errors.ts';
import {
  type DeliveryId,
  type EventId,
  type IntegrationId,
  type NextId,
  webhookSource,
} from '../../domain/ids.ts';
import type { InboundWebhook } from '../../domain/inbound-event.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import type { DeliveryRecord, IntegrationRecord, Verdict } from '../../domain/webhook.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/store.ts';
import type { WebhookRegistry } from '../../webhooks/registry.ts';
import type { Ingest } from '../ingest.ts';
import type { WebhookReceiver } from '../webhook-receiver.ts';

export interface DeliveriesDeps {
  readonly store: Pick<Store, 'webhooks' | 'inbox'>;
  readonly registry: WebhookRegistry;
  readonly receiver: WebhookReceiver;
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly nextId: NextId;
}

/** What came in by webhook, looked at and run again. */
export class Deliveries {
  readonly #deps: DeliveriesDeps;

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps;
  }

  /** Newest first. @throws AppError `not_found` when there is no such integration. */
  list(integration: string, verdict: Verdict | undefined, page: PageRequest): Promise<Page<DeliveryRecord>> {
    const { id } = this.#integration(integration);
    const filter = { integration: id, ...(verdict === undefined ? {} : { verdict }) };
    return this.#deps.store.webhooks.listDeliveries(filter, page);
  }

  /** @throws AppError `not_found`. */
  async get(id: string): Promise<DeliveryRecord & { bodyBase64?: string }> {
    const delivery = await this.#delivery(id);
    const body = await this.#deps.store.webhooks.getDeliveryBody(delivery.id);
    return { ...delivery, ...(body ? { bodyBase64: Buffer.from(body).toString('base64') } : {}) };
  }

  /**
   * Runs an accepted delivery again as a new event. Judges a refused one again, as of its own time, and
   * accepts it if it is good now. What the integration refuses today it refuses here too.
   * @throws AppError `not_found`, `conflict`.
   */
  async replay(id: string): Promise<{ event: EventId }> {
    const delivery = await this.#delivery(id);
    const integration = this.#integration(delivery.integration);
    if (!integration.enabled)
      throw new AppError(
        'conflict',
        `Webhook ${integration.id} is switched off. Enable it: palyra webhooks enable ${integration.id}.`,
      );
    return delivery.event === undefined
      ? this.#reconsider(integration, delivery)
      : this.#repeat(integration, delivery.event);
  }

  async #reconsider(integration: IntegrationRecord, delivery: DeliveryRecord): Promise<{ event: EventId }> {
    const body = await this.#deps.store.webhooks.getDeliveryBody(delivery.id);
    if (!body || body.byteLength === 0)
      throw new AppError('conflict', 'There is no body to judge: it was empty, or too large to be kept.');
    const { id: event } = await this.#deps.receiver.reconsider(integration, delivery, body);
    return { event };
  }

  async #repeat(integration: IntegrationRecord, earlier: EventId): Promise<{ event: EventId }> {
    const { store, ingest, nextId, clock } = this.#deps;
    const original = await store.inbox.getEvent(earlier);
    if (original?.event?.type !== 'webhook')
      throw new AppError('conflict', 'The contents of this delivery have been removed by retention.');
    const { contentKey: _once, ...event }: InboundWebhook = original.event;
    const [accepted] = await ingest.accept({
      source: webhookSource(integration.id),
      events: [{ ...event, dedupeKey: `replay:${nextId<string>('rpl')}`, occurredAt: clock.now() }],
    });
    if (!accepted) throw new AppError('internal', 'The inbox gave no answer.');
    return { event: accepted.id };
  }

  #integration(id: string): IntegrationRecord {
    const record = this.#deps.registry.get(id as IntegrationId);
    if (!record) throw noIntegration();
    return record;
  }

  async #delivery(id: string): Promise<DeliveryRecord> {
    const delivery = await this.#deps.store.webhooks.getDelivery(id as DeliveryId);
    if (!delivery)
      throw new AppError(
        'not_found',
        'There is no such delivery. It may be older than what retention keeps.',
      );
    return delivery;
  }
}

export function noIntegration(): AppError {
  return new AppError('not_found', 'There is no such webhook. See: palyra webhooks list.');
}
