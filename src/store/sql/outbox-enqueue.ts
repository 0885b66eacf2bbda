import { createHash } from 'node:crypto';
import { laneOf } from '../../domain/address.ts';
import { AppError } from '../../domain/errors.ts';
import type { MessageId } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { NewPart } from '../outbox-store.ts';
import { checkDepth, openLane } from './lanes.ts';
import { record } from './record.ts';
import { toJson, type Tx } from './tx.ts';

export async function enqueue(
  tx: Tx,
  parts: readonly NewPart[],
  at: number,
  depthMax: number,
): Promise<{ message: MessageId; added: boolean }> {
  const [first] = parts;
  if (!first) throw new AppError('invalid_request', 'There is nothing to send.');
  const earlier = await tx.get<{ message_id: MessageId }>(sql`select message_id from outbox where key = ${first.key}`);
  if (!earlier) await checkDepth(tx, 'outbox', first.address.connector, depthMax);
  await insertParts(tx, parts, at);
  return { message: earlier?.message_id ?? first.message, added: !earlier };
}

/** Adds what is not there yet. @throws AppError `conflict` when a key is there with other contents. */
export async function insertParts(tx: Tx, parts: readonly NewPart[], at: number): Promise<void> {
  for (const lane of new Map(parts.map((part) => [laneOf(part.address), part])).entries().toArray().toSorted(byName)) {
    await openLane(tx, 'outbox', lane[0], lane[1].address.connector, at);
  }
  for (const part of parts) await insertPart(tx, part, at);
  tx.touch('outbox');
}

async function insertPart(tx: Tx, part: NewPart, at: number): Promise<void> {
  const address = toJson(part.address);
  const operation = toJson(part.operation);
  const digest = createHash('sha256').update(address).update('\n').update(operation).digest('base64url');
  const event = part.origin.kind === 'turn' ? part.origin.event : null;
  const inserted = await tx.run(sql`
    insert into outbox (id, message_id, key, source, lane, part, parts, state, origin, event_id, created_at, due_at,
      digest, address, operation)
    values (${part.id}, ${part.message}, ${part.key}, ${part.address.connector}, ${laneOf(part.address)}, ${part.part},
      ${part.parts}, 'pending', ${toJson(part.origin)}, ${event}, ${at}, ${at}, ${digest}, ${address}, ${operation})
    on conflict (key) do nothing`);
  if (inserted === 0) return checkSame(tx, part, digest);
  tx.gauge(part.address.connector, 'outbox', 'pending', 1);
  tx.count(part.address.connector, 'enqueued', at);
  await record(tx, {
    at,
    kind: 'outbox.enqueued',
    source: part.address.connector,
    subject: event ?? part.message,
    data: { message: part.message, part: part.part, parts: part.parts, op: part.operation.op },
  });
}

/** A turn that is run again may answer in other words; then the first answer stands. A caller of the API is told. */
async function checkSame(tx: Tx, part: NewPart, digest: string): Promise<void> {
  const earlier = await tx.get<{ digest: string }>(sql`select digest from outbox where key = ${part.key}`);
  if (part.origin.kind === 'api' && earlier?.digest !== digest) {
    throw new AppError('conflict', 'This idempotency key was used for another message. Use a new key.');
  }
}

function byName(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}
