import type { ConnectorId, ConnectorKind, SourceId } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';

export interface ConnectorRecord {
  readonly id: ConnectorId;
  readonly kind: ConnectorKind;
  readonly config: Readonly<Record<string, unknown>>;
  /** Vault reference of the credential, where the kind has one. */
  readonly secretRef?: string;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The right to hold a connector's live session. A later claim has a higher epoch. */
export interface ConnectorClaim {
  readonly connector: ConnectorId;
  readonly owner: string;
  readonly epoch: number;
}

/** Why a queue does not move. Paused by a person; on hold by the program, which names the reason. */
export interface QueueState {
  readonly source: SourceId;
  readonly paused: boolean;
  readonly pauseReason?: string;
  readonly holdReason?: ReasonCode;
  /** Unix ms; absent means until somebody releases it. */
  readonly holdUntil?: number;
  /** While true, what was pending when the drain began moves in spite of pause and hold. */
  readonly draining: boolean;
}

export interface ConnectorStore {
  listConnectors(): Promise<readonly ConnectorRecord[]>;
  getConnector(id: ConnectorId): Promise<ConnectorRecord | undefined>;
  putConnector(record: ConnectorRecord): Promise<void>;
  /**
   * Removes the connector. What is pending ends as `connector_removed`, in slices: call until it answers
   * `more: false`. History stays.
   */
  removeConnector(id: ConnectorId, at: number): Promise<{ more: boolean }>;

  /**
   * Takes or prolongs the sole right to run a connector, until `until`. Answers undefined while somebody
   * else holds it.
   */
  claim(id: ConnectorId, owner: string, now: number, until: number): Promise<ConnectorClaim | undefined>;
  releaseClaim(claim: ConnectorClaim): Promise<void>;

  getCursor(source: SourceId): Promise<string | undefined>;

  listQueueStates(): Promise<readonly QueueState[]>;
  pause(source: SourceId, reason: string, at: number): Promise<void>;
  /** Ends pause and hold alike. */
  resume(source: SourceId, at: number): Promise<void>;
  hold(source: SourceId, reason: ReasonCode, at: number, until?: number): Promise<void>;
  /** Ends a hold with this reason, or any hold; a pause stays. */
  releaseHold(source: SourceId, at: number, reason?: ReasonCode): Promise<void>;
  /** Makes everything pending due now and lets it pass pause and hold, once. Answers how many parts that is. */
  drain(source: SourceId, at: number): Promise<{ parts: number }>;
}
