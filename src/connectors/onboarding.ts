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
  /** The key of the request that it is about, where another answer would help. */
  readonly question?: string;
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
  /** Settings that are not named here stay as they are. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly credential: Secret;
  readonly rules: readonly Rule[];
  /** The ids of all rules that any setup of this account may make: those that are not in `rules` are taken away. */
  readonly ruleIds: readonly string[];
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
  /** All that there are. */
  readonly rules: readonly Rule[];
}

/** What a look at the platform can reach. */
export interface ProbeHost {
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** Agents that there are, for the rule. */
  readonly agents: readonly string[];
  /** From now on this credential is taken out of everything that is logged or answered. Call it first. */
  conceal(credential: Secret): void;
  /** What is stored for an account that is set up already; undefined when it is not, or has no credential. */
  stored(connector: ConnectorId): Promise<StoredAccount | undefined>;
  /** Another connector that is connected as this account now: see `ConnectorHost.takeAccount`. */
  ownerBeside(connector: ConnectorId, account: string): ConnectorId | undefined;
}

/** What an onboarding can reach. */
export interface OnboardingHost extends ProbeHost {
  /**
   * Stores credential, rules and connector, enables it and waits for a live session; or leaves everything as
   * it was. Repeating it with the same plan changes nothing but the session.
   * @throws AppError of whatever kept the session from becoming live; all is as before then.
   */
  apply(plan: OnboardingPlan): Promise<AppliedOnboarding>;
}

/** How an account of a kind is set up, in one step for programs and question by question for people. */
export interface ConnectorOnboarding<Request = unknown> {
  /** An issue about several answers names them all in `params.questions`, in the order in which they are asked. */
  readonly requestSchema: z.ZodType<Request>;
  /** Changes nothing, here or there. @throws AppError `unauthenticated`, `unavailable`, `rate_limited`. */
  probe(request: Request, host: ProbeHost): Promise<ProbeReport>;
  /**
   * The same look for an account that is set up, with what is stored; and into `verifyChannel`, whether the
   * account may there do what it is set up for.
   */
  refresh(account: StoredAccount, verifyChannel: string | undefined, host: ProbeHost): Promise<ProbeReport>;
  /** Looks again, then applies. @throws AppError `invalid_request` when the look finds an error. */
  apply(
    request: Request,
    host: OnboardingHost,
  ): Promise<{ readonly report: ProbeReport; readonly applied: AppliedOnboarding }>;
  /** The request, without the credential, that would set an account up as it is now. */
  answersOf(account: Omit<StoredAccount, 'credential'>): Readonly<Record<string, unknown>>;
}

/** Answers that cannot stand together, or one that cannot stand at all. */
export interface OnboardingIssue {
  /** Keys of the request, in the order in which they are asked. */
  readonly questions: readonly string[];
  readonly text: string;
}

/**
 * The questions of a setup as data: the command line makes flags and a wizard of them. `name` is a key of the
 * request, at its top level. Every form asks for the `account`, and for one secret.
 */
export interface OnboardingForm {
  readonly kind: string;
  readonly title: string;
  readonly questions: readonly OnboardingQuestion[];
}

export interface QuestionOption {
  readonly value: string;
  readonly label: string;
}

export type QuestionType =
  | { readonly kind: 'secret' }
  | { readonly kind: 'text'; readonly default?: string }
  | { readonly kind: 'list' }
  | { readonly kind: 'yes_no'; readonly default: boolean }
  | { readonly kind: 'choice'; readonly default: string; readonly options: readonly QuestionOption[] }
  | {
      readonly kind: 'choices';
      readonly default: readonly string[];
      readonly options: readonly QuestionOption[];
    }
  /** One of the agents that there are. */
  | { readonly kind: 'agent' };

export interface OnboardingQuestion {
  readonly name: string;
  /** Long flag without dashes, e.g. `allow-from`. */
  readonly flag: string;
  readonly ask: string;
  readonly help: string;
  readonly type: QuestionType;
  /** Asked of a person only when these answers were given; as a flag it is always there. */
  readonly when?: { readonly name: string; readonly oneOf: readonly (string | boolean)[] };
  /** Not asked by itself, only a flag; a person may still change it in the end. */
  readonly flagOnly?: true;
}
