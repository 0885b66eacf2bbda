import type { z } from 'zod';
import type { ConnectorId } from '../domain/ids.ts';
import type { Rule } from '../domain/rule.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Secret } from '../lib/secret.ts';

/** Something that a person should know before going on. */
export interface ProbeNotice {
  /** `error`: it cannot work like this. `warning`: something will not work. */
  readonly level: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly text: string;
  /** What to do. */
  readonly hint?: string;
}

/** What a look at the platform found, without changing anything. Holds no part of the credential. */
export interface ProbeReport {
  readonly connector: ConnectorId;
  /** Nothing among the notices is an error. */
  readonly ok: boolean;
  readonly notices: readonly ProbeNotice[];
  /** The platform's own facts: account, application, limits, permissions. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Everything that setting up an account writes. */
export interface OnboardingPlan {
  readonly connector: ConnectorId;
  readonly config: Readonly<Record<string, unknown>>;
  readonly credential: Secret;
  /** Replaced by id; rules of an earlier setup that are not among them are taken away. */
  readonly rules: readonly Rule[];
}

export interface AppliedOnboarding {
  readonly connector: ConnectorId;
  /** Where the credential is. */
  readonly secretRef: string;
  readonly rules: readonly string[];
  /** What was there before was replaced, and its live session opened anew. */
  readonly replaced: boolean;
}

export interface StoredAccount {
  readonly connector: ConnectorId;
  readonly config: Readonly<Record<string, unknown>>;
  readonly credential: Secret;
  /** A conversation in which to check what the account may do. */
  readonly verifyChannel?: string;
}

/** What an onboarding can reach. */
export interface OnboardingHost {
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** Agents that there are, for the rule. */
  readonly agents: readonly string[];
  /**
   * Stores credential, rules and connector, enables it and waits for a live session; or leaves everything as
   * it was. Repeating it with the same plan changes nothing but the session.
   * @throws AppError of whatever kept the session from becoming live; all is as before then.
   */
  apply(plan: OnboardingPlan): Promise<AppliedOnboarding>;
}

/** How an account of a kind is set up, in one step for programs and question by question for people. */
export interface ConnectorOnboarding<Request = unknown> {
  readonly requestSchema: z.ZodType<Request>;
  /** Changes nothing, here or there. @throws AppError `unauthenticated`, `unavailable`, `rate_limited`. */
  probe(request: Request, host: Omit<OnboardingHost, 'apply'>): Promise<ProbeReport>;
  /** The same look for an account that is set up, with what is stored. */
  refresh(account: StoredAccount, host: Omit<OnboardingHost, 'apply'>): Promise<ProbeReport>;
  /** Looks again, then applies. @throws AppError `invalid_request` when the look finds an error. */
  apply(
    request: Request,
    host: OnboardingHost,
  ): Promise<{ readonly report: ProbeReport; readonly applied: AppliedOnboarding }>;
}

/**
 * The questions of a setup as data: the command line makes flags and a wizard of them. `name` is a key of the
 * request, at its top level.
 */
export interface OnboardingForm {
  readonly kind: string;
  readonly title: string;
  readonly questions: readonly OnboardingQuestion[];
}

export interface OnboardingQuestion {
  readonly name: string;
  /** Long flag without dashes, e.g. `allow-from`. */
  readonly flag: string;
  readonly ask: string;
  readonly help: string;
  readonly type:
    | { readonly kind: 'secret' }
    | { readonly kind: 'text'; readonly default?: string }
    | { readonly kind: 'list' }
    | { readonly kind: 'number'; readonly default?: number }
    | { readonly kind: 'yes_no'; readonly default: boolean }
    | {
        readonly kind: 'choice';
        readonly default: string;
        readonly options: readonly { readonly value: string; readonly label: string }[];
      };
  /** Asked of a person only when these answers were given; as a flag it is always there. */
  readonly when?: { readonly name: string; readonly oneOf: readonly (string | boolean)[] };
  /** Not asked at all, only a flag. */
  readonly flagOnly?: true;
}
