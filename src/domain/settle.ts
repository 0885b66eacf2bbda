import type { DeliveryOutcome } from './outcome.ts';
import type { ReasonCode } from './reasons.ts';

export interface RetryPolicy {
  readonly attemptsMax: number;
  /** Waits that use up no attempt are bounded too. */
  readonly deferralsMax: number;
  /** From the first attempt on; later failures are not tried again. */
  readonly ageMsMax: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** What to do when nobody can tell whether an attempt was applied. */
  readonly onUnknown: 'resend-labelled' | 'hold';
}

/** What has been spent on a part so far, this attempt included. */
export interface Spent {
  readonly attempts: number;
  readonly deferrals: number;
  readonly firstAttemptAt: number;
}

/** What becomes of a part after an attempt. `holdConnector` stops the whole queue until somebody helps. */
export type Settlement =
  | { readonly state: 'delivered'; readonly platformIds: readonly string[] }
  | {
      readonly state: 'pending';
      readonly code: ReasonCode;
      readonly dueAt: number;
      /** True when this wait must not count as an attempt. */
      readonly deferral: boolean;
      /** True when the next attempt has to find out first whether this one was applied. */
      readonly uncertain: boolean;
      readonly holdConnector?: { readonly until?: number };
      readonly detail?: string;
    }
  | { readonly state: 'dead'; readonly code: ReasonCode; readonly detail?: string }
  /** It did not arrive, and nobody misses it. */
  | { readonly state: 'discarded'; readonly code: ReasonCode; readonly detail?: string };

/** A platform that asks for no longer than this is not in the way of what comes behind. */
const courtesyWaitMsMax = 2_000;

/** What becomes of a courtesy, which gets one attempt and holds up nothing. */
export function settleCourtesy(settlement: Settlement, now: number): Settlement {
  if (settlement.state === 'delivered' || settlement.state === 'discarded') return settlement;
  if (settlement.state === 'pending') {
    const { deferral, dueAt, holdConnector } = settlement;
    if (holdConnector || (deferral && dueAt - now <= courtesyWaitMsMax)) return settlement;
  }
  const { code, detail } = settlement;
  return { state: 'discarded', code, ...(detail === undefined ? {} : { detail }) };
}

/**
 * Decides what an outcome means for its part. Pure: the same arguments always give the same answer.
 * `random` is in [0, 1). Never shortens a wait that the platform asked for.
 */
export function settle(
  outcome: DeliveryOutcome,
  spent: Spent,
  now: number,
  policy: RetryPolicy,
  random: number,
): Settlement {
  switch (outcome.kind) {
    case 'delivered':
      return { state: 'delivered', platformIds: outcome.platformIds };
    case 'rejected':
      if (outcome.scope !== 'connector') return dead(outcome.code, outcome.detail);
      return {
        state: 'pending',
        code: outcome.code,
        dueAt: now,
        deferral: true,
        uncertain: false,
        holdConnector: {},
        detail: outcome.detail,
      };
    case 'unknown':
      return spent.attempts >= policy.attemptsMax
        ? dead(outcome.code, outcome.detail)
        : {
            state: 'pending',
            code: outcome.code,
            dueAt: now + backoffMs(spent.attempts, policy, random),
            deferral: false,
            uncertain: true,
            ...detailOf(outcome),
          };
    case 'retry':
      return settleRetry(outcome, spent, now, policy, random);
  }
}

function settleRetry(
  outcome: Extract<DeliveryOutcome, { kind: 'retry' }>,
  spent: Spent,
  now: number,
  policy: RetryPolicy,
  random: number,
): Settlement {
  if (outcome.deferral) {
    if (spent.deferrals >= policy.deferralsMax) return dead('deferral_limit_reached', outcome.code);
  } else {
    if (spent.attempts >= policy.attemptsMax) return dead('retry_limit_reached', outcome.code);
    if (now - spent.firstAttemptAt >= policy.ageMsMax) return dead('age_limit_reached', outcome.code);
  }
  const dueAt = now + waitMs(outcome, spent, policy, random);
  return {
    state: 'pending',
    code: outcome.code,
    dueAt,
    deferral: outcome.deferral,
    uncertain: false,
    ...(outcome.scope === 'connector' ? { holdConnector: { until: dueAt } } : {}),
    ...detailOf(outcome),
  };
}

/** What the platform asked for, or more: a short answer again and again would use up every try within a moment. */
function waitMs(
  { afterMs, deferral }: Extract<DeliveryOutcome, { kind: 'retry' }>,
  { attempts, deferrals }: Spent,
  policy: RetryPolicy,
  random: number,
): number {
  const tries = deferral ? deferrals : attempts;
  const asked = askedMs(afterMs);
  if (asked === undefined) return backoffMs(tries, policy, random);
  if (deferral) return Math.max(asked, Math.min(policy.backoffMsMin, 2 ** tries));
  return tries > 1 ? Math.max(asked, backoffMs(tries, policy, random)) : asked;
}

/** Who asks for more has made a mistake in the unit. */
const askedMsMax = 30 * 24 * 60 * 60 * 1_000;

/** A wait that somebody else asked for, in whole ms; undefined when it is none. */
export function askedMs(afterMs: number | undefined): number | undefined {
  if (afterMs === undefined || Number.isNaN(afterMs)) return undefined;
  return Math.ceil(Math.min(Math.max(afterMs, 0), askedMsMax));
}

/** Doubles per try between the policy's bounds, then takes a random point in the upper half of that. */
export function backoffMs(
  tries: number,
  policy: Pick<RetryPolicy, 'backoffMsMin' | 'backoffMsMax'>,
  random: number,
): number {
  const ceiling = Math.min(policy.backoffMsMax, policy.backoffMsMin * 2 ** Math.min(Math.max(tries, 1), 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

function dead(code: ReasonCode, detail: string | undefined): Settlement {
  return { state: 'dead', code, ...(detail === undefined ? {} : { detail }) };
}

function detailOf(outcome: { readonly detail?: string }): { detail?: string } {
  return outcome.detail === undefined ? {} : { detail: outcome.detail };
}
