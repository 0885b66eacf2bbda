import type { AppliedOnboarding, OnboardingPlan } from '../../connectors/onboarding.ts';
import type { ConnectorAdapter } from '../../connectors/connector.ts';
import type { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { accountOf, type ConnectorId, kindOf } from '../../domain/ids.ts';
import type { Rule } from '../../domain/rule.ts';
import { formatVaultRef, type VaultRef } from '../../domain/vault-ref.ts';
import { type Clock, deadline, rejectOnAbort } from '../../lib/clock.ts';
import type { ConnectorRecord } from '../../store/connector-store.ts';
import type { Store } from '../../store/store.ts';
import type { Vault } from '../../vault/vault.ts';
import { type ConnectorSupervisor, parseConfig, sameSettings } from '../connector-supervisor.ts';
import type { Policy } from '../policy.ts';
import { canonicalRule } from '../router/canonical-rule.ts';

export interface PlanApplierDeps {
  readonly store: Pick<Store, 'connectors' | 'rules'>;
  readonly vault: Pick<Vault, 'put' | 'remove' | 'resolve' | 'has'>;
  readonly supervisor: ConnectorSupervisor;
  readonly policy: Pick<Policy, 'reload'>;
  readonly adapters: AdapterRegistry;
  readonly clock: Clock;
  /** The longest wait for a live session. */
  readonly liveMsMax: number;
}

/** What is there before an account is set up, so that a setup that fails leaves no trace. */
interface Before {
  readonly record: ConnectorRecord | undefined;
  readonly rules: readonly Rule[];
  readonly secret: string | undefined;
}

/** Brings an account to what a plan says, session and all; or leaves it as it was. */
export class PlanApplier {
  readonly #deps: PlanApplierDeps;
  /** One setup of a connector at a time. */
  readonly #applying = new Map<ConnectorId, Promise<unknown>>();

  constructor(deps: PlanApplierDeps) {
    this.#deps = deps;
  }

  async apply(plan: OnboardingPlan): Promise<AppliedOnboarding> {
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
    const { supervisor } = this.#deps;
    const { connector } = plan;
    const ref = secretRefOf(connector);
    const before = await this.#look(plan, ref);
    // Who gets other settings gets another session by that. One too many is one too many for the platform.
    let reopen = (): Promise<void> => supervisor.reconcile();
    try {
      const record = await this.#write(plan, ref, before);
      if (before.record?.enabled === true && sameSettings(before.record, record))
        reopen = () => supervisor.restart(connector);
      await reopen();
      await this.#live(connector);
    } catch (error) {
      throw explain(error, await this.#undo(plan, ref, before, reopen));
    }
    return {
      connector,
      secretRef: formatVaultRef(ref),
      rules: plan.rules.map(({ id }) => id),
      replaced: before.record !== undefined,
    };
  }

  async #look({ connector, rules: planned, ruleIds }: OnboardingPlan, ref: VaultRef): Promise<Before> {
    const { store, vault } = this.#deps;
    const owned = new Set<string>([...ruleIds, ...planned.map(({ id }) => id)]);
    const rules = await store.rules.listRules();
    return {
      record: await store.connectors.getConnector(connector),
      rules: rules.filter(({ id }) => owned.has(id)),
      secret: (await vault.has(ref)) ? (await vault.resolve(ref)).reveal() : undefined,
    };
  }

  /** The rules first: a session, whoever opens it, is not to hear anything before they are in force. */
  async #write(plan: OnboardingPlan, ref: VaultRef, before: Before): Promise<ConnectorRecord> {
    const { store, vault, adapters, clock } = this.#deps;
    const { connector } = plan;
    const adapter = adapters.get(kindOf(connector));
    const kept = parsedOrEmpty(adapter, before.record?.config);
    const config = parseConfig(adapter, { ...kept, ...plan.config }) as Record<string, unknown>;
    await this.#putRules(
      before.rules,
      plan.rules.map((rule) => canonicalRule(rule, adapters)),
    );
    await vault.put(ref, plan.credential.reveal());
    const now = clock.now();
    const record: ConnectorRecord = {
      id: connector,
      kind: kindOf(connector),
      config,
      secretRef: formatVaultRef(ref),
      enabled: true,
      createdAt: before.record?.createdAt ?? now,
      updatedAt: now,
    };
    await store.connectors.putConnector(record);
    return record;
  }

  /** Puts the one in the place of the other, and in force. */
  async #putRules(old: readonly Rule[], wanted: readonly Rule[]): Promise<void> {
    const { store, policy } = this.#deps;
    for (const rule of wanted) await store.rules.putRule(rule);
    for (const { id } of old) if (!wanted.some((rule) => rule.id === id)) await store.rules.removeRule(id);
    await policy.reload();
  }

  /** Waits for a session that lives, or for the word that none will. */
  async #live(connector: ConnectorId): Promise<void> {
    const { supervisor, clock, liveMsMax } = this.#deps;
    const timeout = deadline(clock, liveMsMax, () => {
      const state = supervisor.state(connector)?.state;
      const why = state && 'detail' in state ? ` ${state.detail}` : '';
      return new AppError('timeout', `${connector} did not come up within ${liveMsMax / 1_000} s.${why}`);
    });
    try {
      await rejectOnAbort(supervisor.settled(connector, timeout.signal), timeout.signal);
    } finally {
      timeout.clear();
    }
  }

  /** Every step is tried, whatever became of the one before. Answers with what failed. */
  async #undo(
    plan: OnboardingPlan,
    ref: VaultRef,
    before: Before,
    reopen: () => Promise<void>,
  ): Promise<readonly AppError[]> {
    const { store, vault } = this.#deps;
    const { record, secret, rules } = before;
    const steps = [
      () => this.#putRules(plan.rules, rules),
      () => (secret === undefined ? vault.remove(ref) : vault.put(ref, secret)),
      () => (record ? store.connectors.putConnector(record) : this.#forget(plan.connector)),
      reopen,
    ];
    const failures: AppError[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(AppError.from(error));
      }
    }
    return failures;
  }

  async #forget(connector: ConnectorId): Promise<void> {
    const { store, supervisor, clock } = this.#deps;
    const known = await store.connectors.getConnector(connector);
    if (!known) return;
    await store.connectors.putConnector({ ...known, enabled: false, updatedAt: clock.now() });
    await supervisor.reconcile(connector);
    for (let more = true; more;) ({ more } = await store.connectors.removeConnector(connector, clock.now()));
  }
}

/** Settings that are not valid any more are no reason not to set the account up anew. */
function parsedOrEmpty(adapter: ConnectorAdapter, config: unknown): object {
  const parsed = adapter.configSchema.safeParse(config);
  return parsed.success ? (parsed.data as object) : {};
}

/** The reason first; and, where what was there could not be brought back, that too. */
function explain(thrown: unknown, failures: readonly AppError[]): AppError {
  const { code, message } = AppError.from(thrown);
  const words =
    failures.length === 0
      ? 'Nothing was changed.'
      : `What was there before could not be restored in full: ${failures.map((failure) => failure.message).join(' ')}`;
  return new AppError(code, `${message} ${words}`, { cause: thrown });
}

function secretRefOf(connector: ConnectorId): VaultRef {
  return { scope: `channel:${kindOf(connector)}:${accountOf(connector)}`, key: 'token' };
}
