import { AppError } from '../../domain/errors.ts';
import type { Settlement } from '../../domain/settle.ts';
import { sql } from '../../lib/sql.ts';
import type { AttemptReport, LeasedPart, OutboxStore } from '../outbox-store.ts';
import type { Lease } from '../queue.ts';
import { dueLanes } from './due-lanes.ts';
import { checkLease, deferLease, extendLeases, leaseLane, rescheduleLane, untried } from './lanes.ts';
import { enqueue } from './outbox-enqueue.ts';
import { discardPart, replayPart } from './outbox-replay.ts';
import { type OutboxRow, subjectOf, toLeasedPart, toPartRecord } from './outbox-rows.ts';
import { holdSource } from './queue-states.ts';
import { record } from './record.ts';
import { type Methods, toJson, type Tx } from './tx.ts';

export const outboxMethods: Methods<OutboxStore> = {
  enqueue,

  async lease(tx, request) {
    const { lanes, nextDueAt } = await dueLanes(tx, 'outbox', request);
    const rows: LeasedPart[] = [];
    for (const { name } of lanes) {
      const row = await tx.get<OutboxRow>(
        sql`select * from outbox where lane = ${name} and state = 'pending' order by seq limit 1`,
      );
      if (!row) {
        await rescheduleLane(tx, 'outbox', name);
        continue;
      }
      const leaseId = `${request.leaseId}.${rows.length}`;
      await leaseLane(tx, 'outbox', name, row.seq, leaseId, request.now + request.leaseMs);
      await tx.run(sql`
        update outbox set attempts = attempts + 1, opened = 1, uncertain = case when opened = 1 then 1 else uncertain end,
          first_attempt_at = coalesce(first_attempt_at, ${request.now}) where seq = ${row.seq}`);
      rows.push(toLeasedPart(row, leaseId, request.now));
    }
    return { rows, ...(nextDueAt === undefined ? {} : { nextDueAt }) };
  },

  extend: (tx, leases, until) => extendLeases(tx, 'outbox', leases, until),

  defer: (tx, lease, deferral) => deferLease(tx, 'outbox', lease, deferral),

  async settle(tx, lease, settlement, report) {
    const row = await leasedRow(tx, lease);
    if (settlement.state === 'delivered') await deliver(tx, row, settlement.platformIds, report);
    else if (settlement.state === 'dead') await bury(tx, row, settlement, report);
    else if (settlement.state === 'discarded') await drop(tx, row, settlement, report);
    else await postpone(tx, row, settlement, report);
    await rescheduleLane(tx, 'outbox', lease.lane);
    await record(tx, {
      at: report.at,
      kind: 'delivery.attempted',
      level: settlement.state === 'dead' ? 'error' : settlement.state === 'pending' ? 'warn' : 'info',
      source: row.source,
      subject: subjectOf(row),
      data: {
        message: row.message_id,
        part: row.part,
        attempt: row.attempts,
        outcome: report.outcome,
        state: settlement.state,
        duration_ms: report.durationMs,
        ...(settlement.state === 'delivered'
          ? { platform_ids: settlement.platformIds }
          : { code: settlement.code, detail: settlement.detail }),
        ...(settlement.state === 'pending'
          ? { retry_at: settlement.dueAt, deferral: settlement.deferral }
          : {}),
      },
    });
    tx.touch('outbox');
  },

  async hold(tx, lease, at) {
    const row = await leasedRow(tx, lease);
    await tx.run(sql`
      update outbox set state = 'held', reason = 'unknown_outcome_held', opened = 0, uncertain = 1, finished_at = ${at}
      where seq = ${row.seq}`);
    tx.gauge(row.source, 'outbox', 'pending', -1);
    tx.gauge(row.source, 'outbox', 'held', 1);
    await holdLaterParts(tx, row, at);
    await rescheduleLane(tx, 'outbox', lease.lane);
    await record(tx, {
      at,
      kind: 'delivery.held',
      level: 'error',
      source: row.source,
      subject: subjectOf(row),
      data: { message: row.message_id, part: row.part, code: 'unknown_outcome_held' },
    });
    tx.touch('outbox');
  },

  async markPossibleDuplicate(tx, lease, at) {
    const row = await leasedRow(tx, lease);
    await tx.run(sql`update outbox set possible_duplicate = 1 where seq = ${row.seq}`);
    await record(tx, {
      at,
      kind: 'delivery.labelled',
      level: 'warn',
      source: row.source,
      subject: subjectOf(row),
      data: { message: row.message_id, part: row.part, code: 'resent_labelled' },
    });
  },

  async getPart(tx, id) {
    const row = await tx.get<OutboxRow>(sql`select * from outbox where id = ${id}`);
    return row && toPartRecord(row);
  },

  async getPartByKey(tx, key) {
    const row = await tx.get<OutboxRow>(sql`select * from outbox where key = ${key}`);
    return row && toPartRecord(row);
  },

  async listPartsOfMessage(tx, id) {
    const rows = await tx.all<OutboxRow>(sql`select * from outbox where message_id = ${id} order by part`);
    return rows.map(toPartRecord);
  },

  async listPartsOfEvent(tx, id) {
    const rows = await tx.all<OutboxRow>(sql`select * from outbox where event_id = ${id} order by seq`);
    return rows.map(toPartRecord);
  },

  async findByPlatformId(tx, connector, platformId) {
    const row = await tx.get<OutboxRow>(sql`
      select * from outbox where source = ${connector} and first_platform_id = ${platformId} order by seq desc limit 1`);
    return row && toPartRecord(row);
  },

  async getParticipation(tx, lane) {
    return (await tx.get(sql`select 1 from participation where lane = ${lane}`)) !== undefined;
  },

  replay: replayPart,
  discard: discardPart,
};

async function deliver(
  tx: Tx,
  row: OutboxRow,
  platformIds: readonly string[],
  { at }: AttemptReport,
): Promise<void> {
  await tx.run(sql`
    update outbox set state = 'delivered', reason = 'delivered', detail = null, opened = 0, finished_at = ${at},
      platform_ids = ${toJson(platformIds)}, first_platform_id = ${platformIds[0]} where seq = ${row.seq}`);
  await tx.run(sql`
    insert into participation (lane, at) values (${row.lane}, ${at}) on conflict (lane) do update set at = excluded.at`);
  tx.gauge(row.source, 'outbox', 'pending', -1);
  tx.count(row.source, 'delivered', at);
}

async function postpone(
  tx: Tx,
  row: OutboxRow,
  settlement: Extract<Settlement, { state: 'pending' }>,
  { at }: AttemptReport,
): Promise<void> {
  const spent = settlement.deferral ? sql`${untried}, deferrals = deferrals + 1` : sql`deferrals = deferrals`;
  await tx.run(sql`
    update outbox set ${spent}, opened = 0, uncertain = ${settlement.uncertain ? 1 : 0}, reason = ${settlement.code},
      detail = ${settlement.detail}, due_at = ${settlement.dueAt} where seq = ${row.seq}`);
  tx.count(row.source, settlement.deferral ? 'deferred' : 'retried', at);
  if (!settlement.holdConnector) return;
  await holdSource(tx, row.source, settlement.code, at, settlement.holdConnector.until);
}

async function bury(
  tx: Tx,
  row: OutboxRow,
  settlement: Extract<Settlement, { state: 'dead' }>,
  { at, outcome }: AttemptReport,
): Promise<void> {
  const lost = outcome === 'unknown' ? sql`, uncertain = 1` : sql``;
  await tx.run(sql`
    update outbox set state = 'dead', reason = ${settlement.code}, detail = ${settlement.detail}, opened = 0,
      finished_at = ${at}${lost} where seq = ${row.seq}`);
  tx.gauge(row.source, 'outbox', 'pending', -1);
  tx.gauge(row.source, 'outbox', 'dead', 1);
  tx.count(row.source, 'dead', at);
  await holdLaterParts(tx, row, at);
}

async function drop(
  tx: Tx,
  row: OutboxRow,
  settlement: Extract<Settlement, { state: 'discarded' }>,
  { at }: AttemptReport,
): Promise<void> {
  await tx.run(sql`
    update outbox set state = 'discarded', reason = ${settlement.code}, detail = ${settlement.detail}, opened = 0,
      finished_at = ${at} where seq = ${row.seq}`);
  tx.gauge(row.source, 'outbox', 'pending', -1);
  tx.count(row.source, 'discarded', at);
}

/** A message is not sent with a hole in it; the lane goes on with the next message. */
async function holdLaterParts(tx: Tx, row: OutboxRow, at: number): Promise<void> {
  const held = await tx.run(sql`
    update outbox set state = 'held', reason = 'group_held', finished_at = ${at}
    where message_id = ${row.message_id} and part > ${row.part} and state = 'pending'`);
  tx.gauge(row.source, 'outbox', 'pending', -held);
  tx.gauge(row.source, 'outbox', 'held', held);
}

async function leasedRow(tx: Tx, lease: Lease): Promise<OutboxRow> {
  const seq = await checkLease(tx, 'outbox', lease);
  const row = await tx.get<OutboxRow>(sql`select * from outbox where seq = ${seq} and state = 'pending'`);
  if (!row) throw new AppError('lease_lost', 'The leased part is no longer pending.');
  return row;
}
