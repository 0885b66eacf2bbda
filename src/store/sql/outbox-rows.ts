import type { Address } from '../../domain/address.ts';
import type { ConnectorId, EventId, MessageId, PartId } from '../../domain/ids.ts';
import type { Origin, OutboundOperation } from '../../domain/outbound.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { LeasedPart, PartRecord, PartState } from '../outbox-store.ts';
import { fromJson, present } from './tx.ts';

export interface OutboxRow {
  seq: number;
  id: PartId;
  message_id: MessageId;
  key: string;
  source: ConnectorId;
  lane: string;
  part: number;
  parts: number;
  state: PartState;
  reason: ReasonCode | null;
  detail: string | null;
  origin: string;
  event_id: EventId | null;
  attempts: number;
  deferrals: number;
  opened: number;
  uncertain: number;
  possible_duplicate: number;
  created_at: number;
  due_at: number;
  first_attempt_at: number | null;
  finished_at: number | null;
  platform_ids: string | null;
  digest: string;
  address: string | null;
  operation: string | null;
}

/** `row` as it was before the lease counted its attempt. */
export function toLeasedPart(row: OutboxRow, leaseId: string, now: number): LeasedPart {
  return {
    leaseId,
    lane: row.lane,
    source: row.source,
    id: row.id,
    message: row.message_id,
    key: row.key,
    address: fromJson(row.address ?? 'null') as Address,
    operation: fromJson(row.operation ?? 'null') as OutboundOperation,
    part: row.part,
    parts: row.parts,
    attempt: row.attempts + 1,
    attempts: row.attempts + 1,
    deferrals: row.deferrals,
    possibleDuplicate: row.possible_duplicate === 1,
    uncertain: row.uncertain === 1 || row.opened === 1,
    createdAt: row.created_at,
    firstAttemptAt: row.first_attempt_at ?? now,
    ...(row.event_id === null ? {} : { event: row.event_id }),
  };
}

export function toPartRecord(row: OutboxRow): PartRecord {
  return present({
    id: row.id,
    message: row.message_id,
    key: row.key,
    connector: row.source,
    lane: row.lane,
    part: row.part,
    parts: row.parts,
    state: row.state,
    reason: row.reason,
    detail: row.detail,
    attempts: row.attempts,
    deferrals: row.deferrals,
    uncertain: row.uncertain === 1,
    possibleDuplicate: row.possible_duplicate === 1,
    createdAt: row.created_at,
    dueAt: row.state === 'pending' ? row.due_at : null,
    finishedAt: row.finished_at,
    platformIds: row.platform_ids === null ? [] : (fromJson(row.platform_ids) as string[]),
    origin: fromJson(row.origin) as Origin,
    address: row.address === null ? null : (fromJson(row.address) as Address),
    operation: row.operation === null ? null : (fromJson(row.operation) as OutboundOperation),
  });
}

/** What the steps of this part are traced by. */
export function subjectOf(row: OutboxRow): string {
  return row.event_id ?? row.message_id;
}
