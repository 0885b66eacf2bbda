import type { ReasonCode } from '../domain/reasons.ts';
import { askedMs } from '../domain/settle.ts';

/** What a connector is doing right now. Lives in memory only: after a restart it is found out anew. */
export type ConnectorState =
  | { readonly state: 'disabled'; readonly since: number }
  | { readonly state: 'starting'; readonly since: number }
  | { readonly state: 'running'; readonly since: number }
  /** It broke and is started again at `retryAt`. */
  | {
      readonly state: 'backoff';
      readonly since: number;
      readonly retryAt: number;
      readonly code: ReasonCode;
      readonly detail: string;
    }
  /** It broke too often in a row; the breaker waits longer. */
  | {
      readonly state: 'crash_loop';
      readonly since: number;
      readonly retryAt: number;
      readonly code: ReasonCode;
      readonly detail: string;
    }
  /** Only a person can help. */
  | { readonly state: 'blocked'; readonly since: number; readonly code: ReasonCode; readonly detail: string }
  /** Another daemon on the same store has it. */
  | { readonly state: 'standby'; readonly since: number };

export interface RestartPolicy {
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A session that lived this long ends the row of failures. */
  readonly stableMs: number;
  /** After this many failures in a row the breaker opens. */
  readonly failuresMax: number;
  /** How long the open breaker waits. */
  readonly breakerMs: number;
  readonly openTimeoutMs: number;
  readonly claimMs: number;
}

/** How much of a person's attention it wants. */
export function levelOf({ state }: ConnectorState): 'info' | 'warn' | 'error' {
  if (state === 'blocked' || state === 'crash_loop') return 'error';
  return state === 'backoff' ? 'warn' : 'info';
}

/**
 * How to go on after the `failures`-th failure in a row, not before what the platform asked for. Pure;
 * `random` is in [0, 1).
 */
export function afterFailure(
  failures: number,
  policy: RestartPolicy,
  random: number,
  afterMs?: number,
): { readonly state: 'backoff' | 'crash_loop'; readonly waitMs: number } {
  const asked = askedMs(afterMs) ?? 0;
  if (failures >= policy.failuresMax) {
    return {
      state: 'crash_loop',
      waitMs: Math.max(asked, Math.round(policy.breakerMs * (0.75 + 0.5 * random))),
    };
  }
  const ceiling = Math.min(policy.backoffMsMax, policy.backoffMsMin * 2 ** (failures - 1));
  return { state: 'backoff', waitMs: Math.max(asked, Math.round(ceiling * (0.5 + 0.5 * random))) };
}
