import { AppError } from '../../domain/errors.ts';
import { type EventId, eventIdOfTurn, type SourceId, type TurnId } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { EventEnd, EventRetry, EventState, InboxStore, LeasedEvent } from '../inbox-store.ts';
import type { Lease } from '../queue.ts';
import { accept } from './inbox-accept.ts';
import { finish } from './inbox-finish.ts';
import { applyRevisions, listRevisions } from './inbox-revisions.ts';
import { type InboxRow, toEventRecord, toLeasedEvent, toWaitingEvent } from './inbox-rows.ts';
import { dueLanes } from './due-lanes.ts';
import {
  checkLease,
  deferLease,
  extendLeases,
  leaseLane,
  leaveLane,
  lockLane,
  openLanes,
  refreshIdleLane,
  rescheduleLane,
  suspendLane,
} from './lanes.ts';
import { readPage } from './page.ts';
import { record } from './record.ts';
import { type Methods, toJson, type Tx } from './tx.ts';

export const inboxMethods: Methods<InboxStore> = {
  accept,

  async lease(tx, request) {
    const { lanes, nextDueAt } = await dueLanes(tx, 'inbox', request);
    const rows: LeasedEvent[] = [];
    for (const { name } of lanes) {
      const row = await tx.get<InboxRow>(sql`
        select inbox.*, delivery.body as body from inbox left join delivery on delivery.id = inbox.delivery_id
        where lane = ${name} and state = 'pending' order by inbox.seq limit 1`);
      if (!row) {
        await rescheduleLane(tx, 'inbox', name);
        continue;
      }
      const leaseId = `${request.leaseId}.${rows.length}`;
      await leaseLane(tx, 'inbox', name, row.seq, leaseId, request.now + request.leaseMs);
      await tx.run(sql`
        update inbox set attempts = attempts + 1, opened = 1, awaiting = 0,
          first_attempt_at = coalesce(first_attempt_at, ${request.now}) where seq = ${row.seq}`);
      rows.push(toLeasedEvent(await applyRevisions(tx, row, request.now), leaseId, request.now));
    }
    return { rows, ...(nextDueAt === undefined ? {} : { nextDueAt }) };
  },

  extend: (tx, leases, until) => extendLeases(tx, 'inbox', leases, until),

  defer: (tx, lease, deferral) => deferLease(tx, 'inbox', lease, deferral),

  async complete(tx, lease, end) {
    const row = await leasedRow(tx, lease);
    await finish(tx, row, end);
    await rescheduleLane(tx, 'inbox', lease.lane);
  },

  async retry(tx, lease, retry: EventRetry) {
    const row = await leasedRow(tx, lease);
    await tx.run(sql`
      update inbox set opened = 0, reason = ${retry.reason}, detail = ${retry.detail}, due_at = ${retry.dueAt},
        rule_id = ${retry.rule}, agent_id = ${retry.agent} where seq = ${row.seq}`);
    await rescheduleLane(tx, 'inbox', lease.lane);
    tx.count(row.source, 'turn_failed', retry.at);
    await record(tx, {
      at: retry.at,
      kind: 'turn.failed',
      level: 'warn',
      source: row.source,
      subject: row.id,
      data: { attempt: row.attempts, code: retry.reason, detail: retry.detail, retry_at: retry.dueAt },
    });
    tx.touch('inbox');
  },

  async suspend(tx, lease, { at, until, rule, agent, answerPlan }) {
    const row = await leasedRow(tx, lease);
    await tx.run(sql`
      update inbox set opened = 0, awaiting = 1, reason = 'awaiting_agent', due_at = ${until},
        rule_id = ${rule}, agent_id = ${agent}, answer_plan = ${toJson(answerPlan)} where seq = ${row.seq}`);
    await suspendLane(tx, 'inbox', lease.lane, row.seq, until);
    await record(tx, {
      at,
      kind: 'turn.suspended',
      source: row.source,
      subject: row.id,
      data: { until, agent },
    });
    tx.touch('inbox');
  },

  async resume(tx, turn: TurnId, postId: string, end: EventEnd) {
    const id = eventIdOfTurn(turn);
    const { lane } = await rowOf(tx, id);
    await lockLane(tx, 'inbox', lane);
    const row = await rowOf(tx, id);
    if (row.post_id === postId) return { repeated: true };
    if (row.state !== 'pending' || row.awaiting === 0) {
      throw new AppError(
        'conflict',
        `Turn ${turn} is not waiting for messages: its event is ${row.reason ?? row.state}.`,
      );
    }
    await tx.run(sql`update inbox set post_id = ${postId} where seq = ${row.seq}`);
    await finish(tx, row, { rule: row.rule_id, agent: row.agent_id, ...end });
    await leaveLane(tx, 'inbox', lane, row.seq);
    return { repeated: false };
  },

  async getEvent(tx, id) {
    const row = await tx.get<InboxRow>(sql`select ${withLease} from inbox where id = ${id}`);
    return row && toEventRecord(row);
  },

  async findEvent(tx, source, dedupeKey) {
    const row = await tx.get<InboxRow>(
      sql`select ${withLease} from inbox where source = ${source} and dedupe_key = ${dedupeKey}`,
    );
    return row && toEventRecord(row);
  },

  listEvents: (tx, { source, state }: { source?: SourceId; state?: EventState }, page) =>
    readPage(
      tx,
      page,
      {
        columns: withLease,
        from: sql`inbox`,
        where: [source === undefined ? undefined : sql`source = ${source}`],
        filter: [state === undefined ? undefined : sql`state = ${state}`],
      },
      toEventRecord,
    ),

  async hasRevision(tx, id) {
    return (await listRevisions(tx, await rowOf(tx, id))).length > 0;
  },

  async listWaiting(tx, lane, limit) {
    const rows = await tx.all<InboxRow>(
      sql`select * from inbox where lane = ${lane} and state = 'pending' order by seq limit ${limit}`,
    );
    return rows.map(toWaitingEvent);
  },

  async getQueuePosition(tx, id) {
    const row = await rowOf(tx, id);
    const head = await tx.get<{ id: EventId }>(
      sql`select id from inbox where lane = ${row.lane} and state = 'pending' order by seq limit 1`,
    );
    const ahead = await tx.get<{ n: number }>(sql`
      select count(*) as n from (
        select 1 from inbox where lane = ${row.lane} and state = 'pending' and seq < ${row.seq} limit 10000) as earlier`);
    return { ahead: ahead?.n ?? 0, ...(head ? { head: head.id } : {}) };
  },

  async replay(tx, id, at) {
    const row = await deadRow(tx, id);
    await openLanes(tx, 'inbox', [{ name: row.lane, source: row.source }], at);
    const replayed = await tx.run(sql`
      update inbox set state = 'pending', reason = null, detail = null, attempts = 0, opened = 0, awaiting = 0,
        answer_plan = null, post_id = null, due_at = ${at}, first_attempt_at = null, finished_at = null
      where seq = ${row.seq} and state = 'dead'`);
    if (replayed === 0) throw changedMeanwhile(id);
    await refreshIdleLane(tx, 'inbox', row.lane);
    tx.gauge(row.source, 'inbox', 'dead', -1);
    tx.gauge(row.source, 'inbox', 'pending', 1);
    await record(tx, { at, kind: 'dead_letter.replayed', source: row.source, subject: id });
    tx.touch('inbox');
  },

  async discard(tx, id, at) {
    const row = await deadRow(tx, id);
    const discarded = await tx.run(sql`
      update inbox set state = 'discarded', reason = 'discarded_by_operator'
      where seq = ${row.seq} and state = 'dead'`);
    if (discarded === 0) throw changedMeanwhile(id);
    tx.gauge(row.source, 'inbox', 'dead', -1);
    await record(tx, { at, kind: 'dead_letter.discarded', source: row.source, subject: id });
    tx.touch('inbox');
  },
};

const withLease = sql`inbox.*, case when exists (
  select 1 from lane where lane.queue = 'inbox' and lane.name = inbox.lane and lane.leased_seq = inbox.seq
) then 1 else 0 end as leased`;

async function leasedRow(tx: Tx, lease: Lease): Promise<InboxRow> {
  const seq = await checkLease(tx, 'inbox', lease);
  const row = await tx.get<InboxRow>(sql`select * from inbox where seq = ${seq} and state = 'pending'`);
  if (!row) throw new AppError('lease_lost', 'The leased event is no longer pending.');
  return row;
}

async function rowOf(tx: Tx, id: EventId): Promise<InboxRow> {
  const row = await tx.get<InboxRow>(sql`select * from inbox where id = ${id}`);
  if (!row) throw new AppError('not_found', `There is no event ${id}.`);
  return row;
}

async function deadRow(tx: Tx, id: EventId): Promise<InboxRow> {
  const row = await rowOf(tx, id);
  if (row.state !== 'dead') throw new AppError('conflict', `Event ${id} is ${row.state}, not dead.`);
  if (row.event === null)
    throw new AppError('conflict', `The contents of event ${id} have been removed by retention.`);
  return row;
}

function changedMeanwhile(id: EventId): AppError {
  return new AppError('conflict', `Somebody else has just decided about event ${id}.`);
}
