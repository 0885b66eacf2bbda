import type { EventId } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { Accepted, AcceptRequest, NewEvent } from '../inbox-store.ts';
import { checkClaim } from './connectors.ts';
import { checkDepth, openLane } from './lanes.ts';
import { insertDelivery, record } from './record.ts';
import { toJson, type Tx } from './tx.ts';

export async function accept(tx: Tx, request: AcceptRequest): Promise<readonly Accepted[]> {
  if (request.claim) await checkClaim(tx, request.claim);
  if (request.events.length > 0) await checkDepth(tx, 'inbox', request.source, request.depthMax);
  const accepted: Accepted[] = [];
  for (const item of request.events) accepted.push(await acceptOne(tx, request, item));
  if (request.delivery) await storeDelivery(tx, request, accepted[0]);
  if (request.cursor !== undefined) {
    await tx.run(sql`
      insert into platform_cursor (source, cursor, updated_at) values (${request.source}, ${request.cursor}, ${request.at})
      on conflict (source) do update set cursor = excluded.cursor, updated_at = excluded.updated_at`);
  }
  return accepted;
}

async function acceptOne(tx: Tx, request: AcceptRequest, item: NewEvent): Promise<Accepted> {
  const first = await findAccepted(tx, item);
  if (first !== undefined) return countDuplicate(tx, request, first);
  if (!(await insertEvent(tx, request, item))) {
    // Another transaction took the key between the look and the insert; it has committed by now.
    const winner = await findAccepted(tx, item);
    return countDuplicate(tx, request, winner ?? item.id);
  }
  const { event } = item;
  const state = item.refusal === undefined ? 'pending' : 'ignored';
  if (state === 'pending') await openLane(tx, 'inbox', event.lane, event.source, request.at);
  if (state === 'pending') tx.gauge(event.source, 'inbox', 'pending', 1);
  tx.count(event.source, state === 'pending' ? 'accepted' : 'ignored', request.at);
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

async function insertEvent(tx: Tx, request: AcceptRequest, { id, traceId, event, refusal }: NewEvent): Promise<boolean> {
  const delivery = event.type === 'webhook' ? event.delivery : null;
  const inserted = await tx.run(sql`
    insert into inbox (id, source, lane, type, dedupe_key, content_key, trace_id, state, reason, delivery_id,
      accepted_at, due_at, finished_at, event)
    values (${id}, ${event.source}, ${event.lane}, ${event.type}, ${event.dedupeKey}, ${event.contentKey}, ${traceId},
      ${refusal === undefined ? 'pending' : 'ignored'}, ${refusal}, ${delivery},
      ${request.at}, ${request.at}, ${refusal === undefined ? null : request.at}, ${toJson(event)})
    on conflict do nothing`);
  return inserted === 1;
}

async function findAccepted(tx: Tx, { event }: NewEvent): Promise<EventId | undefined> {
  const byKey = await tx.get<{ id: EventId }>(
    sql`select id from inbox where source = ${event.source} and dedupe_key = ${event.dedupeKey}`,
  );
  if (byKey || event.contentKey === undefined) return byKey?.id;
  const byContent = await tx.get<{ id: EventId }>(
    sql`select id from inbox where source = ${event.source} and content_key = ${event.contentKey}`,
  );
  return byContent?.id;
}

async function countDuplicate(tx: Tx, request: AcceptRequest, id: EventId): Promise<Accepted> {
  await tx.run(sql`update inbox set duplicates = duplicates + 1 where id = ${id}`);
  tx.count(request.source, 'duplicate', request.at);
  await record(tx, {
    at: request.at,
    kind: 'inbound.deduplicated',
    source: request.source,
    subject: id,
    data: request.delivery ? { delivery: request.delivery.id } : {},
  });
  return { id, duplicate: true };
}

async function storeDelivery(tx: Tx, request: AcceptRequest, accepted: Accepted | undefined): Promise<void> {
  if (!request.delivery) return;
  const delivery = accepted?.duplicate ? ({ ...request.delivery, verdict: 'duplicate', reason: 'duplicate' } as const) : request.delivery;
  await insertDelivery(tx, delivery, accepted?.id ?? null);
}
