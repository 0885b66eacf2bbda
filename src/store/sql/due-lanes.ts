import type { SourceId } from '../../domain/ids.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import type { LeaseRequest, QueueName } from '../queue.ts';
import type { Lane } from './lanes.ts';
import type { Tx } from './tx.ts';

/** What keeps a source from moving. `drainThrough` bounds the rows that pass in spite of it. */
export interface Gate {
  readonly closed: boolean;
  readonly opensAt?: number;
  readonly drainThrough?: number;
}

interface DueSource {
  readonly source: SourceId;
  readonly slots: number;
  /** Since when its first lane has been due. */
  readonly at: number;
  readonly drainThrough?: number;
}

interface QueueStateRow {
  source: SourceId;
  paused: number;
  hold_reason: string | null;
  hold_until: number | null;
  drain_through: number | null;
}

/** The oldest row of a lane, by `outbox_lane`; part of a statement that reads `lane`. */
const headOfLane = sql`(select outbox.seq from outbox where outbox.lane = lane.name and outbox.state = 'pending'
  order by outbox.seq limit 1)`;

/**
 * The lanes to lease from, locked and spread evenly over the sources, and when to ask again. Looks at each
 * source's first due lane by index, so neither a long lane nor a long history costs anything.
 */
export async function dueLanes(
  tx: Tx,
  queue: QueueName,
  request: LeaseRequest,
): Promise<{ lanes: Lane[]; nextDueAt: number | undefined }> {
  const { due, nextDueAt } = await dueSources(tx, queue, request);
  let next = nextDueAt;
  const lanes: Lane[] = [];
  for (const [index, { source, slots, drainThrough }] of due.entries()) {
    const share = Math.ceil((request.limit - lanes.length) / (due.length - index));
    const names = await tx.all<{ name: string }>(sql`
      select name from lane where queue = ${queue} and source = ${source} and due_at <= ${request.now}
        ${drainThrough === undefined ? sql`` : sql`and ${headOfLane} <= ${drainThrough}`}
      order by due_at limit ${Math.min(slots, share)} ${tx.locks.skipLocked}`);
    lanes.push(...names.map(({ name }) => ({ name, source })));
    if (drainThrough !== undefined && names.length === 0) await endDrain(tx, source, drainThrough);
    const later = await tx.get<{ at: number | null }>(sql`
      select min(due_at) as at from lane where queue = ${queue} and source = ${source} and due_at > ${request.now}`);
    next = earliest(next, later?.at);
  }
  return { lanes, nextDueAt: next };
}

/** Jumps from source to source along the index instead of reading every lane. */
export async function sourcesWithLanes(tx: Tx, queue: QueueName): Promise<SourceId[]> {
  const sources: SourceId[] = [];
  for (let last = ''; ;) {
    const next = await tx.get<{ source: SourceId | null }>(
      sql`select min(source) as source from lane where queue = ${queue} and source > ${last}`,
    );
    if (next?.source === null || next === undefined) return sources;
    sources.push(next.source);
    last = next.source;
  }
}

/** When the lane of a source that is due first is due. */
export async function firstDueAt(tx: Tx, queue: QueueName, source: SourceId): Promise<number | undefined> {
  const first = await tx.get<{ at: number | null }>(
    sql`select min(due_at) as at from lane where queue = ${queue} and source = ${source}`,
  );
  return first?.at ?? undefined;
}

/** What stops which sources of a queue. Only what goes out is ever paused or held. */
export async function readGates(tx: Tx, queue: QueueName, now: number): Promise<(source: SourceId) => Gate> {
  if (queue === 'inbox') return () => open;
  const rows = await tx.all<QueueStateRow>(sql`
    select source, paused, hold_reason, hold_until, drain_through from queue_state`);
  const gates = new Map(rows.map((row) => [row.source, toGate(row, now)]));
  return (source) => gates.get(source) ?? open;
}

/** True while something that was pending when the drain began still is. Part of a statement that reads `queue_state`. */
export const isDraining = sql`exists (
  select 1 from lane where lane.queue = 'outbox' and lane.source = queue_state.source
    and ${headOfLane} <= queue_state.drain_through)`;

const open: Gate = { closed: false };

/** The sources that have due lanes and room, the least busy first: one that has much to do delays nobody. */
async function dueSources(
  tx: Tx,
  queue: QueueName,
  request: LeaseRequest,
): Promise<{ due: DueSource[]; nextDueAt: number | undefined }> {
  const gateOf = await readGates(tx, queue, request.now);
  const due: DueSource[] = [];
  let nextDueAt: number | undefined;
  for (const source of request.sources ?? (await sourcesWithLanes(tx, queue))) {
    const slots = request.slots?.[source] ?? request.perSource;
    if (slots <= 0) continue;
    const { closed, opensAt, drainThrough } = gateOf(source);
    const at = closed ? opensAt : await firstDueAt(tx, queue, source);
    if (at === undefined) continue;
    if (closed || at > request.now) nextDueAt = earliest(nextDueAt, at);
    else due.push({ source, slots, at, ...(drainThrough === undefined ? {} : { drainThrough }) });
  }
  due.sort((left, right) => right.slots - left.slots || left.at - right.at);
  return { due, nextDueAt };
}

function toGate(state: QueueStateRow, now: number): Gate {
  const onHold = state.hold_reason !== null && (state.hold_until === null || state.hold_until > now);
  if (state.paused === 0 && !onHold) return open;
  if (state.drain_through !== null) return { closed: false, drainThrough: state.drain_through };
  if (state.paused === 1 || state.hold_until === null) return { closed: true };
  return { closed: true, opensAt: state.hold_until };
}

/** Forgets a drain when nothing is left of what it was for. What is left may also wait, or be under lease. */
async function endDrain(tx: Tx, source: SourceId, drainThrough: number): Promise<void> {
  const state: Sql = sql`source = ${source} and drain_through = ${drainThrough}`;
  await tx.run(sql`update queue_state set drain_through = null where ${state} and not ${isDraining}`);
}

function earliest(left: number | undefined, right: number | null | undefined): number | undefined {
  if (left === undefined || right === undefined || right === null) return left ?? right ?? undefined;
  return Math.min(left, right);
}
