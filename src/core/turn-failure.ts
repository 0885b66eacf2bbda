import { AppError } from '../domain/errors.ts';
import type { ReasonCode } from '../domain/reasons.ts';

/** What to do after an agent did not finish a turn. */
export type TurnFailure =
  /** Try again, with the same turn id. */
  | {
      readonly kind: 'retry';
      readonly reason: ReasonCode;
      readonly detail: string;
      readonly afterMs?: number;
      /** What was thrown, where the detail does not say it. */
      readonly error?: unknown;
    }
  /** It will never work. */
  | { readonly kind: 'dead'; readonly reason: ReasonCode; readonly detail: string }
  /** It is not the turn's fault: wait, and spend no attempt. */
  | { readonly kind: 'wait'; readonly reason: ReasonCode };

/** Reads an agent's failure. `afterMs` is what the agent asked for, where it did. */
export function classifyTurnFailure(thrown: unknown, afterMs: number | undefined): TurnFailure {
  const error = AppError.from(thrown);
  const detail = error.message;
  const wait = afterMs === undefined ? {} : { afterMs };
  switch (error.code) {
    case 'vault_locked':
      return { kind: 'wait', reason: 'vault_locked' };
    case 'timeout':
      return { kind: 'retry', reason: 'agent_timeout', detail };
    case 'rate_limited':
      return { kind: 'retry', reason: 'agent_busy', detail, ...wait };
    case 'unavailable':
    case 'not_found':
    case 'unauthenticated':
    case 'conflict':
    case 'lease_lost':
      return { kind: 'retry', reason: 'agent_unavailable', detail, ...wait };
    case 'internal':
      return { kind: 'retry', reason: 'agent_failed', detail, error: thrown };
    case 'unsupported':
    case 'too_large':
      return { kind: 'dead', reason: 'agent_answer_invalid', detail };
    case 'invalid_request':
    case 'forbidden':
    case 'config_invalid':
      return { kind: 'dead', reason: 'agent_rejected', detail };
  }
}
