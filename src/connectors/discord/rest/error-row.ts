import type { OutcomeScope } from '../../../domain/outcome.ts';
import type { ReasonCode } from '../../../domain/reasons.ts';

/**
 * `retry`: not applied, and it may work soon. `deferral`: not applied, we have to wait. `rejected`: never.
 * `unknown`: it may have been applied. `gone`: what it is about is not there any more.
 */
export type ErrorKind = 'retry' | 'deferral' | 'rejected' | 'unknown' | 'gone';

export interface ErrorRow {
  readonly outcome: ErrorKind;
  readonly scope: OutcomeScope;
  readonly reason: ReasonCode;
  /** What it means and what to do, for the operator. */
  readonly hint: string;
  /** What to wait when the platform does not say. */
  readonly afterMs?: number;
  /** True where whatever is tried in that channel is refused, until something changes there. */
  readonly isOfPlace?: boolean;
}

export function rejected(reason: ReasonCode, hint: string, scope: OutcomeScope = 'message'): ErrorRow {
  return { outcome: 'rejected', scope, reason, hint };
}

export function place(reason: ReasonCode, hint: string): ErrorRow {
  return { outcome: 'rejected', scope: 'lane', reason, hint, isOfPlace: true };
}

export function later(
  reason: ReasonCode,
  hint: string,
  afterMs: number,
  scope: OutcomeScope = 'lane',
): ErrorRow {
  return { outcome: 'deferral', scope, reason, hint, afterMs };
}

export function gone(hint: string, reason: ReasonCode = 'message_gone'): ErrorRow {
  return { outcome: 'gone', scope: 'message', reason, hint };
}
