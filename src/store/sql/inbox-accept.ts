import { AppError } from '../../domain/errors.ts';
import type { EventId } from '../../domain/ids.ts';
import { limits } from '../../domain/limits.ts';
import { sql } from '../../lib/sql.ts';
import type { Accepted, AcceptRequest, NewEvent } from '../inbox-store.ts';
import { checkClaim } from './connectors.ts';
import { checkDepth, openLanes, refreshIdleLane } from './lanes.ts';
import { noteHeard, writeNote } from './platforms.ts';
import { insertDelivery, record } from './record.ts';
import { toJson, type Tx } from './tx.ts';

export async function accept(tx: Tx, request: AcceptRequest): Promise<readonly Accepted[]> {
  if (request.claim) await checkClaim(tx, request.claim);
  if (request.events.length > 0) await checkDepth(tx, 'inbox', request.source, request.depthMax);
  const accepted = await acceptEvents(tx, request);
  if (request.delivery) await storeDelivery(tx, request, accepted[0]);
  if (request.cursor !== undefined) {
    await tx.run(sql`
      insert into platform_cursor (source, cursor, updated_at) values (${request.source}, ${request.cursor}, ${request.at})
      on conflict (source) do update set cursor = excluded.cursor, updated_at = excluded.updated_at`);
  }
  for (const note of request.notes ?? []) await writeNote(tx, request.source, note);
  return accepted;
}

async function acceptEvents(tx: Tx, request: AcceptRequest): Promise<readonly Accepted[]> {
  const earlier = new Map<NewEvent, Repeated | undefined>();
  for (const item of request.events) earlier.set(item, await findAccepted(tx, item));
  // The lanes come first, and repeats open none: they are the common case after a reconnect.
  const fresh = request.events.filter((item) => earlier.get(item) === undefined && isPending(item));
  const lanes = fresh.map(({ event }) => ({ name: event.lane, source: event.source }));
  await openLanes(tx, 'inbox', lanes, request.at);
  const accepted: Accepted[] = [];
  for (const item of request.events) accepted.push(await acceptOne(tx, request, item, earlier.get(item)));
  const added = request.events.filter(
    (item, index) => isPending(item) && accepted[index]?.duplicate === false,
  );
  const filled = new Set(added.map(({ event }) => event.lane));
  for (const { name } of lanes) if (!filled.has(name)) await refreshIdleLane(tx, 'inbox', name);
  for (const { event } of request.events) await noteHeard(tx, event, request.at);
  return accepted;
}

async function acceptOne(
  tx: Tx,
  request: AcceptRequest,
  item: NewEvent,
  earlier: Repeated | undefined,
): Promise<Accepted> {
  if (earlier !== undefined) return countDuplicate(tx, request, earlier);
  if (!(await insertEvent(tx, request, item))) {
    // The same call has it twice, or another transaction took the key since the look, and has committed by now.
    const winner = await findAccepted(tx, item);
    if (winner === undefined) {
      throw new AppError(
        'conflict',
        `Event id ${item.id} is in use, or its first copy was removed just now.`,
      );
    }
    return countDuplicate(tx, request, winner);
  }
  const { event } = item;
  if (isPending(item)) tx.gauge(event.source, 'inbox', 'pending', 1);
  tx.count(event.source, isPending(item) ? 'accepted' : 'ignored', request.at);
  await record(tx, {
    at: request.at,
    kind: 'inbound.accepted',
    source: event.source,
    subject: item.id,
    data: {
      type: event.type,
      ...(event.type === 'webhook' ? { event: event.event, delivery: event.delivery } : {}),
      ...(item.refusal === undefined ? {} : { state: 'ignored', code: item.refusal }),
    },
  });
  tx.touch('inbox');
  return { id: item.id, duplicate: false };
}

async function insertEvent(tx: Tx, request: AcceptRequest, item: NewEvent): Promise<boolean> {
  const { id, traceId, event, refusal } = item;
  const delivery = event.type === 'webhook' ? event.delivery : null;
  const inserted = await tx.run(sql`
    insert into inbox (id, source, lane, type, dedupe_key, content_key, trace_id, state, reason, delivery_id,
      accepted_at, due_at, finished_at, event)
    values (${id}, ${event.source}, ${event.lane}, ${event.type}, ${event.dedupeKey}, ${event.contentKey}, ${traceId},
      ${isPending(item) ? 'pending' : 'ignored'}, ${refusal}, ${delivery},
      ${request.at}, ${request.at}, ${isPending(item) ? null : request.at}, ${toJson(event)})
    on conflict do nothing`);
  return inserted === 1;
}

/** The event that came first, and how it was known again. */
type Repeated = Omit<Accepted, 'duplicate'>;

async function findAccepted(tx: Tx, { event }: NewEvent): Promise<Repeated | undefined> {
  const byKey = await tx.get<{ id: EventId }>(
    sql`select id from inbox where source = ${event.source} and dedupe_key = ${event.dedupeKey}`,
  );
  if (byKey || event.contentKey === undefined) return byKey;
  const byContent = await tx.get<{ id: EventId }>(
    sql`select id from inbox where source = ${event.source} and content_key = ${event.contentKey}`,
  );
  return byContent && { id: byContent.id, reason: 'duplicate_content' };
}

async function countDuplicate(tx: Tx, request: AcceptRequest, earlier: Repeated): Promise<Accepted> {
  const { id, reason } = earlier;
  const accepted = { ...earlier, duplicate: true };
  const counted = await tx.get<{ duplicates: number }>(
    sql`update inbox set duplicates = duplicates + 1 where id = ${id} returning duplicates`,
  );
  tx.count(request.source, 'duplicate', request.at);
  // All are counted; a storm of them must not crowd the other steps of the event out of its trace.
  if ((counted?.duplicates ?? 0) > limits.repeatsNotedMax) return accepted;
  await record(tx, {
    at: request.at,
    kind: 'inbound.deduplicated',
    source: request.source,
    subject: id,
    data: {
      ...(request.delivery ? { delivery: request.delivery.id } : {}),
      ...(reason === undefined ? {} : { code: reason }),
    },
  });
  return accepted;
}

async function storeDelivery(tx: Tx, request: AcceptRequest, accepted: Accepted | undefined): Promise<void> {
  if (!request.delivery) return;
  const delivery = accepted?.duplicate
    ? ({ ...request.delivery, verdict: 'duplicate', reason: accepted.reason ?? 'duplicate' } as const)
    : request.delivery;
  await insertDelivery(tx, delivery, accepted?.id ?? null);
}

/** What is refused is kept, but no worker gets it, so it is in no lane. */
function isPending({ refusal }: NewEvent): boolean {
  return refusal === undefined;
}
