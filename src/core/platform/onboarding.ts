import type {
  AppliedOnboarding,
  OnboardingHost,
  OnboardingPlan,
  ProbeReport,
} from '../../connectors/onboarding.ts';
import type { ConnectorAdapter } from '../../connectors/connector.ts';
import type { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { accountOf, type ConnectorId, kindOf, parseConnectorId, type RuleId } from '../../domain/ids.ts';
import type { Rule } from '../../domain/rule.ts';
import { formatVaultRef, parseVaultRef, type VaultRef } from '../../domain/vault-ref.ts';
import { type Clock, deadline, rejectOnAbort } from '../../lib/clock.ts';
import type { GuardedFetch } from '../../lib/guarded-fetch.ts';
import type { Redactor } from '../../lib/redact.ts';
import type { ConnectorRecord } from '../../store/connector-store.ts';
import type { Store } from '../../store/store.ts';
import type { Vault } from '../../vault/vault.ts';
import type { ConnectorSupervisor } from '../connector-supervisor.ts';
import { parseConfig } from '../connector-supervisor.ts';
import { canonicalRule } from '../router/canonical-rule.ts';

export interface OnboardingDeps {
  readonly store: Pick<Store, 'connectors' | 'rules' | 'agents'>;
  readonly vault: Pick<Vault, 'put' | 'remove' | 'resolve' | 'has'>;
  readonly supervisor: ConnectorSupervisor;
  readonly adapters: AdapterRegistry;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** The longest wait for a live session. */
  readonly liveMsMax: number;
}

/** What is there before an account is set up, so that a setup that fails leaves no trace. */
interface Before {
  readonly record: ConnectorRecord | undefined;
  readonly rules: readonly Rule[];
  readonly secret: string | undefined;
}

/** Sets accounts up with their platforms. */
export class Onboarding {
  readonly #deps: OnboardingDeps;
  /** One setup of a connector at a time. */
  readonly #applying = new Map<ConnectorId, Promise<unknown>>();

  constructor(deps: OnboardingDeps) {
    this.#deps = deps;
  }

  /** Changes nothing. @throws AppError `invalid_request`, or as the platform has it. */
  async probe(kind: string, request: unknown): Promise<ProbeReport> {
    const { onboarding, parsed } = this.#parse(kind, request);
    return onboarding.probe(parsed, await this.#host());
  }

  async apply(kind: string, request: unknown): Promise<{ report: ProbeReport; applied: AppliedOnboarding }> {
    const { onboarding, parsed } = this.#parse(kind, request);
    return onboarding.apply(parsed, { ...(await this.#host()), apply: (plan) => this.#applyAlone(plan) });
  }

  /** The same look with what is stored, for an account that is set up. @throws AppError `not_found`. */
  async refresh(connector: string, verifyChannel?: string): Promise<ProbeReport> {
    const { store, vault, adapters } = this.#deps;
    const id = parseConnectorId(connector);
    const record = await store.connectors.getConnector(id);
    if (!record) throw new AppError('not_found', `There is no connector ${id}. See: palyra channels list.`);
    const { onboarding } = adapters.get(kindOf(id));
    if (!onboarding)
      throw new AppError(
        'unsupported',
        `A ${kindOf(id)} connector has nothing to look at. See: palyra channels status ${id}.`,
      );
    const credential = await vault.resolve(parseVaultRef(record.secretRef ?? ''));
    return onboarding.refresh(
      {
        connector: id,
        config: record.config,
        credential,
        ...(verifyChannel === undefined ? {} : { verifyChannel }),
      },
      await this.#host(),
    );
  }

  #parse(
    kind: string,
    request: unknown,
  ): { onboarding: NonNullable<ConnectorAdapter['onboarding']>; parsed: unknown } {
    const { onboarding } = this.#deps.adapters.get(kind);
    if (!onboarding)
      throw new AppError('unsupported', `A ${kind} connector needs no setup. Use: palyra channels add.`);
    const parsed = onboarding.requestSchema.safeParse(request);
    if (parsed.success) return { onboarding, parsed: parsed.data };
    const [issue] = parsed.error.issues;
    throw new AppError(
      'invalid_request',
      `${issue?.path.join('.') || 'The request'}: ${issue?.message ?? 'not valid'}`,
    );
  }

  async #host(): Promise<Omit<OnboardingHost, 'apply'>> {
    const { fetch, clock, store } = this.#deps;
    const agents = await store.agents.listAgents();
    return { fetch, clock, agents: agents.filter(({ enabled }) => enabled).map(({ id }) => id) };
  }

  async #applyAlone(plan: OnboardingPlan): Promise<AppliedOnboarding> {
    const before = this.#applying.get(plan.connector) ?? Promise.resolve();
    const applying = before.catch(() => undefined).then(() => this.#apply(plan));
    this.#applying.set(plan.connector, applying);
    try {
      return await applying;
    } finally {
      if (this.#applying.get(plan.connector) === applying) this.#applying.delete(plan.connector);
    }
  }

  async #apply(plan: OnboardingPlan): Promise<AppliedOnboarding> {
    const { redactor, supervisor } = this.#deps;
    redactor.add(plan.credential.reveal());
    const ref = secretRefOf(plan.connector);
    const before = await this.#look(plan, ref);
    try {
      await this.#write(plan, ref, before);
      await supervisor.restart(plan.connector);
      await this.#live(plan.connector);
    } catch (error) {
      await this.#undo(plan, ref, before);
      throw error;
    }
    return {
      connector: plan.connector,
      secretRef: formatVaultRef(ref),
      rules: plan.rules.map(({ id }) => id),
      replaced: before.record !== undefined,
    };
  }

  async #look({ connector }: OnboardingPlan, ref: VaultRef): Promise<Before> {
    const { store, vault } = this.#deps;
    const rules = await store.rules.listRules();
    return {
      record: await store.connectors.getConnector(connector),
      rules: rules.filter(({ id }) => isRuleOf(id, connector)),
      secret: (await vault.has(ref)) ? (await vault.resolve(ref)).reveal() : undefined,
    };
  }

  async #write(plan: OnboardingPlan, ref: VaultRef, before: Before): Promise<void> {
    const { store, vault, adapters, clock } = this.#deps;
    const adapter = adapters.get(kindOf(plan.connector));
    const config = parseConfig(adapter, plan.config) as Record<string, unknown>;
    const rules = plan.rules.map((rule) => canonicalRule(rule, adapters));
    await vault.put(ref, plan.credential.reveal());
    const now = clock.now();
    await store.connectors.putConnector({
      id: plan.connector,
      kind: kindOf(plan.connector),
      config,
      secretRef: formatVaultRef(ref),
      enabled: true,
      createdAt: before.record?.createdAt ?? now,
      updatedAt: now,
    });
    for (const rule of rules) await store.rules.putRule(rule);
    const kept = new Set(rules.map(({ id }) => id));
    for (const { id } of before.rules) if (!kept.has(id)) await store.rules.removeRule(id);
  }

  /** Waits for a session that lives, or for the word that none will. */
  async #live(connector: ConnectorId): Promise<void> {
    const { supervisor, clock, liveMsMax } = this.#deps;
    const timeout = deadline(
      clock,
      liveMsMax,
      () =>
        new AppError(
          'timeout',
          `${connector} did not come up within ${liveMsMax / 1_000} s. Nothing was changed.`,
        ),
    );
    try {
      await rejectOnAbort(supervisor.settled(connector, timeout.signal), timeout.signal);
    } finally {
      timeout.clear();
    }
  }

  async #undo(plan: OnboardingPlan, ref: VaultRef, before: Before): Promise<void> {
    const { store, vault, supervisor, clock } = this.#deps;
    for (const { id } of plan.rules)
      if (!before.rules.some((rule) => rule.id === id)) await store.rules.removeRule(id);
    for (const rule of before.rules) await store.rules.putRule(rule);
    if (before.secret === undefined) await vault.remove(ref);
    else await vault.put(ref, before.secret);
    if (before.record) {
      await store.connectors.putConnector(before.record);
      await supervisor.restart(plan.connector);
      return;
    }
    const known = await store.connectors.getConnector(plan.connector);
    if (!known) return;
    await store.connectors.putConnector({ ...known, enabled: false, updatedAt: clock.now() });
    await supervisor.reconcile();
    for (let more = true; more;)
      ({ more } = await store.connectors.removeConnector(plan.connector, clock.now()));
  }
}

function secretRefOf(connector: ConnectorId): VaultRef {
  return { scope: `channel:${kindOf(connector)}:${accountOf(connector)}`, key: 'token' };
}

/** Rules that a setup makes are named after the connector: `<kind>.<account>`, `<kind>.<account>.<more>`. */
function isRuleOf(id: RuleId, connector: ConnectorId): boolean {
  const name = `${kindOf(connector)}.${accountOf(connector)}`;
  return id === name || id.startsWith(`${name}.`);
}
