import type { ReasonCode } from './reasons.ts';

/** How far a failure reaches: this message, its conversation, or the whole connector. */
export type OutcomeScope = 'message' | 'lane' | 'connector';

/** What one attempt on a platform came to. What a platform answers is an outcome, never an exception. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly platformIds: readonly string[] }
  /**
   * Surely not applied. `afterMs` is the least wait that the platform asked for. `deferral` says that it
   * was a wait and not a failure (rate limit, offline), so it uses up no attempt.
   */
  | {
      readonly kind: 'retry';
      readonly code: ReasonCode;
      readonly afterMs?: number;
      readonly scope: OutcomeScope;
      readonly deferral: boolean;
      readonly detail?: string;
    }
  /** It never will be applied. With scope `connector` the fault is in the connector, and the part waits. */
  | {
      readonly kind: 'rejected';
      readonly code: ReasonCode;
      readonly detail: string;
      readonly scope: OutcomeScope;
    }
  /** It was sent and the answer was lost: perhaps applied, perhaps not. */
  | { readonly kind: 'unknown'; readonly code: ReasonCode; readonly detail?: string };

/** What looking for an uncertain part on the platform found. */
export type ResolvedUnknown =
  | { readonly kind: 'delivered'; readonly platformIds: readonly string[] }
  | { readonly kind: 'absent' }
  /** Nobody knows, and sending it again comes to the same: it goes the very way of the earlier attempt. */
  | { readonly kind: 'repeatable' }
  | { readonly kind: 'unresolved' };
