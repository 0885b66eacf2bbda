import type { Rule } from '../domain/rule.ts';
import type { RuleStore } from '../store/settings-store.ts';
import { compileRouter } from './router/compile.ts';
import type { ConnectorRouter } from './router/decision.ts';

/** The rules as they are in force: compiled to one immutable router, and swapped as a whole. */
export class Policy {
  readonly #store: Pick<RuleStore, 'listRules'>;
  #rules: readonly Rule[] = [];
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

  async reload(): Promise<void> {
    this.#rules = await this.#store.listRules();
    this.#router = compileRouter(this.#rules);
  }
}
