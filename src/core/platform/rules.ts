import type { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { parseSlug, type RuleId } from '../../domain/ids.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Policy } from '../policy.ts';
import { canonicalRule } from '../router/canonical-rule.ts';
import type { RouteDecision } from '../router/decision.ts';
import { type RuleWarning, ruleWarnings } from '../router/warnings.ts';
import { type PreviewRequest, previewEvent } from './preview-event.ts';

export interface RulesDeps {
  readonly store: Store;
  readonly policy: Policy;
  readonly adapters: AdapterRegistry;
  readonly clock: Clock;
}

/** The rules: written, looked through and tried out. */
export class Rules {
  readonly #deps: RulesDeps;

  constructor(deps: RulesDeps) {
    this.#deps = deps;
  }

  get policyHash(): string {
    return this.#deps.policy.router.hash;
  }

  list(): readonly Rule[] {
    return this.#deps.policy.rules;
  }

  /** Validates, canonicalises, stores and puts in force. */
  async save(rule: Rule): Promise<Rule> {
    const { store, policy, adapters } = this.#deps;
    const canonical = canonicalRule({ ...rule, id: parseSlug(rule.id, 'rule id') }, adapters);
    await store.rules.putRule(canonical);
    await policy.reload();
    return canonical;
  }

  /** @throws AppError `not_found`. */
  async remove(id: string): Promise<void> {
    if (!(await this.#deps.store.rules.removeRule(id as RuleId)))
      throw new AppError('not_found', 'There is no such rule. See: palyra router rules list.');
    await this.#deps.policy.reload();
  }

  /** What the live path would decide, by its own function, without any effect. */
  preview(request: PreviewRequest): RouteDecision {
    const event = previewEvent(request, this.#deps.adapters, this.#deps.clock.now());
    return this.#deps.policy.router.route(event, {
      participates: request.participates,
      paired: request.paired,
      botTurns: 0,
    });
  }

  async warnings(): Promise<readonly RuleWarning[]> {
    const { store, policy } = this.#deps;
    const [agents, connectors, integrations] = await Promise.all([
      store.agents.listAgents(),
      store.connectors.listConnectors(),
      store.webhooks.listIntegrations(),
    ]);
    return ruleWarnings(policy.rules, {
      agents: new Set(agents.map(({ id }) => id)),
      connectors: new Set(connectors.map(({ id }) => id)),
      integrations: new Set(integrations.map(({ id }) => id)),
    });
  }
}
