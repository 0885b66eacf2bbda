import type { DeliveryId, IntegrationId } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { DeliveryRecord, IntegrationRecord, NewDelivery, Verdict } from '../domain/webhook.ts';

export interface WebhookStore {
  listIntegrations(): Promise<readonly IntegrationRecord[]>;
  getIntegration(id: IntegrationId): Promise<IntegrationRecord | undefined>;
  /** @throws AppError `conflict` when there are `limits.integrationsMax` others. */
  putIntegration(record: IntegrationRecord): Promise<void>;
  removeIntegration(id: IntegrationId): Promise<void>;

  /**
   * Keeps a delivery that made no event. Of those, the newest `keptMax` per integration stay.
   * An accepted one is stored by `inbox.accept`.
   */
  recordDelivery(delivery: NewDelivery, keptMax: number): Promise<void>;
  getDelivery(id: DeliveryId): Promise<DeliveryRecord | undefined>;
  getDeliveryBody(id: DeliveryId): Promise<Uint8Array | undefined>;
  /** Newest first. */
  listDeliveries(
    filter: { integration: IntegrationId; verdict?: Verdict },
    page: PageRequest,
  ): Promise<Page<DeliveryRecord>>;
}
