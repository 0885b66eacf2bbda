import { sql } from '../../lib/sql.ts';
import type { JournalEntry } from '../journal-store.ts';
import type { NewDelivery } from '../../domain/webhook.ts';
import { toJson, type Tx } from './tx.ts';

/** Writes a step into the flight recorder, in this commit. */
export async function record(
  tx: Tx,
  entry: Omit<JournalEntry, 'level' | 'data'> & Partial<JournalEntry>,
): Promise<void> {
  await tx.run(sql`
    insert into journal (at, kind, level, source, subject, data)
    values (${entry.at}, ${entry.kind}, ${entry.level ?? 'info'}, ${entry.source}, ${entry.subject}, ${toJson(entry.data ?? {})})`);
  tx.touch('journal');
}

/** An event that has not been emptied reads its body from here. Part of a statement that reads `delivery`. */
export const bodyIsNeeded = sql`exists (
  select 1 from inbox where inbox.delivery_id = delivery.id and inbox.event is not null)`;

export async function insertDelivery(tx: Tx, delivery: NewDelivery, eventId: string | null): Promise<void> {
  const body = delivery.verdict === 'duplicate' ? null : delivery.body;
  await tx.run(sql`
    insert into delivery (id, integration, at, remote_address, headers, body, body_bytes, verdict, reason, detail,
      provider_event, secret_ref, skew_ms, event_id)
    values (${delivery.id}, ${delivery.integration}, ${delivery.at}, ${delivery.remoteAddress}, ${toJson(delivery.headers)},
      ${body}, ${delivery.body.byteLength}, ${delivery.verdict}, ${delivery.reason}, ${delivery.detail},
      ${delivery.providerEvent}, ${delivery.secretRef}, ${delivery.skewMs}, ${eventId})`);
}
