import type { ConnectorId } from '../../domain/ids.ts';
import type { LeasedEvent } from '../inbox-store.ts';
import type { LeasedPart } from '../outbox-store.ts';
import type { Lease, LeaseRequest, LeaseResult, QueueName } from '../queue.ts';
import type { Store } from '../store.ts';
import { accept, enqueue, endOf, eventId, leaseRequest, partId } from './data.ts';

/** A leased row of either queue, as far as both are the same. */
export interface HeldRow extends Lease {
  readonly key: string;
  readonly source: ConnectorId;
  readonly attempt: number;
  readonly firstAttemptAt: number;
  /** An earlier attempt was never settled. */
  readonly interrupted: boolean;
}

export interface RowFacts {
  readonly key: string;
  readonly conversation?: string;
  readonly connector?: ConnectorId;
}

/** What both queues can do, under the same words: lanes and leases are proven for both at once. */
export interface QueueKit {
  readonly queue: QueueName;
  add(store: Store, row: RowFacts, at?: number): Promise<void>;
  lease(store: Store, now: number, rest?: Partial<LeaseRequest>): Promise<LeaseResult<HeldRow>>;
  /** The row is through: delivered, or its turn is over. */
  end(store: Store, lease: Lease, at: number): Promise<void>;
  /** The attempt failed, and there will be another. */
  retry(store: Store, lease: Lease, at: number, dueAt: number): Promise<void>;
  die(store: Store, lease: Lease, at: number): Promise<void>;
  replay(store: Store, key: string, at: number): Promise<void>;
  discard(store: Store, key: string, at: number): Promise<void>;
}

const inboxKit: QueueKit = {
  queue: 'inbox',
  add: async (store, { key, conversation, connector }, at = 1_000) => {
    const place = {
      ...(conversation !== undefined && { conversation }),
      ...(connector && { source: connector }),
    };
    await accept(store, [{ key, ...place }], { at });
  },
  lease: async (store, now, rest) => {
    const { rows, ...result } = await store.inbox.lease(leaseRequest(now, rest));
    return { ...result, rows: rows.map(heldEvent) };
  },
  end: (store, lease, at) => store.inbox.complete(lease, endOf(at)),
  retry: (store, lease, at, dueAt) => store.inbox.retry(lease, { at, dueAt, reason: 'agent_unavailable' }),
  die: (store, lease, at) =>
    store.inbox.complete(lease, endOf(at, { state: 'dead', reason: 'agent_rejected' })),
  replay: (store, key, at) => store.inbox.replay(eventId(key), at),
  discard: (store, key, at) => store.inbox.discard(eventId(key), at),
};

const outboxKit: QueueKit = {
  queue: 'outbox',
  add: (store, row, at) => enqueue(store, row, at),
  lease: async (store, now, rest) => {
    const { rows, ...result } = await store.outbox.lease(leaseRequest(now, rest));
    return { ...result, rows: rows.map(heldPart) };
  },
  end: (store, lease, at) =>
    store.outbox.settle(
      lease,
      { state: 'delivered', platformIds: ['p'] },
      { at, durationMs: 1, outcome: 'delivered' },
    ),
  retry: (store, lease, at, dueAt) =>
    store.outbox.settle(
      lease,
      { state: 'pending', code: 'platform_error', dueAt, deferral: false, uncertain: false },
      { at, durationMs: 1, outcome: 'retry' },
    ),
  die: (store, lease, at) =>
    store.outbox.settle(
      lease,
      { state: 'dead', code: 'platform_rejected' },
      { at, durationMs: 1, outcome: 'rejected' },
    ),
  replay: (store, key, at) => store.outbox.replay(partId(key), at),
  discard: (store, key, at) => store.outbox.discard(partId(key), at),
};

export const queueKits: readonly QueueKit[] = [inboxKit, outboxKit];

function heldEvent(row: LeasedEvent): HeldRow {
  const { leaseId, lane, attempt, firstAttemptAt, interrupted } = row;
  const key = row.eventId.replace('evt_', '');
  return { leaseId, lane, key, source: row.source as ConnectorId, attempt, firstAttemptAt, interrupted };
}

function heldPart(row: LeasedPart): HeldRow {
  const { leaseId, lane, source, attempt, firstAttemptAt, uncertain } = row;
  return {
    leaseId,
    lane,
    key: row.key.replace(/:\d+$/, ''),
    source,
    attempt,
    firstAttemptAt,
    interrupted: uncertain,
  };
}
