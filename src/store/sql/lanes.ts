import { AppError } from '../../domain/errors.ts';
import type { SourceId } from '../../domain/ids.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import type { Deferral, Lease, QueueName } from '../queue.ts';
import type { Tx } from './tx.ts';

export interface Lane {
  readonly name: string;
  readonly source: SourceId;
}

interface LaneRow {
  lease_id: string | null;
  leased_seq: number | null;
}

/** What holds a lane whose turn an agent has taken: no worker's lease, so nobody can extend or settle it. */
const suspended = 'suspended';

/**
 * Makes sure that the lanes exist, and locks them, in name order: transactions that lock several never wait
 * for each other in a circle. Comes before the first look at the rows of a lane. One that turns out to get no
 * row has to be followed by `refreshIdleLane`.
 */
export async function openLanes(
  tx: Tx,
  queue: QueueName,
  lanes: readonly Lane[],
  dueAt: number,
): Promise<void> {
  const byName = new Map(lanes.map((lane) => [lane.name, lane]));
  for (const { name, source } of [...byName.values()].toSorted(inNameOrder)) {
    await tx.run(sql`
      insert into lane (queue, name, source, due_at) values (${queue}, ${name}, ${source}, ${dueAt})
      on conflict (queue, name) do update set source = excluded.source`);
  }
}

/** Locks a lane, where it exists. */
export function lockLane(tx: Tx, queue: QueueName, name: string): Promise<LaneRow | undefined> {
  return tx.get<LaneRow>(sql`
    select lease_id, leased_seq from lane where queue = ${queue} and name = ${name} ${tx.locks.forUpdate}`);
}

/** Writes down that the lane's row `seq` is out. */
export async function leaseLane(
  tx: Tx,
  queue: QueueName,
  lane: string,
  seq: number,
  leaseId: string,
  until: number,
): Promise<void> {
  await tx.run(sql`
    update lane set due_at = ${until}, lease_id = ${leaseId}, leased_seq = ${seq}
    where queue = ${queue} and name = ${lane}`);
}

/** Turns the lease of a lane into one that no worker has. The lane stays closed until `until`. */
export async function suspendLane(
  tx: Tx,
  queue: QueueName,
  lane: string,
  seq: number,
  until: number,
): Promise<void> {
  await leaseLane(tx, queue, lane, seq, suspended, until);
}

/** Locks the lane and returns the row that the lease is for. @throws AppError `lease_lost` when it is another's. */
export async function checkLease(tx: Tx, queue: QueueName, lease: Lease): Promise<number> {
  const lane = await lockLane(tx, queue, lease.lane);
  if (lane?.lease_id !== lease.leaseId || lane.leased_seq === null) {
    throw new AppError('lease_lost', 'Another worker has taken this row over.');
  }
  return lane.leased_seq;
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
export async function refreshIdleLane(tx: Tx, queue: QueueName, name: string): Promise<void> {
  const lane = await lockLane(tx, queue, name);
  if (lane?.lease_id === null) await rescheduleLane(tx, queue, name);
}

/** Makes a lane go on after its row `seq` has ended, whether that row was out, or another has been leased since. */
export async function leaveLane(tx: Tx, queue: QueueName, name: string, seq: number): Promise<void> {
  const lane = await lockLane(tx, queue, name);
  if (lane && (lane.lease_id === null || lane.leased_seq === seq)) await rescheduleLane(tx, queue, name);
}

export async function extendLeases(
  tx: Tx,
  queue: QueueName,
  leases: readonly Lease[],
  until: number,
): Promise<string[]> {
  const lost: string[] = [];
  for (const lease of leases.toSorted((left, right) => (left.lane < right.lane ? -1 : 1))) {
    const changed = await tx.run(sql`
      update lane set due_at = ${until}
      where queue = ${queue} and name = ${lease.lane} and lease_id = ${lease.leaseId}`);
    if (changed === 0) lost.push(lease.leaseId);
  }
  return lost;
}

/** Of every worker. What an agent has taken is its own to keep. */
export async function expireLeases(tx: Tx, now: number): Promise<void> {
  await tx.run(sql`
    update lane set due_at = ${now} where lease_id is not null and lease_id <> ${suspended} and due_at > ${now}`);
}

/** Puts a leased row back as if it had not been tried. */
export async function deferLease(tx: Tx, queue: QueueName, lease: Lease, deferral: Deferral): Promise<void> {
  const seq = await checkLease(tx, queue, lease);
  await tx.run(sql`
    update ${table(queue)} set ${untried}, opened = 0, reason = ${deferral.reason}, due_at = ${deferral.dueAt}
    where seq = ${seq}`);
  await rescheduleLane(tx, queue, lease.lane);
  tx.touch(queue);
}

/** Takes back what the lease counted, the beginning of the row's age too when that was its first attempt. */
export const untried = sql`attempts = attempts - 1,
  first_attempt_at = case when attempts = 1 then null else first_attempt_at end`;

/** The name of the queue is the name of its table. Fixed text, never input. */
export function table(queue: QueueName): Sql {
  return queue === 'inbox' ? sql`inbox` : sql`outbox`;
}

/** @throws AppError `unavailable` when `source` has as many rows pending as it may. */
export async function checkDepth(
  tx: Tx,
  queue: QueueName,
  source: SourceId,
  depthMax: number,
): Promise<void> {
  if ((await countPending(tx, queue, source)) >= depthMax) {
    throw new AppError(
      'unavailable',
      `The ${queue} of ${source} is full: ${depthMax} rows are pending. See palyra status.`,
    );
  }
}

export async function countPending(tx: Tx, queue: QueueName, source: SourceId): Promise<number> {
  const row = await tx.get<{ n: number }>(
    sql`select n from gauge where source = ${source} and queue = ${queue} and state = 'pending'`,
  );
  return (row?.n ?? 0) + tx.movedBy(source, queue, 'pending');
}

function inNameOrder(left: Lane, right: Lane): number {
  return left.name < right.name ? -1 : 1;
}
