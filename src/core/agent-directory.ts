import type { Agent } from '../agents/agent.ts';
import type { AgentSpec } from '../domain/agent-spec.ts';
import { AppError } from '../domain/errors.ts';
import type { AgentId } from '../domain/ids.ts';
import type { Logger } from '../lib/logger.ts';
import type { AgentStore } from '../store/settings-store.ts';

export interface LiveAgent {
  readonly spec: AgentSpec;
  readonly agent: Agent;
}

export interface AgentDirectoryDeps {
  readonly store: Pick<AgentStore, 'listAgents'>;
  /** @throws AppError `invalid_request` when the kind is unknown or the config does not fit it. */
  readonly createAgent: (spec: AgentSpec) => Agent;
  readonly log: Logger;
}

/** The agents as configured now. Reloaded as a whole, so that a turn sees one state of it. */
export class AgentDirectory {
  readonly #deps: AgentDirectoryDeps;
  #agents: ReadonlyMap<AgentId, LiveAgent> = new Map();
  #loads = 0;
  #loaded = 0;

  constructor(deps: AgentDirectoryDeps) {
    this.#deps = deps;
  }

  /** Of two that overlap, the one that was asked for last counts. */
  async reload(): Promise<void> {
    const load = ++this.#loads;
    const specs = await this.#deps.store.listAgents();
    if (load < this.#loaded) return;
    const agents = new Map<AgentId, LiveAgent>();
    for (const spec of specs) {
      const current = this.#agents.get(spec.id);
      if (current && JSON.stringify(current.spec) === JSON.stringify(spec)) agents.set(spec.id, current);
      else this.#add(agents, spec);
    }
    this.#agents = agents;
    this.#loaded = load;
  }

  /** The agent, if there is one of that name and it is switched on. */
  find(id: AgentId): LiveAgent | undefined {
    const live = this.#agents.get(id);
    return live?.spec.enabled === true ? live : undefined;
  }

  list(): readonly AgentSpec[] {
    return [...this.#agents.values()].map(({ spec }) => spec);
  }

  #add(agents: Map<AgentId, LiveAgent>, spec: AgentSpec): void {
    try {
      agents.set(spec.id, { spec, agent: this.#deps.createAgent(spec) });
    } catch (error) {
      // One agent that cannot be made must not take the others with it; its turns wait as `agent_missing`.
      this.#deps.log.error('agent.unusable', { agent_id: spec.id, error: AppError.from(error) });
    }
  }
}
