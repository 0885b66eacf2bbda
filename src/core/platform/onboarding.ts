import type { z } from 'zod';
import type {
  AppliedOnboarding,
  ConnectorOnboarding,
  OnboardingIssue,
  ProbeHost,
  ProbeNotice,
  ProbeReport,
  StoredAccount,
} from '../../connectors/onboarding.ts';
import { AppError } from '../../domain/errors.ts';
import { type ConnectorId, kindOf, parseConnectorId } from '../../domain/ids.ts';
import { parseVaultRef } from '../../domain/vault-ref.ts';
import type { GuardedFetch } from '../../lib/guarded-fetch.ts';
import type { Redactor } from '../../lib/redact.ts';
import type { ConnectorRecord } from '../../store/connector-store.ts';
import type { Store } from '../../store/store.ts';
import { parseConfig } from '../connector-supervisor.ts';
import { redactedData } from '../redacted-adapter.ts';
import { redactedError } from '../redacted-error.ts';
import { PlanApplier, type PlanApplierDeps } from './plan-applier.ts';

export interface OnboardingDeps extends PlanApplierDeps {
  readonly store: Pick<Store, 'connectors' | 'rules' | 'agents'>;
  readonly fetch: GuardedFetch;
  readonly redactor: Redactor;
}

/** Sets accounts up with their platforms. */
export class Onboarding {
  readonly #deps: OnboardingDeps;
  readonly #plans: PlanApplier;

  constructor(deps: OnboardingDeps) {
    this.#deps = deps;
    this.#plans = new PlanApplier(deps);
  }

  /** What is wrong with the answers by themselves. Asks no platform. */
  async check(kind: string, request: unknown): Promise<readonly OnboardingIssue[]> {
    const parsed = this.#of(kind).requestSchema.safeParse(request);
    return parsed.success ? [] : parsed.error.issues.map(toIssue);
  }

  /** Changes nothing, and says what applying would interrupt. @throws AppError `invalid_request`, or as the platform has it. */
  async probe(kind: string, request: unknown): Promise<ProbeReport> {
    const onboarding = this.#of(kind);
    const host = await this.#host();
    const report = await this.#cleanly(() => onboarding.probe(parse(onboarding, request), host));
    const isLive = this.#deps.supervisor.session(report.connector) !== undefined;
    return isLive ? { ...report, notices: [...report.notices, reopening(report.connector)] } : report;
  }

  async apply(kind: string, request: unknown): Promise<{ report: ProbeReport; applied: AppliedOnboarding }> {
    const onboarding = this.#of(kind);
    const host = await this.#host();
    const applying = { ...host, apply: this.#plans.apply.bind(this.#plans) };
    return this.#cleanly(() => onboarding.apply(parse(onboarding, request), applying));
  }

  /** The same look with what is stored, for an account that is set up. @throws AppError `not_found`. */
  async refresh(connector: string, verifyChannel?: string): Promise<ProbeReport> {
    const id = parseConnectorId(connector);
    const record = await this.#record(id);
    const onboarding = this.#of(kindOf(id));
    const account = await this.#account(record);
    const host = await this.#host();
    return this.#cleanly(() => onboarding.refresh(account, verifyChannel, host));
  }

  /** What would set the account up as it is now; never its credential. @throws AppError `not_found`. */
  async answers(connector: string): Promise<Readonly<Record<string, unknown>>> {
    const id = parseConnectorId(connector);
    const record = await this.#record(id);
    const onboarding = this.#of(kindOf(id));
    const rules = await this.#deps.store.rules.listRules();
    return onboarding.answersOf({ connector: id, config: this.#config(record), rules });
  }

  /** @throws AppError `invalid_request` for an unknown kind, `unsupported` for one that needs no setup. */
  #of(kind: string): ConnectorOnboarding {
    const { onboarding } = this.#deps.adapters.get(kind);
    if (onboarding) return onboarding;
    throw new AppError(
      'unsupported',
      `A ${kind} connector needs no setup. Add it: palyra channels add. See it: palyra channels status.`,
    );
  }

  async #record(id: ConnectorId): Promise<ConnectorRecord> {
    const record = await this.#deps.store.connectors.getConnector(id);
    if (record) return record;
    throw new AppError('not_found', `There is no connector ${id}. See: palyra channels list.`);
  }

  /** @throws AppError `not_found` when there is no credential, `vault_locked`, `config_invalid`. */
  async #account(record: ConnectorRecord): Promise<StoredAccount> {
    const { vault, store } = this.#deps;
    const { id, secretRef } = record;
    if (secretRef === undefined)
      throw new AppError('not_found', `${id} has no credential. Add one: palyra secrets set.`);
    const credential = await vault.resolve(parseVaultRef(secretRef));
    const rules = await store.rules.listRules();
    return { connector: id, config: this.#config(record), credential, rules };
  }

  #config({ kind, config }: ConnectorRecord): Readonly<Record<string, unknown>> {
    return parseConfig(this.#deps.adapters.get(kind), config) as Readonly<Record<string, unknown>>;
  }

  /** A platform may say again what it was told: its words reach nobody with a credential in them. */
  async #cleanly<Told>(ask: () => Promise<Told>): Promise<Told> {
    const redact = (text: string): string => this.#deps.redactor.redact(text);
    try {
      return redactedData(await ask(), redact);
    } catch (thrown) {
      throw redactedError(thrown, redact);
    }
  }

  async #host(): Promise<ProbeHost> {
    const { fetch, clock, store, redactor, supervisor } = this.#deps;
    const agents = await store.agents.listAgents();
    return {
      fetch,
      clock,
      agents: agents.filter(({ enabled }) => enabled).map(({ id }) => id),
      conceal: (credential) => redactor.add(credential.reveal()),
      stored: async (connector) => {
        const record = await store.connectors.getConnector(connector);
        if (record?.secretRef === undefined || !(await this.#deps.vault.has(parseVaultRef(record.secretRef))))
          return undefined;
        return this.#account(record);
      },
      ownerBeside: (connector, account) => supervisor.accountOwnerBeside(connector, account),
    };
  }
}

/** @throws AppError `invalid_request` that names the first answer that is wrong. */
function parse(onboarding: ConnectorOnboarding, request: unknown): unknown {
  const parsed = onboarding.requestSchema.safeParse(request);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError(
    'invalid_request',
    `${issue?.path.join('.') || 'The request'}: ${issue?.message ?? 'not valid'}`,
  );
}

function reopening(connector: ConnectorId): ProbeNotice {
  return {
    level: 'info',
    code: 'session_reopens',
    text: `Applying it opens the session of ${connector} anew, and no other.`,
  };
}

function toIssue(issue: z.core.$ZodIssue): OnboardingIssue {
  const questions: unknown = issue.code === 'custom' ? issue.params?.questions : undefined;
  const [first = ''] = issue.path;
  return {
    questions: Array.isArray(questions) ? questions.map(String) : [String(first)],
    text: issue.message,
  };
}
