import type { Rule } from '../domain/rule.ts';
import type { RuleStore } from '../store/settings-store.ts';
import { compileRouter } from './router/compile.ts';
import type { ConnectorRouter } from './router/decision.ts';

/** The rules as they are in force: compiled to one immutable router, and swapped as a whole. */
export class Policy {
  readonly #store: Pick<RuleStore, 'listRules'>;
  #rules: readonly Rule[] = [];
  #loads = 0;
  #loaded = 0;
  #router: ConnectorRouter = compileRouter([]);

  constructor(store: Pick<RuleStore, 'listRules'>) {
    this.#store = store;
  }

  get router(): ConnectorRouter {
    return this.#router;
  }

  get rules(): readonly Rule[] {
    return this.#rules;
  }

  /** Of two that overlap, the one that was asked for last counts. */
  async reload(): Promise<void> {
    const load = ++this.#loads;
    const rules = await this.#store.listRules();
    if (load < this.#loaded) return;
    this.#router = compileRouter(rules);
    this.#rules = rules;
    this.#loaded = load;
  }
}
