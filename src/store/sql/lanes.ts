import { AppError } from '../../domain/errors.ts';
import type { SourceId } from '../../domain/ids.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import type { Deferral, Lease, LeaseRequest, QueueName } from '../queue.ts';
import type { Tx } from './tx.ts';

/** A lane whose head may be taken now. `drainThrough` bounds which rows may, where a drain alone lets them pass. */
interface DueLane {
  readonly name: string;
  readonly source: SourceId;
  readonly drainThrough?: number;
}

interface QueueStateRow {
  source: SourceId;
  paused: number;
  hold_reason: string | null;
  hold_until: number | null;
  drain_through: number | null;
}

/** Makes sure that the lane of a new row exists, and locks it. */
export async function openLane(tx: Tx, queue: QueueName, name: string, source: SourceId, dueAt: number): Promise<void> {
  await tx.run(sql`
    insert into lane (queue, name, source, due_at) values (${queue}, ${name}, ${source}, ${dueAt})
    on conflict (queue, name) do update set source = excluded.source`);
}

/**
 * The lanes to lease from, spread evenly over the sources, and when to ask again. Looks at each source's
 * first due lane by index, so neither a long lane nor a long history costs anything.
 */
export async function dueLanes(
  tx: Tx,
  queue: QueueName,
  request: LeaseRequest,
): Promise<{ lanes: DueLane[]; nextDueAt: number | undefined }> {
  const states = queue === 'outbox' ? await queueStates(tx) : new Map<SourceId, QueueStateRow>();
  const due: { source: SourceId; slots: number; drainThrough?: number }[] = [];
  let nextDueAt: number | undefined;
  for (const source of request.sources ?? (await sourcesWithLanes(tx, queue))) {
    const slots = request.slots?.[source] ?? request.perSource;
    if (slots <= 0) continue;
    const gate = gateOf(states.get(source), request.now);
    if (gate.closed) {
      nextDueAt = earliest(nextDueAt, gate.opensAt);
      continue;
    }
    const first = await tx.get<{ at: number | null }>(
      sql`select min(due_at) as at from lane where queue = ${queue} and source = ${source}`,
    );
    if (first?.at === null || first === undefined) continue;
    if (first.at > request.now) nextDueAt = earliest(nextDueAt, first.at);
    else due.push({ source, slots, ...(gate.drainThrough === undefined ? {} : { drainThrough: gate.drainThrough }) });
  }
  const lanes: DueLane[] = [];
  const share = Math.max(1, Math.floor(request.limit / Math.max(due.length, 1)));
  for (const { source, slots, drainThrough } of due) {
    const room = Math.min(slots, share, request.limit - lanes.length);
    const names = await tx.all<{ name: string }>(sql`
      select name from lane where queue = ${queue} and source = ${source} and due_at <= ${request.now}
      order by due_at, name limit ${room}`);
    lanes.push(...names.map(({ name }) => ({ name, source, ...(drainThrough === undefined ? {} : { drainThrough }) })));
    const later = await tx.get<{ at: number | null }>(sql`
      select min(due_at) as at from lane where queue = ${queue} and source = ${source} and due_at > ${request.now}`);
    nextDueAt = earliest(nextDueAt, later?.at ?? undefined);
  }
  return { lanes, nextDueAt };
}

/** Writes down that the lane's row `seq` is out. */
export async function leaseLane(tx: Tx, queue: QueueName, lane: string, seq: number, leaseId: string, until: number): Promise<void> {
  await tx.run(sql`
    update lane set due_at = ${until}, lease_id = ${leaseId}, leased_seq = ${seq}
    where queue = ${queue} and name = ${lane}`);
}

/** Locks the lane and returns the row that the lease is for. @throws AppError `lease_lost` when it is another's. */
export async function checkLease(tx: Tx, queue: QueueName, lease: Lease): Promise<number> {
  const row = await tx.get<{ leased_seq: number }>(sql`
    select leased_seq from lane where queue = ${queue} and name = ${lease.lane} and lease_id = ${lease.leaseId}`);
  if (!row) throw new AppError('lease_lost', 'Another worker has taken this row over.');
  return row.leased_seq;
}

/** Ends the lease of a lane and makes it due for its next row, or removes it when it is empty. */
export async function rescheduleLane(tx: Tx, queue: QueueName, lane: string): Promise<void> {
  const head = await tx.get<{ due_at: number }>(sql`
    select due_at from ${table(queue)} where lane = ${lane} and state = 'pending' order by seq limit 1`);
  await tx.run(
    head
      ? sql`update lane set due_at = ${head.due_at}, lease_id = null, leased_seq = null where queue = ${queue} and name = ${lane}`
      : sql`delete from lane where queue = ${queue} and name = ${lane}`,
  );
}

/** Makes a lane that is not leased follow its head again, after rows came back into it or left it. */
export async function refreshIdleLane(tx: Tx, queue: QueueName, lane: string): Promise<void> {
  const held = await tx.get<{ lease_id: string | null }>(
    sql`select lease_id from lane where queue = ${queue} and name = ${lane}`,
  );
  if (held !== undefined && held.lease_id === null) await rescheduleLane(tx, queue, lane);
}

export async function extendLeases(tx: Tx, queue: QueueName, leases: readonly Lease[], until: number): Promise<string[]> {
  const lost: string[] = [];
  for (const lease of leases.toSorted((left, right) => (left.lane < right.lane ? -1 : 1))) {
    const changed = await tx.run(sql`
      update lane set due_at = ${until}
      where queue = ${queue} and name = ${lease.lane} and lease_id = ${lease.leaseId}`);
    if (changed === 0) lost.push(lease.leaseId);
  }
  return lost;
}

/** Puts a leased row back as if it had not been tried. */
export async function deferLease(tx: Tx, queue: QueueName, lease: Lease, deferral: Deferral): Promise<void> {
  const seq = await checkLease(tx, queue, lease);
  await tx.run(sql`
    update ${table(queue)} set attempts = attempts - 1, opened = 0, reason = ${deferral.reason}, due_at = ${deferral.dueAt}
    where seq = ${seq}`);
  await rescheduleLane(tx, queue, lease.lane);
  tx.touch(queue);
}

/** The name of the queue is the name of its table. Fixed text, never input. */
export function table(queue: QueueName): Sql {
  return queue === 'inbox' ? sql`inbox` : sql`outbox`;
}

/** @throws AppError `unavailable` when `source` has as many rows pending as it may. */
export async function checkDepth(tx: Tx, queue: QueueName, source: SourceId, depthMax: number): Promise<void> {
  const row = await tx.get<{ n: number }>(
    sql`select n from gauge where source = ${source} and queue = ${queue} and state = 'pending'`,
  );
  if ((row?.n ?? 0) >= depthMax) {
    throw new AppError('unavailable', `The ${queue} of ${source} is full: ${depthMax} rows are pending. See palyra status.`);
  }
}

function gateOf(
  state: QueueStateRow | undefined,
  now: number,
): { closed: boolean; opensAt?: number; drainThrough?: number } {
  if (!state) return { closed: false };
  const onHold = state.hold_reason !== null && (state.hold_until === null || state.hold_until > now);
  if (state.paused === 0 && !onHold) return { closed: false };
  if (state.drain_through !== null) return { closed: false, drainThrough: state.drain_through };
  return { closed: true, ...(state.paused === 0 && state.hold_until !== null ? { opensAt: state.hold_until } : {}) };
}

async function queueStates(tx: Tx): Promise<Map<SourceId, QueueStateRow>> {
  const rows = await tx.all<QueueStateRow>(sql`select * from queue_state`);
  return new Map(rows.map((row) => [row.source, row]));
}

/** Jumps from source to source along the index instead of reading every lane. */
async function sourcesWithLanes(tx: Tx, queue: QueueName): Promise<SourceId[]> {
  const sources: SourceId[] = [];
  for (let last = ''; ; ) {
    const next = await tx.get<{ source: SourceId | null }>(
      sql`select min(source) as source from lane where queue = ${queue} and source > ${last}`,
    );
    if (next?.source === null || next === undefined) return sources;
    sources.push(next.source);
    last = next.source;
  }
}

function earliest(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}
