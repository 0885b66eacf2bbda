import type { SourceId } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';

export type QueueName = 'inbox' | 'outbox';

/** What a worker holds while it works on a row. `leaseId` is the fencing token: never given out twice. */
export interface Lease {
  readonly leaseId: string;
  readonly lane: string;
}

export interface LeaseRequest {
  readonly now: number;
  readonly leaseMs: number;
  /** Unique per call; the leases given out are named after it. */
  readonly leaseId: string;
  /** The most rows to lease in all, shared out evenly over the sources that have work. */
  readonly limit: number;
  /** The most rows of one source, where `slots` does not say otherwise. */
  readonly perSource: number;
  /** Free places by source; 0 passes a source over. */
  readonly slots?: Readonly<Record<string, number>>;
  /** Only these sources; absent means every source. */
  readonly sources?: readonly SourceId[];
}

export interface LeaseResult<Row> {
  readonly rows: readonly Row[];
  /** When to ask again if nothing changes before, in Unix ms; absent when nothing waits for a time. */
  readonly nextDueAt?: number;
}

/** A wait that is no failure: the row keeps its attempts and its place. */
export interface Deferral {
  readonly at: number;
  readonly dueAt: number;
  readonly reason: ReasonCode;
}

/** The part of every queue that lends out rows. Both workers are written against it. */
export interface LeasedQueue<Row> {
  /**
   * Leases the head of up to `limit` due lanes, for `leaseMs` from `now`. A lane with a live lease is
   * passed over, so at most one row per lane is ever out. Sources that are paused or on hold are passed
   * over. Counts an attempt for each row it returns, whether or not that attempt is ever settled.
   * Returns fewer rows than `limit`, or none, when nothing is due; it never waits.
   */
  lease(request: LeaseRequest): Promise<LeaseResult<Row>>;

  /** Prolongs leases to `until`. Returns the ids of those that are lost; their work must stop. */
  extend(leases: readonly Lease[], until: number): Promise<readonly string[]>;

  /** Gives a row back without using up an attempt. @throws AppError `lease_lost`. */
  defer(lease: Lease, deferral: Deferral): Promise<void>;
}
