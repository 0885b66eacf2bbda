import { AppError } from '../../domain/errors.ts';
import type { PartId } from '../../domain/ids.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import { openLanes, refreshIdleLane } from './lanes.ts';
import { type OutboxRow, subjectOf } from './outbox-rows.ts';
import { record } from './record.ts';
import type { Tx } from './tx.ts';

export async function replayPart(tx: Tx, id: PartId, at: number): Promise<void> {
  const row = await stoppedRow(tx, id);
  await openLanes(tx, 'outbox', [{ name: row.lane, source: row.source }], at);
  // What may have been applied before goes out labelled: a person chose to send it again.
  const replayed = await tx.run(sql`
    update outbox set state = 'pending', reason = null, detail = null, attempts = 0, deferrals = 0, opened = 0,
      possible_duplicate = case when uncertain = 1 then 1 else possible_duplicate end, uncertain = 0,
      due_at = ${at}, first_attempt_at = null, finished_at = null
    where seq = ${row.seq} and state = ${row.state}`);
  if (replayed === 0) throw changedMeanwhile(id);
  const released = await tx.run(sql`
    update outbox set state = 'pending', reason = null, due_at = ${at}, finished_at = null where ${heldBy(row)}`);
  await refreshIdleLane(tx, 'outbox', row.lane);
  tx.gauge(row.source, 'outbox', row.state, -1);
  tx.gauge(row.source, 'outbox', 'held', -released);
  tx.gauge(row.source, 'outbox', 'pending', 1 + released);
  await recordStep(tx, row, 'dead_letter.replayed', at, released);
  tx.touch('outbox');
}

export async function discardPart(tx: Tx, id: PartId, at: number): Promise<void> {
  const row = await stoppedRow(tx, id);
  const discarded = await tx.run(sql`
    update outbox set state = 'discarded', reason = 'discarded_by_operator'
    where seq = ${row.seq} and state = ${row.state}`);
  if (discarded === 0) throw changedMeanwhile(id);
  const followers = await tx.run(sql`
    update outbox set state = 'discarded', reason = 'discarded_by_operator' where ${heldBy(row)}`);
  tx.gauge(row.source, 'outbox', row.state, -1);
  tx.gauge(row.source, 'outbox', 'held', -followers);
  await recordStep(tx, row, 'dead_letter.discarded', at, followers);
  tx.touch('outbox');
}

/** The later parts of the same message that wait for this one. */
function heldBy(row: OutboxRow): Sql {
  return sql`message_id = ${row.message_id} and part > ${row.part} and state = 'held' and reason = 'group_held'`;
}

function recordStep(tx: Tx, row: OutboxRow, kind: string, at: number, followers: number): Promise<void> {
  const data = {
    message: row.message_id,
    part: row.part,
    ...(followers > 0 ? { held_parts: followers } : {}),
  };
  return record(tx, { at, kind, source: row.source, subject: subjectOf(row), data });
}

async function stoppedRow(tx: Tx, id: PartId): Promise<OutboxRow> {
  const row = await tx.get<OutboxRow>(sql`select * from outbox where id = ${id}`);
  if (!row) throw new AppError('not_found', `There is no outbound part ${id}.`);
  if (row.state !== 'dead' && row.state !== 'held') {
    throw new AppError('conflict', `Part ${id} is ${row.state}, not dead or held.`);
  }
  if (row.reason === 'group_held') {
    throw new AppError(
      'conflict',
      `Part ${id} only waits for an earlier part of message ${row.message_id}. Name that one.`,
    );
  }
  if (row.operation === null) {
    throw new AppError('conflict', `The contents of part ${id} have been removed by retention.`);
  }
  return row;
}

function changedMeanwhile(id: PartId): AppError {
  return new AppError('conflict', `Somebody else has just decided about part ${id}.`);
}
