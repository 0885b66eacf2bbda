import { type IntegrationId, webhookSource } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { NewDelivery } from '../domain/webhook.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { TokenBuckets } from '../lib/token-buckets.ts';
import type { WebhookStore } from '../store/webhook-store.ts';

export interface WebhookRejectionsDeps {
  readonly store: Pick<WebhookStore, 'recordDelivery'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Per integration; older ones make room. */
  readonly keptMax: number;
  /** A larger body is not kept. */
  readonly bodyBytesMax: number;
}

const keptPerSecond = 20;
const integrationsMax = 1_000;

/**
 * Keeps refused deliveries for the operator to see. Whoever knows an address can send what will be refused,
 * and must not be able to fill the disk or the log with it, nor to keep the store busy.
 */
export class WebhookRejections {
  readonly #deps: WebhookRejectionsDeps;
  readonly #buckets: TokenBuckets;
  readonly #passedOver = new RecentMap<IntegrationId, number>(integrationsMax);

  constructor(deps: WebhookRejectionsDeps) {
    this.#deps = deps;
    this.#buckets = new TokenBuckets(deps.clock);
  }

  /** Answers whether it was kept: not when there are too many at once. */
  async keep(delivery: NewDelivery, reason: ReasonCode, detail: string | undefined): Promise<boolean> {
    const { store, log, keptMax } = this.#deps;
    const { integration } = delivery;
    const passedOver = this.#passedOver.get(integration) ?? 0;
    if (!this.#buckets.take(integration, keptPerSecond)) {
      this.#passedOver.set(integration, passedOver + 1);
      return false;
    }
    this.#passedOver.delete(integration);
    const kept = this.#withoutLargeBody({ ...delivery, verdict: 'rejected', reason }, detail);
    await store.recordDelivery(kept, keptMax);
    log.warn('webhook.rejected', {
      connector_id: webhookSource(integration),
      delivery_id: delivery.id,
      code: reason,
      bytes: delivery.body.byteLength,
      remote_ip: delivery.remoteAddress,
      ...(passedOver === 0 ? {} : { passed_over: passedOver }),
    });
    return true;
  }

  #withoutLargeBody(delivery: NewDelivery, detail: string | undefined): NewDelivery {
    const bytes = delivery.body.byteLength;
    if (bytes <= this.#deps.bodyBytesMax) return { ...delivery, ...(detail === undefined ? {} : { detail }) };
    const note = `Its body of ${bytes} bytes was not kept.`;
    return { ...delivery, body: new Uint8Array(), detail: detail === undefined ? note : `${detail} ${note}` };
  }
}
