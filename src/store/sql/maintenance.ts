import type { SourceId } from '../../domain/ids.ts';
import { type Sql, sql, sqlList } from '../../lib/sql.ts';
import type { MaintenanceStore, RetentionPolicy } from '../journal-store.ts';
import type { QueueName } from '../queue.ts';
import { table } from './lanes.ts';
import { metaMethods } from './settings.ts';
import type { Methods, Tx } from './tx.ts';

const deliveryPositionMeta = 'retention.delivery';

export const maintenanceMethods: Methods<MaintenanceStore> = {
  async prune(tx, policy) {
    let removed = 0;
    let more = false;
    for (const slice of [
      await emptyContents(tx, 'inbox', policy),
      await emptyContents(tx, 'outbox', policy),
      await deleteTombstones(tx, 'inbox', policy),
      await deleteTombstones(tx, 'outbox', policy),
      await deleteDeadLetters(tx, 'inbox', policy),
      await deleteDeadLetters(tx, 'outbox', policy),
      await deleteDeliveries(tx, policy),
      await deleteOldest(tx, sql`journal`, policy.now - policy.journalMs, policy.sliceRows),
      await deleteOldest(tx, sql`audit`, policy.now - policy.auditMs, policy.sliceRows),
      await deleteActivity(tx, policy),
    ]) {
      removed += slice.removed;
      more ||= slice.more;
    }
    return { removed, more };
  },

  async getHealth(tx) {
    const version = await tx.get<{ version: number | null }>(sql`select max(version) as version from schema_migration`);
    return { schemaVersion: version?.version ?? 0, bytes: 0 };
  },

  async probeWrite(tx, at) {
    await tx.run(sql`
      insert into meta (key, value) values ('probe', ${String(at)}) on conflict (key) do update set value = excluded.value`);
  },
};

interface Slice {
  readonly removed: number;
  readonly more: boolean;
}

async function emptyContents(tx: Tx, queue: QueueName, policy: RetentionPolicy): Promise<Slice> {
  const before = policy.now - policy.contentsMs;
  return slice(
    queue === 'inbox'
      ? await tx.run(sql`
          update inbox set event = null, detail = null where seq in (
            select seq from inbox where event is not null and state in ('done', 'ignored', 'discarded')
              and finished_at < ${before} order by finished_at limit ${policy.sliceRows})`)
      : await tx.run(sql`
          update outbox set operation = null, address = null, detail = null where seq in (
            select seq from outbox where operation is not null and state in ('delivered', 'discarded')
              and finished_at < ${before} order by finished_at limit ${policy.sliceRows})`),
  );
}

async function deleteTombstones(tx: Tx, queue: QueueName, policy: RetentionPolicy): Promise<Slice> {
  const emptied = queue === 'inbox' ? sql`event is null` : sql`operation is null`;
  return slice(
    await tx.run(sql`
      delete from ${table(queue)} where seq in (
        select seq from ${table(queue)} where ${emptied} and finished_at < ${policy.now - policy.tombstonesMs}
        order by finished_at limit ${policy.sliceRows})`),
  );
}

async function deleteDeadLetters(tx: Tx, queue: QueueName, policy: RetentionPolicy): Promise<Slice> {
  const stopped = queue === 'inbox' ? sql`state = 'dead'` : sql`state in ('dead', 'held')`;
  const rows = await tx.all<{ seq: number; source: SourceId; state: string }>(sql`
    select seq, source, state from ${table(queue)} where ${stopped} and finished_at < ${policy.now - policy.deadLettersMs}
    order by finished_at limit ${policy.sliceRows}`);
  for (const row of rows) {
    await tx.run(sql`delete from ${table(queue)} where seq = ${row.seq}`);
    tx.gauge(row.source, queue, row.state, -1);
  }
  return slice(rows.length);
}

/**
 * A delivery stays as long as its event may still need the body. Those that must stay are passed by, and
 * looked at again only when the walk over the table begins anew.
 */
async function deleteDeliveries(tx: Tx, policy: RetentionPolicy): Promise<Slice> {
  const before = policy.now - policy.contentsMs;
  const from = Number((await metaMethods.getMeta(tx, deliveryPositionMeta)) ?? 0);
  const rows = await tx.all<{ seq: number; needed: number }>(sql`
    select delivery.seq, case when inbox.event is null then 0 else 1 end as needed
    from delivery left join inbox on inbox.id = delivery.event_id
    where delivery.seq > ${from} and delivery.at < ${before} order by delivery.seq limit ${policy.sliceRows}`);
  const unneeded = rows.filter((row) => row.needed === 0).map((row) => row.seq);
  if (unneeded.length > 0) await tx.run(sql`delete from delivery where seq in ${sqlList(unneeded)}`);
  const position = rows.length < policy.sliceRows ? 0 : (rows.at(-1)?.seq ?? 0);
  if (position !== from) await metaMethods.putMeta(tx, deliveryPositionMeta, String(position));
  return { removed: unneeded.length, more: position > 0 };
}

/** For tables that only grow and where nothing must stay. */
async function deleteOldest(tx: Tx, rows: Sql, before: number, sliceRows: number): Promise<Slice> {
  return slice(
    await tx.run(sql`
      delete from ${rows} where at < ${before} and seq in (select seq from ${rows} order by seq limit ${sliceRows})`),
  );
}

async function deleteActivity(tx: Tx, policy: RetentionPolicy): Promise<Slice> {
  const before = Math.floor((policy.now - policy.activityMs) / 60_000);
  return slice(
    await tx.run(sql`
      delete from activity where minute in (
        select distinct minute from activity where minute < ${before} order by minute limit 60)`),
  );
}

function slice(removed: number): Slice {
  return { removed, more: removed > 0 };
}
