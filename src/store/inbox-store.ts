import type { AgentId, DeliveryId, EventId, RuleId, SourceId, TurnId } from '../domain/ids.ts';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ReplyTo } from '../domain/rule.ts';
import type { ConnectorClaim } from './connector-store.ts';
import type { NewPart } from './outbox-store.ts';
import type { Note } from './platform-store.ts';
import type { Lease, LeasedQueue } from './queue.ts';
import type { NewDelivery } from '../domain/webhook.ts';

export interface NewEvent {
  readonly id: EventId;
  /** 32 hex digits: the W3C trace that the event starts or continues. */
  readonly traceId: string;
  readonly event: InboundEvent;
  /** Set when the event is kept but goes no further, e.g. because it is over a limit. */
  readonly refusal?: ReasonCode;
}

export interface AcceptRequest {
  readonly at: number;
  readonly source: SourceId;
  readonly events: readonly NewEvent[];
  /** Where to resume on the platform after these events; committed with them. */
  readonly cursor?: string;
  /** What the adapter has to remember with these events; committed with them. */
  readonly notes?: readonly Note[];
  /** The claim under which a connector runs; a stale one is refused, cursor and all. */
  readonly claim?: ConnectorClaim;
  /** The HTTP request that carried the one event; stored with it. */
  readonly delivery?: NewDelivery;
  /** With this many events of the source pending, no more are taken. */
  readonly depthMax: number;
}

export interface Accepted {
  readonly id: EventId;
  /** True when the event had been accepted before; `id` is then that of the first. */
  readonly duplicate: boolean;
  /** Of a duplicate that came under a key of its own, and was known by its contents. */
  readonly reason?: 'duplicate_content';
}

/** An event whose turn has not ended. */
export interface WaitingEvent {
  readonly event: InboundEvent;
  readonly eventId: EventId;
  readonly source: SourceId;
  readonly acceptedAt: number;
}

export interface LeasedEvent extends Lease, WaitingEvent {
  readonly traceId: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly firstAttemptAt: number;
  /** An earlier attempt was never settled. */
  readonly interrupted: boolean;
  /** An agent took the turn earlier, and its time to post messages has run out. */
  readonly overdue: boolean;
  /** The exact bytes of a webhook delivery. */
  readonly body?: Uint8Array;
}

/** How a turn, or an event without one, ends. */
export interface EventEnd {
  readonly at: number;
  readonly state: 'done' | 'ignored' | 'dead';
  readonly reason: ReasonCode;
  readonly detail?: string;
  readonly rule?: RuleId;
  readonly agent?: AgentId;
  readonly parts: readonly NewPart[];
}

export interface EventRetry {
  readonly at: number;
  readonly dueAt: number;
  readonly reason: ReasonCode;
  readonly detail?: string;
  readonly rule?: RuleId;
  readonly agent?: AgentId;
}

export interface Suspension {
  readonly at: number;
  readonly until: number;
  readonly rule: RuleId;
  readonly agent: AgentId;
  /** What was decided about the answer, for when it comes. */
  readonly answerPlan: AnswerPlan;
}

export interface AnswerPlan {
  readonly replyTo?: ReplyTo;
  readonly responsePrefix?: string;
}

export type EventState = 'pending' | 'done' | 'ignored' | 'dead' | 'discarded';

export interface EventRecord {
  readonly id: EventId;
  readonly source: SourceId;
  readonly lane: string;
  readonly traceId: string;
  readonly state: EventState;
  readonly reason?: ReasonCode;
  readonly detail?: string;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly dueAt?: number;
  readonly finishedAt?: number;
  readonly leased: boolean;
  readonly awaiting: boolean;
  readonly rule?: RuleId;
  readonly agent?: AgentId;
  readonly delivery?: DeliveryId;
  readonly duplicates: number;
  readonly answerPlan?: AnswerPlan;
  /** Absent once retention has removed the contents. */
  readonly event?: InboundEvent;
}

/**
 * A lease hands out a message as its author has left it: edits and a deletion of it that wait among the
 * `limits.revisionsLookedAtMax` events behind it become part of it, and end with that.
 */
export interface InboxStore extends LeasedQueue<LeasedEvent> {
  /**
   * Stores the events, their lanes, the cursor and the delivery in one commit, in the given order.
   * Answers for each event whether it is new. The dedupe mark is the row itself.
   * @throws AppError `unavailable` when the source has `depthMax` events pending or the store cannot
   *   commit, `lease_lost` when the claim is stale. Nothing is stored then.
   */
  accept(request: AcceptRequest): Promise<readonly Accepted[]>;

  /** Ends an event and enqueues what its turn produced, in one commit. @throws AppError `lease_lost`. */
  complete(lease: Lease, end: EventEnd): Promise<void>;

  /** Puts the event back for another attempt. @throws AppError `lease_lost`. */
  retry(lease: Lease, retry: EventRetry): Promise<void>;

  /**
   * The agent answers later: the lane stays closed until then, at the latest until `until`. Survives a
   * restart. @throws AppError `lease_lost`.
   */
  suspend(lease: Lease, suspension: Suspension): Promise<void>;

  /**
   * Ends a suspended turn. The same `postId` again changes nothing and answers `repeated`.
   * @throws AppError `not_found`, or `conflict` when the turn is not waiting for messages.
   */
  resume(turn: TurnId, postId: string, end: EventEnd): Promise<{ repeated: boolean }>;

  getEvent(id: EventId): Promise<EventRecord | undefined>;
  /** The event that has this dedupe key. */
  findEvent(source: SourceId, dedupeKey: string): Promise<EventRecord | undefined>;
  listEvents(
    filter: { source?: SourceId; state?: EventState },
    page: PageRequest,
  ): Promise<Page<EventRecord>>;
  /** Whether a pending message has been edited or deleted since it was leased. */
  hasRevision(id: EventId): Promise<boolean>;
  /** What is pending in a lane, its head first. */
  listWaiting(lane: string, limit: number): Promise<readonly WaitingEvent[]>;
  /** How many events stand before this one in its lane, and which is at the head. */
  getQueuePosition(id: EventId): Promise<{ ahead: number; head?: EventId }>;

  /** Takes a dead event up again, with fresh attempts. @throws AppError `not_found`, `conflict` when it is not dead. */
  replay(id: EventId, at: number): Promise<void>;
  /** @throws AppError `not_found`, `conflict` when it is not dead. */
  discard(id: EventId, at: number): Promise<void>;
}
