import type { SourceId } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { sql } from '../../lib/sql.ts';
import type { ConnectorStore, QueueState } from '../connector-store.ts';
import { isDraining } from './due-lanes.ts';
import { countPending, rescheduleLane } from './lanes.ts';
import { record } from './record.ts';
import { type Methods, present, type Tx } from './tx.ts';

interface QueueStateRow {
  source: SourceId;
  paused: number;
  pause_reason: string | null;
  hold_reason: ReasonCode | null;
  hold_until: number | null;
  draining: number;
}

type QueueStateMethods = Pick<
  ConnectorStore,
  'listQueueStates' | 'pause' | 'resume' | 'hold' | 'releaseHold' | 'drain'
>;

export const queueStateMethods: Methods<QueueStateMethods> = {
  async listQueueStates(tx) {
    const rows = await tx.all<QueueStateRow>(sql`
      select source, paused, pause_reason, hold_reason, hold_until, case when ${isDraining} then 1 else 0 end as draining
      from queue_state order by source`);
    return rows.map(toQueueState);
  },

  async pause(tx, source, reason, at) {
    await tx.run(sql`
      insert into queue_state (source, paused, pause_reason) values (${source}, 1, ${reason})
      on conflict (source) do update set paused = 1, pause_reason = excluded.pause_reason, drain_through = null`);
    await record(tx, {
      at,
      kind: 'queue.paused',
      source,
      subject: source,
      data: { code: 'queue_paused', detail: reason },
    });
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
    const parts = await countPending(tx, 'outbox', source);
    if (parts === 0) return { parts };
    await endWaits(tx, source, at);
    const newest = await tx.get<{ seq: number }>(sql`select max(seq) as seq from outbox`);
    await tx.run(sql`
      update queue_state set drain_through = ${newest?.seq}
      where source = ${source} and (paused = 1 or hold_reason is not null)`);
    await record(tx, { at, kind: 'queue.drained', source, subject: source, data: { parts } });
    tx.touch('outbox', 'connectors');
    return { parts };
  },
};

/** Never shortens a hold: of two waits that the platform asked for, the longer one counts. */
export async function holdSource(
  tx: Tx,
  source: SourceId,
  reason: ReasonCode,
  at: number,
  until?: number,
): Promise<void> {
  const changed = await tx.run(sql`
    insert into queue_state (source, hold_reason, hold_until) values (${source}, ${reason}, ${until})
    on conflict (source) do update set hold_reason = excluded.hold_reason, hold_until = excluded.hold_until
    where queue_state.hold_reason is null or excluded.hold_until is null or queue_state.hold_until <= excluded.hold_until`);
  await tx.run(
    sql`update queue_state set drain_through = null where source = ${source} and drain_through is not null`,
  );
  tx.touch('outbox', 'connectors');
  if (changed === 0) return;
  await record(tx, {
    at,
    kind: 'queue.held',
    level: 'warn',
    source,
    subject: source,
    data: { code: reason, until },
  });
}

/** Makes what waits for its next attempt due. Only the head of a lane ever waits. */
async function endWaits(tx: Tx, source: SourceId, at: number): Promise<void> {
  const lanes = await tx.all<{ name: string }>(sql`
    select name from lane where queue = 'outbox' and source = ${source} and due_at > ${at} and lease_id is null
    order by name ${tx.locks.forUpdate}`);
  for (const { name } of lanes) {
    await tx.run(sql`
      update outbox set due_at = ${at} where seq = (
        select seq from outbox where lane = ${name} and state = 'pending' order by seq limit 1)`);
    await rescheduleLane(tx, 'outbox', name);
  }
}

function toQueueState(row: QueueStateRow): QueueState {
  return present({
    source: row.source,
    paused: row.paused === 1,
    pauseReason: row.pause_reason,
    holdReason: row.hold_reason,
    holdUntil: row.hold_until,
    draining: row.draining === 1,
  });
}
