import type { Agent } from '../agents/agent.ts';
import type { AdapterRegistry } from '../connectors/registry.ts';
import type { AgentSpec } from '../domain/agent-spec.ts';
import type { NextId, SourceId } from '../domain/ids.ts';
import type { RetryPolicy } from '../domain/settle.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import type { LeasedEvent } from '../store/inbox-store.ts';
import type { LeasedPart } from '../store/outbox-store.ts';
import type { Store, Topic } from '../store/store.ts';
import { AgentDirectory } from './agent-directory.ts';
import { BotLoopGuard } from './bot-loop-guard.ts';
import type { RestartPolicy } from './connector-state.ts';
import { ConnectorSupervisor } from './connector-supervisor.ts';
import { EventHandler, type EventHandlerSettings } from './event-handler.ts';
import { Gate } from './gate.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { LeaseWorker, type LeaseWorkerSettings } from './lease-worker.ts';
import { PartHandler } from './part-handler.ts';
import type { PlanDeps } from './plan.ts';
import { Policy } from './policy.ts';

export interface EngineDeps {
  readonly store: Store;
  readonly adapters: AdapterRegistry;
  readonly createAgent: (spec: AgentSpec) => Agent;
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly nextId: NextId;
  readonly log: Logger;
  /** Tells this daemon from others on the same store. */
  readonly owner: string;
  readonly settings: EngineSettings;
}

export interface EngineSettings {
  readonly inboxDepthMax: number;
  readonly inboxWorker: LeaseWorkerSettings;
  readonly outboxWorker: LeaseWorkerSettings;
  readonly events: EventHandlerSettings;
  readonly attemptMs: number;
  readonly retry: RetryPolicy;
  readonly connectors: RestartPolicy;
}

/** Everything that moves between the inbox, the agents, the outbox and the platforms. */
export class Engine {
  readonly #deps: EngineDeps;
  readonly policy: Policy;
  readonly agents: AgentDirectory;
  readonly ingest: Ingest;
  readonly supervisor: ConnectorSupervisor;
  readonly plan: PlanDeps;
  readonly #inbox: LeaseWorker<LeasedEvent>;
  readonly #outbox: LeaseWorker<LeasedPart>;
  #unwatch: () => void = () => undefined;

  constructor(deps: EngineDeps) {
    const { store, adapters, clock, random, nextId, log, settings } = deps;
    this.#deps = deps;
    this.policy = new Policy(store.rules);
    this.agents = new AgentDirectory({ store: store.agents, createAgent: deps.createAgent, log });
    this.ingest = createIngest({ inbox: store.inbox, clock, nextId, random, log, depthMax: settings.inboxDepthMax });
    this.plan = { findAdapter: (kind) => adapters.find(kind), nextId };
    this.supervisor = new ConnectorSupervisor({
      ...deps,
      ingest: this.ingest,
      policy: settings.connectors,
      onChange: () => this.#outbox.wake(),
    });
    this.#inbox = this.#createInboxWorker();
    this.#outbox = this.#createOutboxWorker();
  }

  /** Loads what is configured, then starts to work. */
  async start(): Promise<void> {
    this.#unwatch = this.#deps.store.watch((topics) => this.#onCommit(topics));
    await Promise.all([this.policy.reload(), this.agents.reload()]);
    await this.supervisor.reconcile();
    this.#inbox.start();
    this.#outbox.start();
  }

  /** What is under way ends or goes back into its queue; then the sessions close. */
  async stop(): Promise<void> {
    await Promise.all([this.#inbox.stop(stopping), this.#outbox.stop(stopping)]);
    await this.supervisor.stop();
    this.#unwatch();
  }

  #onCommit(topics: ReadonlySet<Topic>): void {
    if (topics.has('inbox')) this.#inbox.wake();
    if (topics.has('outbox')) this.#outbox.wake();
    if (topics.has('connectors')) void this.supervisor.reconcile();
    if (topics.has('rules')) this.#reload('rules', this.policy.reload());
    if (topics.has('agents')) this.#reload('agents', this.agents.reload());
  }

  #reload(what: string, reloading: Promise<void>): void {
    reloading.catch((error: unknown) => this.#deps.log.error('config.reload_failed', { what, error }));
  }

  #createInboxWorker(): LeaseWorker<LeasedEvent> {
    const { store, clock, random, nextId, log, settings } = this.#deps;
    const handler = new EventHandler({
      store,
      router: () => this.policy.router,
      agents: this.agents,
      gate: new Gate(),
      botLoops: new BotLoopGuard(),
      plan: this.plan,
      clock,
      random,
      log,
      settings: settings.events,
      isPaired: () => false,
    });
    return new LeaseWorker<LeasedEvent>({
      queue: store.inbox,
      clock,
      nextId,
      log,
      settings: settings.inboxWorker,
      handle: (event, signal) => handler.handle(event, signal),
    });
  }

  #createOutboxWorker(): LeaseWorker<LeasedPart> {
    const { store, adapters, clock, random, nextId, log, settings } = this.#deps;
    const handler = new PartHandler({
      store,
      findAdapter: (kind) => adapters.find(kind),
      findSession: (id) => this.supervisor.session(id),
      policyOf: () => settings.retry,
      clock,
      random,
      log,
      attemptMs: settings.attemptMs,
    });
    return new LeaseWorker<LeasedPart>({
      queue: store.outbox,
      clock,
      nextId,
      log,
      settings: settings.outboxWorker,
      sources: () => this.supervisor.live() satisfies readonly SourceId[],
      handle: (part, signal) => handler.handle(part, signal),
    });
  }
}

const stopping = new Error('The daemon stops.');
