import type { ConnectorId } from './ids.ts';
import type { Brand } from './brand.ts';

/** One stretch of time in which a connector did not hear its platform: `gap_<ulid>`. */
export type GapId = Brand<'GapId'>;

/**
 * How a gap stands. `open`: what was missed is not known yet. `resumed`: the platform replayed it.
 * `read_back`: it was read from the platform's history. `skipped`: it was not, and `detail` says why.
 */
export const gapStates = ['open', 'resumed', 'read_back', 'skipped'] as const;
export type GapState = (typeof gapStates)[number];

export interface GapRecord {
  readonly id: GapId;
  readonly connector: ConnectorId;
  /** Which of the connector's connections was down, e.g. `0/1`, or which place was not heard alone. */
  readonly scope: string;
  /** Unix ms: the last moment at which it surely heard the platform. */
  readonly fromAt: number;
  /** Unix ms: when it heard it again; absent while it does not. */
  readonly toAt?: number;
  /** Why it did not, for people. */
  readonly cause: string;
  readonly state: GapState;
  readonly detail?: string;
  /** Events that reached the inbox only by closing the gap. */
  readonly recovered: number;
  /** Events that closing the gap found in the inbox already. */
  readonly duplicates: number;
  /** Messages, or whole conversations, that the policy for reading back left out. */
  readonly skipped: number;
}
