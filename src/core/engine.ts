import type { Agent } from '../agents/agent.ts';
import type { AdapterRegistry } from '../connectors/registry.ts';
import type { AgentSpec } from '../domain/agent-spec.ts';
import type { NextId, SourceId } from '../domain/ids.ts';
import type { RetryPolicy } from '../domain/settle.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import type { BlobFiles } from '../lib/blob-files.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import type { ConnectSocket } from '../lib/socket.ts';
import type { LeasedEvent } from '../store/inbox-store.ts';
import type { LeasedPart } from '../store/outbox-store.ts';
import type { Store, Topic } from '../store/store.ts';
import type { NoteSealer } from '../vault/note-sealer.ts';
import { type AttachmentLimits, Attachments } from './attachments.ts';
import { AgentDirectory } from './agent-directory.ts';
import { BotLoopGuard } from './bot-loop-guard.ts';
import type { RestartPolicy } from './connector-state.ts';
import { ConnectorSupervisor } from './connector-supervisor.ts';
import { EventHandler } from './event-handler.ts';
import { EventSettler } from './event-settler.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { LeaseWorker, type LeaseWorkerSettings } from './lease-worker.ts';
import { Pairing } from './pairing.ts';
import { PartHandler } from './part-handler.ts';
import type { PlanDeps } from './plan.ts';
import { Policy } from './policy.ts';
import { TurnHandler } from './turn-handler.ts';
import { TurnPlaces } from './turn-places.ts';

export interface EngineDeps {
  readonly store: Store;
  readonly adapters: AdapterRegistry;
  readonly createAgent: (spec: AgentSpec) => Agent;
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly fetch: GuardedFetch;
  readonly connectSocket: ConnectSocket;
  readonly sealer: NoteSealer;
  readonly files: Pick<BlobFiles, 'stage'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly nextId: NextId;
  readonly log: Logger;
  /** Tells this daemon from others on the same store. */
  readonly owner: string;
  readonly settings: EngineSettings;
}

export interface EventHandlerSettings {
  /** Turns of one connector or integration that one agent may work on at once. */
  readonly turnsPerSourceMax: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** How long to wait when something must be mended first: no such agent, a locked vault. */
  readonly waitMs: number;
  readonly outboxDepthMax: number;
  /** Turns that one bot may cause on one connector within 24 hours. */
  readonly botTurnsPerDayMax: number;
}

export interface EngineSettings {
  readonly inboxDepthMax: number;
  readonly inboxWorker: LeaseWorkerSettings;
  readonly outboxWorker: LeaseWorkerSettings;
  readonly events: EventHandlerSettings;
  readonly attemptMs: number;
  readonly retry: RetryPolicy;
  readonly connectors: RestartPolicy;
  readonly attachments: AttachmentLimits;
}

/** Everything that moves between the inbox, the agents, the outbox and the platforms. */
export class Engine {
  readonly #deps: EngineDeps;
  readonly policy: Policy;
  readonly agents: AgentDirectory;
  readonly ingest: Ingest;
  readonly supervisor: ConnectorSupervisor;
  readonly plan: PlanDeps;
  readonly pairing: Pairing;
  readonly #inbox: LeaseWorker<LeasedEvent>;
  readonly #outbox: LeaseWorker<LeasedPart>;
  #unwatch: () => void = () => undefined;

  constructor(deps: EngineDeps) {
    const { store, adapters, clock, random, nextId, log, settings } = deps;
    this.#deps = deps;
    this.policy = new Policy(store.rules);
    this.agents = new AgentDirectory({ store: store.agents, createAgent: deps.createAgent, log });
    this.ingest = createIngest({
      inbox: store.inbox,
      clock,
      nextId,
      random,
      log,
      depthMax: settings.inboxDepthMax,
    });
    this.plan = {
      findAdapter: (kind) => adapters.find(kind),
      configOf: (id) => this.supervisor.configOf(id),
      nextId,
    };
    this.pairing = new Pairing({ store: store.access, clock, nextId, log });
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
    try {
      await Promise.all([this.policy.reload(), this.agents.reload(), this.pairing.reload()]);
    } catch (error) {
      this.#unwatch();
      throw error;
    }
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
    if (topics.has('access')) this.#reload('access', this.pairing.reload());
    if (topics.has('agents')) this.#reload('agents', this.agents.reload());
  }

  #reload(what: string, reloading: Promise<void>): void {
    reloading.catch((error: unknown) => this.#deps.log.error('config.reload_failed', { what, error }));
  }

  #createInboxWorker(): LeaseWorker<LeasedEvent> {
    const { store, clock, nextId, log, settings } = this.#deps;
    const handler = this.#createEventHandler();
    return new LeaseWorker<LeasedEvent>({
      queue: store.inbox,
      clock,
      nextId,
      log,
      settings: settings.inboxWorker,
      handle: (event, signal) => handler.handle(event, signal),
    });
  }

  #createEventHandler(): EventHandler {
    const { store, clock, random, log, settings } = this.#deps;
    const { events, inboxWorker } = settings;
    const { waitMs, outboxDepthMax } = events;
    const settler = new EventSettler({ store, plan: this.plan, clock, random, log, retry: events });
    const places = new TurnPlaces({
      clock,
      perSourceMax: events.turnsPerSourceMax,
      // The other half is for rows that are under work, or need no agent at all.
      waitingMax: Math.ceil(inboxWorker.perSourceMax / 2),
      countAgents: () => this.agents.list().length,
      putOffMsMax: waitMs,
    });
    const { agents, plan } = this;
    const turns = new TurnHandler({
      store,
      agents,
      places,
      plan,
      settler,
      clock,
      log,
      waitMs,
      outboxDepthMax,
      findSession: (id) => this.supervisor.session(id),
      attachments: new Attachments({ ...this.#deps, ...plan, limits: settings.attachments }),
    });
    return new EventHandler({
      store,
      router: () => this.policy.router,
      botLoops: new BotLoopGuard({ clock, log }),
      botTurnsPerDayMax: events.botTurnsPerDayMax,
      turns,
      settler,
      clock,
      log,
      pairing: this.pairing,
      plan,
      outboxDepthMax,
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
