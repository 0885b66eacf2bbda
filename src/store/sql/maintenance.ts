import type { SourceId } from '../../domain/ids.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import type { MaintenanceStore, RetentionPolicy } from '../journal-store.ts';
import type { QueueName } from '../queue.ts';
import { expireLeases, table } from './lanes.ts';
import { bodyIsNeeded, record } from './record.ts';
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
      await expireDeadLetters(tx, 'inbox', policy),
      await expireDeadLetters(tx, 'outbox', policy),
      await deleteDeliveries(tx, policy),
      await deleteOldest(tx, sql`journal`, policy.now - policy.journalMs, policy),
      await deleteOldest(tx, sql`audit`, policy.now - policy.auditMs, policy),
      await deleteActivity(tx, policy),
      ...(await deleteOutdated(tx, policy)),
    ]) {
      removed += slice.removed;
      more ||= slice.more;
    }
    return { removed, more };
  },

  async getHealth(tx) {
    const version = await tx.get<{ version: number | null }>(
      sql`select max(version) as version from schema_migration`,
    );
    return { schemaVersion: version?.version ?? 0, bytes: await tx.getBytes() };
  },

  async probeWrite(tx, at) {
    await tx.run(sql`
      insert into meta (key, value) values ('probe', ${String(at)}) on conflict (key) do update set value = excluded.value`);
  },

  async endClaims(tx, now) {
    await tx.run(sql`update connector_claim set until = ${now} where until > ${now}`);
    await expireLeases(tx, now);
    tx.touch('connectors', 'inbox', 'outbox');
  },
};

interface Slice {
  readonly removed: number;
  readonly more: boolean;
}

async function emptyContents(tx: Tx, queue: QueueName, policy: RetentionPolicy): Promise<Slice> {
  const before = policy.now - policy.contentsMs;
  const removed =
    queue === 'inbox'
      ? await tx.run(sql`
          update inbox set event = null, detail = null where seq in (
            select seq from inbox where event is not null and state in ('done', 'ignored', 'discarded')
              and finished_at < ${before} order by finished_at limit ${policy.sliceRows})`)
      : await tx.run(sql`
          update outbox set operation = null, address = null, detail = null where seq in (
            select seq from outbox where operation is not null and state in ('delivered', 'discarded')
              and finished_at < ${before} order by finished_at limit ${policy.sliceRows})`);
  return slice(removed, policy);
}

async function deleteTombstones(tx: Tx, queue: QueueName, policy: RetentionPolicy): Promise<Slice> {
  const emptied = queue === 'inbox' ? sql`event is null` : sql`operation is null`;
  const removed = await tx.run(sql`
    delete from ${table(queue)} where seq in (
      select seq from ${table(queue)} where ${emptied} and finished_at < ${policy.now - policy.tombstonesMs}
      order by finished_at limit ${policy.sliceRows})`);
  return slice(removed, policy);
}

/** Nobody decided in time: they become tombstones, so that repeats are still recognised. */
async function expireDeadLetters(tx: Tx, queue: QueueName, policy: RetentionPolicy): Promise<Slice> {
  const stopped = queue === 'inbox' ? sql`state = 'dead'` : sql`state in ('dead', 'held')`;
  const contents = queue === 'inbox' ? sql`event = null` : sql`operation = null, address = null`;
  const rows = await tx.all<{ seq: number; id: string; source: SourceId; state: string }>(sql`
    select seq, id, source, state from ${table(queue)}
    where ${stopped} and finished_at < ${policy.now - policy.deadLettersMs}
    order by finished_at, id limit ${policy.sliceRows}`);
  for (const { seq, id, source, state } of rows) {
    const expired = await tx.run(sql`
      update ${table(queue)} set state = 'discarded', detail = null, ${contents}
      where seq = ${seq} and state = ${state}`);
    if (expired === 0) continue;
    tx.gauge(source, queue, state, -1);
    await record(tx, { at: policy.now, kind: 'dead_letter.expired', level: 'warn', source, subject: id });
  }
  return slice(rows.length, policy);
}

/**
 * A delivery stays as long as an event may still need its body. Those that must stay are passed by, and
 * looked at again only when the walk over the table begins anew: at the first slice that ends among the young.
 */
async function deleteDeliveries(tx: Tx, policy: RetentionPolicy): Promise<Slice> {
  const before = policy.now - policy.contentsMs;
  const from = Number((await metaMethods.getMeta(tx, deliveryPositionMeta)) ?? 0);
  const rows = await tx.all<{ seq: number; at: number; needed: number }>(sql`
    select seq, at, case when ${bodyIsNeeded} then 1 else 0 end as needed
    from delivery where seq > ${from} order by seq limit ${policy.sliceRows}`);
  const unneeded = rows.filter((row) => row.at < before && row.needed === 0);
  for (const { seq } of unneeded) await tx.run(sql`delete from delivery where seq = ${seq}`);
  const last = rows.at(-1);
  const goesOn = last !== undefined && rows.length === policy.sliceRows && last.at < before;
  const position = goesOn ? last.seq : 0;
  if (position !== from) await metaMethods.putMeta(tx, deliveryPositionMeta, String(position));
  return { removed: unneeded.length, more: goesOn };
}

/** For tables that only grow and where nothing must stay. */
async function deleteOldest(tx: Tx, rows: Sql, before: number, policy: RetentionPolicy): Promise<Slice> {
  const removed = await tx.run(sql`
    delete from ${rows} where at < ${before}
      and seq in (select seq from ${rows} order by seq limit ${policy.sliceRows})`);
  return slice(removed, policy);
}

async function deleteActivity(tx: Tx, policy: RetentionPolicy): Promise<Slice> {
  const before = Math.floor((policy.now - policy.activityMs) / 60_000);
  const removed = await tx.run(sql`
    delete from activity where (minute, source, kind) in (
      select minute, source, kind from activity where minute < ${before}
      order by minute, source, kind limit ${policy.sliceRows})`);
  return slice(removed, policy);
}

/** What has a time of its own after which it means nothing, or is history that nobody asks for any more. */
async function deleteOutdated(tx: Tx, policy: RetentionPolicy): Promise<readonly Slice[]> {
  const { now, tombstonesMs, auditMs } = policy;
  const outdated: readonly (readonly [Sql, Sql, Sql])[] = [
    [
      sql`note`,
      sql`(source, key)`,
      sql`source, key from note where expires_at <= ${now} order by expires_at`,
    ],
    [
      sql`pairing_code`,
      sql`digest`,
      // An expired code is told apart from a wrong one for a while.
      sql`digest from pairing_code where expires_at < ${now - tombstonesMs} order by expires_at`,
    ],
    [
      sql`pairing_attempt`,
      sql`(connector, sender)`,
      sql`connector, sender from pairing_attempt where since < ${now - tombstonesMs} order by since`,
    ],
    [
      sql`pairing_grant`,
      sql`(connector, sender)`,
      sql`connector, sender from pairing_grant where expires_at <= ${now} order by expires_at`,
    ],
    [
      sql`bot_turn`,
      sql`(connector, sender, event_id)`,
      sql`connector, sender, event_id from bot_turn where expires_at <= ${now} order by expires_at`,
    ],
    [sql`approval`, sql`seq`, sql`seq from approval where expires_at < ${now - auditMs} order by expires_at`],
    [sql`gap`, sql`seq`, sql`seq from gap where state <> 'open' and to_at < ${now - auditMs} order by to_at`],
    [
      sql`attachment`,
      sql`(event_id, id)`,
      sql`event_id, id from attachment where at < ${now - tombstonesMs} order by at`,
    ],
    [
      sql`participation`,
      sql`lane`,
      sql`lane from participation where at < ${now - tombstonesMs} order by at`,
    ],
    [
      sql`conversation`,
      sql`lane`,
      sql`lane from conversation where seen_at < ${now - tombstonesMs} order by seen_at`,
    ],
  ];
  const slices: Slice[] = [];
  for (const [rows, key, oldest] of outdated) {
    const removed = await tx.run(
      sql`delete from ${rows} where ${key} in (select ${oldest} limit ${policy.sliceRows})`,
    );
    slices.push(slice(removed, policy));
  }
  return slices;
}

/** Only a full slice says that there is more: under load something gets old enough at every moment. */
function slice(removed: number, policy: RetentionPolicy): Slice {
  return { removed, more: removed === policy.sliceRows };
}
