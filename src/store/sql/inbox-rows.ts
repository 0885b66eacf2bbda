import type { AgentId, DeliveryId, EventId, RuleId, SourceId } from '../../domain/ids.ts';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { AnswerPlan, EventRecord, EventState, LeasedEvent, WaitingEvent } from '../inbox-store.ts';
import { fromJson, present } from './tx.ts';

export interface InboxRow {
  seq: number;
  id: EventId;
  source: SourceId;
  lane: string;
  type: InboundEvent['type'];
  trace_id: string;
  state: EventState;
  reason: ReasonCode | null;
  detail: string | null;
  rule_id: RuleId | null;
  agent_id: AgentId | null;
  delivery_id: DeliveryId | null;
  attempts: number;
  opened: number;
  awaiting: number;
  answer_plan: string | null;
  post_id: string | null;
  duplicates: number;
  accepted_at: number;
  due_at: number;
  first_attempt_at: number | null;
  finished_at: number | null;
  event: string | null;
  body?: Uint8Array | null;
  /** 1 when its lane's lease is for it. */
  leased?: number;
}

export function toWaitingEvent(row: InboxRow): WaitingEvent {
  return {
    event: fromJson(row.event ?? 'null') as InboundEvent,
    eventId: row.id,
    source: row.source,
    acceptedAt: row.accepted_at,
  };
}

/** `row` as it was before the lease counted its attempt. */
export function toLeasedEvent(row: InboxRow, leaseId: string, now: number): LeasedEvent {
  return {
    leaseId,
    lane: row.lane,
    ...toWaitingEvent(row),
    traceId: row.trace_id,
    attempt: row.attempts + 1,
    firstAttemptAt: row.first_attempt_at ?? now,
    interrupted: row.opened === 1,
    overdue: row.awaiting === 1,
    ...(row.body ? { body: row.body } : {}),
  };
}

export function toEventRecord(row: InboxRow): EventRecord {
  return present({
    id: row.id,
    source: row.source,
    lane: row.lane,
    traceId: row.trace_id,
    state: row.state,
    reason: row.reason,
    detail: row.detail,
    attempts: row.attempts,
    acceptedAt: row.accepted_at,
    dueAt: row.state === 'pending' ? row.due_at : null,
    finishedAt: row.finished_at,
    leased: row.leased === 1 && row.awaiting === 0,
    awaiting: row.awaiting === 1,
    rule: row.rule_id,
    agent: row.agent_id,
    delivery: row.delivery_id,
    duplicates: row.duplicates,
    answerPlan: row.answer_plan === null ? null : (fromJson(row.answer_plan) as AnswerPlan),
    event: row.event === null ? null : (fromJson(row.event) as InboundEvent),
  });
}
