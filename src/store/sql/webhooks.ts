import { AppError } from '../../domain/errors.ts';
import type { DeliveryId, EventId, IntegrationId } from '../../domain/ids.ts';
import { limits } from '../../domain/limits.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { sql } from '../../lib/sql.ts';
import type { DeliveryRecord, IntegrationRecord, Verdict } from '../../domain/webhook.ts';
import type { WebhookStore } from '../webhook-store.ts';
import { readPage } from './page.ts';
import { bodyIsNeeded, insertDelivery, record } from './record.ts';
import { fromJson, type Methods, present, toJson } from './tx.ts';

interface DeliveryRow {
  seq: number;
  id: DeliveryId;
  integration: IntegrationId;
  at: number;
  remote_address: string;
  headers: string;
  body_bytes: number;
  verdict: Verdict;
  reason: ReasonCode;
  detail: string | null;
  provider_event: string | null;
  secret_ref: string | null;
  skew_ms: number | null;
  event_id: EventId | null;
}

const columns = sql`seq, id, integration, at, remote_address, headers, body_bytes, verdict, reason, detail,
  provider_event, secret_ref, skew_ms, event_id`;

export const webhookMethods: Methods<WebhookStore> = {
  async listIntegrations(tx) {
    const rows = await tx.all<{ record: string }>(sql`select record from integration order by id`);
    return rows.map((row) => fromJson(row.record) as IntegrationRecord);
  },

  async getIntegration(tx, id) {
    const row = await tx.get<{ record: string }>(sql`select record from integration where id = ${id}`);
    return row && (fromJson(row.record) as IntegrationRecord);
  },

  async putIntegration(tx, integration) {
    const others = await tx.get<{ n: number }>(
      sql`select count(*) as n from integration where id <> ${integration.id}`,
    );
    if ((others?.n ?? 0) >= limits.integrationsMax) {
      throw new AppError(
        'conflict',
        `There are ${limits.integrationsMax} webhook integrations, which is the most. Remove one first.`,
      );
    }
    await tx.run(sql`
      insert into integration (id, enabled, record, updated_at)
      values (${integration.id}, ${integration.enabled ? 1 : 0}, ${toJson(integration)}, ${integration.updatedAt})
      on conflict (id) do update set enabled = excluded.enabled, record = excluded.record, updated_at = excluded.updated_at`);
    tx.touch('webhooks');
  },

  async removeIntegration(tx, id) {
    await tx.run(sql`delete from integration where id = ${id}`);
    tx.touch('webhooks');
  },

  async recordDelivery(tx, delivery, keptMax) {
    await insertDelivery(tx, delivery, null);
    const oldest = await tx.get<{ seq: number }>(sql`
      select seq from delivery where integration = ${delivery.integration} and verdict not in ('accepted', 'duplicate')
      order by seq desc limit 1 offset ${keptMax}`);
    if (oldest) {
      await tx.run(sql`
        delete from delivery
        where integration = ${delivery.integration} and verdict not in ('accepted', 'duplicate') and seq <= ${oldest.seq}
          and not ${bodyIsNeeded}`);
    }
    const source = `webhook:${delivery.integration}`;
    tx.count(source, delivery.verdict, delivery.at);
    await record(tx, {
      at: delivery.at,
      kind: `webhook.${delivery.verdict}`,
      level: delivery.verdict === 'rejected' ? 'warn' : 'info',
      source,
      subject: delivery.id,
      data: {
        code: delivery.reason,
        detail: delivery.detail,
        bytes: delivery.body.byteLength,
        event: delivery.providerEvent,
      },
    });
  },

  async getDelivery(tx, id) {
    const row = await tx.get<DeliveryRow>(sql`select ${columns} from delivery where id = ${id}`);
    return row && toDelivery(row);
  },

  async getDeliveryBody(tx, id) {
    const row = await tx.get<{ body: Uint8Array | null }>(sql`select body from delivery where id = ${id}`);
    return row?.body ?? undefined;
  },

  listDeliveries: (tx, { integration, verdict }, page) =>
    readPage(
      tx,
      page,
      {
        columns,
        from: sql`delivery`,
        where: [sql`integration = ${integration}`],
        filter: [verdict === undefined ? undefined : sql`verdict = ${verdict}`],
      },
      toDelivery,
    ),
};

function toDelivery(row: DeliveryRow): DeliveryRecord {
  return present({
    id: row.id,
    integration: row.integration,
    at: row.at,
    remoteAddress: row.remote_address,
    headers: fromJson(row.headers) as string[],
    bodyBytes: row.body_bytes,
    verdict: row.verdict,
    reason: row.reason,
    detail: row.detail,
    providerEvent: row.provider_event,
    secretRef: row.secret_ref,
    skewMs: row.skew_ms,
    event: row.event_id,
  });
}
