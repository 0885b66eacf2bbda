import { createHash } from 'node:crypto';
import { laneOf } from '../../domain/address.ts';
import type { ApprovalUse } from '../../domain/approval.ts';
import { AppError } from '../../domain/errors.ts';
import type { MessageId } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { NewPart } from '../outbox-store.ts';
import { useApproval } from './approvals.ts';
import { checkDepth, openLanes, refreshIdleLane } from './lanes.ts';
import { record } from './record.ts';
import { toJson, type Tx } from './tx.ts';

export async function enqueue(
  tx: Tx,
  parts: readonly NewPart[],
  at: number,
  depthMax: number,
  approval?: ApprovalUse,
): Promise<{ message: MessageId; added: boolean }> {
  const [first] = parts;
  if (!first) throw new AppError('invalid_request', 'There is nothing to send.');
  if (approval) await useApproval(tx, approval, at);
  await lockLanes(tx, parts, at);
  const earlier = await tx.get<{ message_id: MessageId }>(
    sql`select message_id from outbox where key = ${first.key}`,
  );
  if (!earlier) await checkDepth(tx, 'outbox', first.address.connector, depthMax);
  await insertLocked(tx, parts, at);
  return { message: earlier?.message_id ?? first.message, added: !earlier };
}

/**
 * Adds the messages that are not there yet, each whole or not at all.
 * @throws AppError `conflict` when one that came by the API is there with other contents.
 */
export async function insertParts(tx: Tx, parts: readonly NewPart[], at: number): Promise<void> {
  await lockLanes(tx, parts, at);
  await insertLocked(tx, parts, at);
}

async function lockLanes(tx: Tx, parts: readonly NewPart[], at: number): Promise<void> {
  const lanes = parts.map(({ address }) => ({ name: laneOf(address), source: address.connector }));
  await openLanes(tx, 'outbox', lanes, at);
}

async function insertLocked(tx: Tx, parts: readonly NewPart[], at: number): Promise<void> {
  const repeats = new Set<MessageId>();
  const repeatLanes = new Set<string>();
  for (const part of parts) {
    if (!repeats.has(part.message) && (await insertPart(tx, part, at))) continue;
    repeats.add(part.message);
    repeatLanes.add(laneOf(part.address));
    await checkSame(tx, part);
  }
  for (const lane of [...repeatLanes].toSorted()) await refreshIdleLane(tx, 'outbox', lane);
  tx.touch('outbox');
}

/** Answers false when the key is there already. */
async function insertPart(tx: Tx, part: NewPart, at: number): Promise<boolean> {
  const { address, operation, origin } = part;
  const event = origin.kind === 'turn' ? origin.event : null;
  const inserted = await tx.run(sql`
    insert into outbox (id, message_id, key, source, lane, part, parts, state, origin, event_id, created_at, due_at,
      digest, address, operation)
    values (${part.id}, ${part.message}, ${part.key}, ${address.connector}, ${laneOf(address)}, ${part.part},
      ${part.parts}, 'pending', ${toJson(origin)}, ${event}, ${at}, ${at}, ${digestOf(part)}, ${toJson(address)},
      ${toJson(operation)})
    on conflict (key) do nothing`);
  if (inserted === 0) return false;
  tx.gauge(address.connector, 'outbox', 'pending', 1);
  tx.count(address.connector, 'enqueued', at);
  await record(tx, {
    at,
    kind: 'outbox.enqueued',
    source: address.connector,
    subject: event ?? part.message,
    data: { message: part.message, part: part.part, parts: part.parts, op: operation.op },
  });
  return true;
}

/** A turn that is run again may answer in other words; then the first answer stands. A caller of the API is told. */
async function checkSame(tx: Tx, part: NewPart): Promise<void> {
  if (part.origin.kind !== 'api') return;
  const earlier = await tx.get<{ digest: string; parts: number }>(
    sql`select digest, parts from outbox where key = ${part.key}`,
  );
  if (earlier?.digest !== digestOf(part) || earlier.parts !== part.parts) {
    throw new AppError('conflict', 'This idempotency key was used for another message. Use a new key.');
  }
}

function digestOf({ address, operation }: NewPart): string {
  return createHash('sha256')
    .update(toJson(address))
    .update('\n')
    .update(toJson(operation))
    .digest('base64url');
}
