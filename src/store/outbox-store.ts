import type { Address } from '../domain/address.ts';
import type { ApprovalUse } from '../domain/approval.ts';
import type { ConnectorId, EventId, MessageId, PartId } from '../domain/ids.ts';
import type { Origin, OutboundOperation, OutboundPart } from '../domain/outbound.ts';
import type { DeliveryOutcome } from '../domain/outcome.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { Settlement } from '../domain/settle.ts';
import type { Lease, LeasedQueue } from './queue.ts';

export interface NewPart {
  readonly id: PartId;
  readonly message: MessageId;
  /** Unique for life. Enqueuing the same key again changes nothing. */
  readonly key: string;
  readonly address: Address;
  readonly operation: OutboundOperation;
  readonly part: number;
  readonly parts: number;
  readonly origin: Origin;
}

export interface LeasedPart extends Lease, OutboundPart {
  readonly source: ConnectorId;
  readonly event?: EventId;
  readonly createdAt: number;
  readonly firstAttemptAt: number;
  readonly attempts: number;
  readonly deferrals: number;
  /** An earlier attempt may have been applied: its outcome was lost, or it was never settled. */
  readonly uncertain: boolean;
}

export type PartState = 'pending' | 'delivered' | 'dead' | 'held' | 'discarded';

export interface PartRecord {
  readonly id: PartId;
  readonly message: MessageId;
  readonly key: string;
  readonly connector: ConnectorId;
  readonly lane: string;
  readonly part: number;
  readonly parts: number;
  readonly state: PartState;
  readonly reason?: ReasonCode;
  readonly detail?: string;
  readonly attempts: number;
  readonly deferrals: number;
  readonly uncertain: boolean;
  readonly possibleDuplicate: boolean;
  readonly createdAt: number;
  readonly dueAt?: number;
  readonly finishedAt?: number;
  readonly platformIds: readonly string[];
  readonly origin: Origin;
  /** Absent once retention has removed the contents. */
  readonly address?: Address;
  readonly operation?: OutboundOperation;
}

/** What one attempt came to, with how long it took; written with the settlement. */
export interface AttemptReport {
  readonly at: number;
  readonly durationMs: number;
  /**
   * `reconciled`: nothing was sent, the platform had it from before. With `unknown`, a part that dies of it
   * may have been applied: a replay goes out labelled.
   */
  readonly outcome: DeliveryOutcome['kind'] | 'reconciled';
}

export interface OutboxStore extends LeasedQueue<LeasedPart> {
  /**
   * Stores the parts in the given order, one commit for all. When their keys are there already, nothing
   * changes and the answer names the message that has them. What needs an approval uses it up in that commit.
   * @throws AppError `conflict` when a key is there with other contents; `unavailable` when the
   *   connector has `depthMax` parts pending. Of the approval: `not_found`; `conflict` when it is not approved,
   *   was used, is over its time or is for other contents; `forbidden` when another principal asked for it.
   */
  enqueue(
    parts: readonly NewPart[],
    at: number,
    depthMax: number,
    approval?: ApprovalUse,
  ): Promise<{ message: MessageId; added: boolean }>;

  /**
   * Records how an attempt ended. A part that dies takes the later parts of its message out of the lane
   * (`group_held`), and the lane goes on. @throws AppError `lease_lost`.
   */
  settle(lease: Lease, settlement: Settlement, report: AttemptReport): Promise<void>;

  /** Nobody knows whether it was applied, and the operator shall decide. @throws AppError `lease_lost`. */
  hold(lease: Lease, at: number): Promise<void>;

  /** Records that the next attempt may repeat an earlier one, before it is made. @throws AppError `lease_lost`. */
  markPossibleDuplicate(lease: Lease, at: number): Promise<void>;

  getPart(id: PartId): Promise<PartRecord | undefined>;
  getPartByKey(key: string): Promise<PartRecord | undefined>;
  listPartsOfMessage(id: MessageId): Promise<readonly PartRecord[]>;
  listPartsOfEvent(id: EventId): Promise<readonly PartRecord[]>;
  /** The part that a platform knows under this id, for looking up a message by its link. */
  findByPlatformId(connector: ConnectorId, platformId: string): Promise<PartRecord | undefined>;
  /** Whether we have delivered anything to this lane: what makes us a participant of a thread. */
  getParticipation(lane: string): Promise<boolean>;

  /**
   * Takes a dead or held part, and the parts that it held up, back into its lane with fresh attempts.
   * A part with an unknown outcome goes out labelled. @throws AppError `not_found`, `conflict`.
   */
  replay(id: PartId, at: number): Promise<void>;
  /** Throws the part away, with the parts that it held up. @throws AppError `not_found`, `conflict`. */
  discard(id: PartId, at: number): Promise<void>;
}

export interface DeadLetter {
  readonly id: EventId | PartId;
  readonly queue: 'inbox' | 'outbox';
  readonly source: string;
  readonly state: 'dead' | 'held';
  readonly reason: ReasonCode;
  readonly detail?: string;
  readonly attempts: number;
  readonly at: number;
}

export interface DeadLetterStore {
  /** Newest first. */
  listDeadLetters(filter: { source?: string }, page: PageRequest): Promise<Page<DeadLetter>>;
}
