import { AppError } from '../../domain/errors.ts';
import type { ConnectorId, ConnectorKind, SourceId } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { sql } from '../../lib/sql.ts';
import type { ConnectorClaim, ConnectorRecord, ConnectorStore, QueueState } from '../connector-store.ts';
import { rescheduleLane } from './lanes.ts';
import { record } from './record.ts';
import { fromJson, type Methods, present, toJson, type Tx } from './tx.ts';

interface ConnectorRow {
  id: ConnectorId;
  kind: ConnectorKind;
  config: string;
  secret_ref: string | null;
  enabled: number;
  created_at: number;
  updated_at: number;
}

const removalSliceRows = 500;

export const connectorMethods: Methods<ConnectorStore> = {
  async listConnectors(tx) {
    return (await tx.all<ConnectorRow>(sql`select * from connector order by id`)).map(toConnector);
  },

  async getConnector(tx, id) {
    const row = await tx.get<ConnectorRow>(sql`select * from connector where id = ${id}`);
    return row && toConnector(row);
  },

  async putConnector(tx, connector) {
    await tx.run(sql`
      insert into connector (id, kind, config, secret_ref, enabled, created_at, updated_at)
      values (${connector.id}, ${connector.kind}, ${toJson(connector.config)}, ${connector.secretRef},
        ${connector.enabled ? 1 : 0}, ${connector.createdAt}, ${connector.updatedAt})
      on conflict (id) do update set config = excluded.config, secret_ref = excluded.secret_ref,
        enabled = excluded.enabled, updated_at = excluded.updated_at`);
    tx.touch('connectors');
  },

  async removeConnector(tx, id, at) {
    const ended = await endPending(tx, id, at);
    if (ended === removalSliceRows) return { more: true };
    await tx.run(sql`delete from connector where id = ${id}`);
    await tx.run(sql`delete from connector_claim where connector = ${id}`);
    await tx.run(sql`delete from platform_cursor where source = ${id}`);
    await tx.run(sql`delete from queue_state where source = ${id}`);
    tx.touch('connectors');
    return { more: false };
  },

  async claim(tx, id, owner, now, until) {
    const held = await tx.get<{ owner: string; epoch: number; until: number }>(
      sql`select owner, epoch, until from connector_claim where connector = ${id}`,
    );
    if (held && held.owner !== owner && held.until > now) return undefined;
    const prolonged = held?.owner === owner && held.until > now;
    const epoch = prolonged ? held.epoch : (held?.epoch ?? 0) + 1;
    await tx.run(sql`
      insert into connector_claim (connector, owner, epoch, until) values (${id}, ${owner}, ${epoch}, ${until})
      on conflict (connector) do update set owner = excluded.owner, epoch = excluded.epoch, until = excluded.until`);
    return { connector: id, owner, epoch };
  },

  async releaseClaim(tx, claim) {
    await tx.run(sql`
      update connector_claim set until = 0
      where connector = ${claim.connector} and owner = ${claim.owner} and epoch = ${claim.epoch}`);
    tx.touch('connectors');
  },

  async getCursor(tx, source) {
    const row = await tx.get<{ cursor: string }>(sql`select cursor from platform_cursor where source = ${source}`);
    return row?.cursor;
  },

  async listQueueStates(tx) {
    const rows = await tx.all<QueueStateRow>(sql`
      select queue_state.*, case when exists (
        select 1 from outbox where outbox.source = queue_state.source and state = 'pending' and seq <= drain_through
      ) then 1 else 0 end as draining from queue_state order by source`);
    return rows.map(toQueueState);
  },

  async pause(tx, source, reason, at) {
    await tx.run(sql`
      insert into queue_state (source, paused, pause_reason) values (${source}, 1, ${reason})
      on conflict (source) do update set paused = 1, pause_reason = excluded.pause_reason, drain_through = null`);
    await record(tx, { at, kind: 'queue.paused', source, subject: source, data: { code: 'queue_paused', detail: reason } });
    tx.touch('outbox', 'connectors');
  },

  async resume(tx, source, at) {
    const changed = await tx.run(sql`delete from queue_state where source = ${source}`);
    if (changed > 0) await record(tx, { at, kind: 'queue.resumed', source, subject: source });
    tx.touch('outbox', 'connectors');
  },

  hold: (tx, source, reason, at, until) => holdSource(tx, source, reason, at, until),

  async releaseHold(tx, source, at, reason) {
    const which = reason === undefined ? sql`hold_reason is not null` : sql`hold_reason = ${reason}`;
    const changed = await tx.run(
      sql`update queue_state set hold_reason = null, hold_until = null where source = ${source} and ${which}`,
    );
    if (changed === 0) return;
    await record(tx, { at, kind: 'queue.released', source, subject: source, data: { code: reason } });
    tx.touch('outbox', 'connectors');
  },

  async drain(tx, source, at) {
    const last = await tx.get<{ seq: number | null; n: number }>(sql`
      select max(seq) as seq, count(*) as n from outbox where source = ${source} and state = 'pending'`);
    if (last?.seq === null || last === undefined) return { parts: 0 };
    await tx.run(sql`
      update queue_state set drain_through = ${last.seq}
      where source = ${source} and (paused = 1 or hold_reason is not null)`);
    await tx.run(sql`update outbox set due_at = ${at} where source = ${source} and state = 'pending' and due_at > ${at}`);
    await tx.run(sql`
      update lane set due_at = ${at} where queue = 'outbox' and source = ${source} and lease_id is null and due_at > ${at}`);
    await record(tx, { at, kind: 'queue.drained', source, subject: source, data: { parts: last.n } });
    tx.touch('outbox', 'connectors');
    return { parts: last.n };
  },
};

/** @throws AppError `lease_lost` when another owner has claimed the connector since. */
export async function checkClaim(tx: Tx, claim: ConnectorClaim): Promise<void> {
  const held = await tx.get<{ owner: string; epoch: number }>(
    sql`select owner, epoch from connector_claim where connector = ${claim.connector}`,
  );
  if (held?.owner !== claim.owner || held.epoch !== claim.epoch) {
    throw new AppError('lease_lost', `${claim.connector} is run by another daemon now.`);
  }
}

export async function holdSource(tx: Tx, source: SourceId, reason: ReasonCode, at: number, until?: number): Promise<void> {
  await tx.run(sql`
    insert into queue_state (source, hold_reason, hold_until) values (${source}, ${reason}, ${until})
    on conflict (source) do update set hold_reason = excluded.hold_reason, hold_until = excluded.hold_until,
      drain_through = null`);
  await record(tx, { at, kind: 'queue.held', level: 'warn', source, subject: source, data: { code: reason, until } });
  tx.touch('outbox', 'connectors');
}

/** Ends up to a slice of what the connector still had to send or to answer. */
async function endPending(tx: Tx, id: ConnectorId, at: number): Promise<number> {
  let ended = 0;
  for (const queue of ['outbox', 'inbox'] as const) {
    const name = queue === 'outbox' ? sql`outbox` : sql`inbox`;
    const rows = await tx.all<{ seq: number; lane: string }>(sql`
      select seq, lane from ${name} where source = ${id} and state = 'pending' order by seq limit ${removalSliceRows - ended}`);
    for (const { seq } of rows) {
      await tx.run(sql`
        update ${name} set state = 'discarded', reason = 'connector_removed', finished_at = ${at} where seq = ${seq}`);
    }
    for (const lane of new Set(rows.map((row) => row.lane))) await rescheduleLane(tx, queue, lane);
    tx.gauge(id, queue, 'pending', -rows.length);
    ended += rows.length;
  }
  return ended;
}

interface QueueStateRow {
  source: SourceId;
  paused: number;
  pause_reason: string | null;
  hold_reason: ReasonCode | null;
  hold_until: number | null;
  draining: number;
}

function toQueueState(row: QueueStateRow): QueueState {
  return present({
    source: row.source,
    paused: row.paused === 1,
    pauseReason: row.pause_reason,
    holdReason: row.hold_reason,
    holdUntil: row.hold_until,
    draining: row.draining === 1,
  }) as QueueState;
}

function toConnector(row: ConnectorRow): ConnectorRecord {
  return present({
    id: row.id,
    kind: row.kind,
    config: fromJson<Record<string, unknown>>(row.config),
    secretRef: row.secret_ref,
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }) as ConnectorRecord;
}
