import type { Agent, Turn, TurnEnd, TurnMessage, TurnOutput } from '../../src/agents/agent.ts';
import type { ConnectorAdapter } from '../../src/connectors/connector.ts';
import { AdapterRegistry } from '../../src/connectors/registry.ts';
import { Engine, type EngineSettings } from '../../src/core/engine.ts';
import type { AgentSpec } from '../../src/domain/agent-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import {
  type AgentId,
  type ConnectorId,
  type EventId,
  kindOf,
  type MessageId,
  type PartId,
} from '../../src/domain/ids.ts';
import type { InboundEvent } from '../../src/domain/inbound-event.ts';
import type { OutboundOperation } from '../../src/domain/outbound.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { formatVaultRef, type VaultRef } from '../../src/domain/vault-ref.ts';
import { createNextId } from '../../src/lib/ids.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { ConnectorRecord } from '../../src/store/connector-store.ts';
import type { EventRecord } from '../../src/store/inbox-store.ts';
import type { PartRecord } from '../../src/store/outbox-store.ts';
import { openInlineSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDatabase } from '../../src/store/sqlite/sqlite.fixture.ts';
import type { Store } from '../../src/store/store.ts';
import { Chance } from '../simulation/chance.ts';
import { closeLater } from './egress.ts';
import { attachmentLimits, noNetwork } from './no-network.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLog } from './recording-log.ts';
import { rule } from './rules.ts';
import { ScriptedAdapter } from './scripted-adapter.ts';
import { StoreFaults } from './store-faults.ts';

export type Run = (turn: Turn, out: TurnOutput, signal: AbortSignal) => Promise<TurnEnd>;

export const coreSettings: EngineSettings = {
  inboxDepthMax: 10_000,
  inboxWorker: { inFlightMax: 32, perSourceMax: 16, leaseMs: 9_000, pollMs: 5_000, graceMs: 2_000 },
  outboxWorker: { inFlightMax: 32, perSourceMax: 16, leaseMs: 9_000, pollMs: 5_000, graceMs: 2_000 },
  events: {
    turnsPerSourceMax: 8,
    retryMsMin: 1_000,
    retryMsMax: 8_000,
    waitMs: 3_000,
    outboxDepthMax: 10_000,
    botTurnsPerDayMax: 48,
  },
  attemptMs: 4_000,
  retry: {
    attemptsMax: 3,
    deferralsMax: 5,
    ageMsMax: 3_600_000,
    backoffMsMin: 1_000,
    backoffMsMax: 8_000,
    onUnknown: 'resend-labelled',
  },
  attachments: attachmentLimits,
  connectors: {
    backoffMsMin: 1_000,
    backoffMsMax: 8_000,
    stableMs: 60_000,
    failuresMax: 3,
    breakerMs: 100_000,
    openTimeoutMs: 5_000,
    claimMs: 20_000,
  },
};

/**
 * The core with all its real parts, on a real store in a file, and a clock that the test moves. Sessions and
 * agents do what the test says. `closeAll` ends and removes it.
 */
export class CoreWorld {
  readonly clock = new ManualClock();
  readonly log = new RecordingLog();
  readonly store: Store;
  readonly adapter: ScriptedAdapter;
  readonly adapters: AdapterRegistry;
  /** What the vault holds, by its reference. */
  readonly secrets = new Map<string, string>();
  vaultIsLocked = false;
  /** Every turn that an agent was given, in order. */
  readonly turns: Turn[] = [];
  /** What an agent does; says back what it was told unless the test says otherwise. */
  run: Run = async (turn, out) => {
    out.send({ op: 'send', text: `re ${textOf(turn.event)}` });
    return { kind: 'answered' };
  };
  readonly faults = new StoreFaults();
  readonly #engines = new Set<Engine>();
  readonly #chance = new Chance(7);

  /** `adapter` is the one for `echo:…`; the others stand beside it. */
  constructor(adapters: readonly ConnectorAdapter[] = [], adapter = new ScriptedAdapter()) {
    this.adapter = adapter;
    this.adapters = new AdapterRegistry([adapter, ...adapters]);
    const { file, remove } = temporaryDatabase();
    const { store } = openInlineSqliteStore(file, this.clock.now());
    this.store = this.faults.wrap(store);
    closeLater(async () => {
      for (const engine of this.#engines) await this.stop(engine);
      await store.close();
      remove();
    });
  }

  /** Puts a connector into the store, as the operator would. */
  async addConnector(id = 'echo:default', fields: Partial<ConnectorRecord> = {}): Promise<ConnectorId> {
    const connector = id as ConnectorId;
    const at = this.clock.now();
    const record = { id: connector, kind: kindOf(connector), config: {}, enabled: true };
    await this.store.connectors.putConnector({ ...record, createdAt: at, updatedAt: at, ...fields });
    return connector;
  }

  async addAgent(id = 'helper', fields: Partial<AgentSpec> = {}): Promise<void> {
    const limits = { concurrency: 8, timeoutMs: 30_000, attemptsMax: 3 };
    await this.store.agents.putAgent({
      id: id as AgentId,
      kind: 'scripted',
      config: {},
      enabled: true,
      ...limits,
      ...fields,
    });
  }

  async addRule(fields: Partial<Rule> = {}): Promise<void> {
    await this.store.rules.putRule(rule(fields));
  }

  /** One connector, one agent, and a rule that gives the agent everything. */
  async furnish(): Promise<ConnectorId> {
    await this.addAgent();
    await this.addRule();
    return this.addConnector();
  }

  /** A daemon's engine on the store, not yet started. */
  createEngine(owner = 'daemon-1', settings: Partial<EngineSettings> = {}): Engine {
    const { store, adapters, clock, log } = this;
    const random = this.#chance.next;
    const engine = new Engine({
      store,
      adapters,
      createAgent: () => this.#agent(),
      resolveSecret: (ref) => this.#resolve(ref),
      ...noNetwork,
      clock,
      random,
      nextId: createNextId(clock, random),
      log,
      owner,
      settings: { ...coreSettings, ...settings },
    });
    this.#engines.add(engine);
    return engine;
  }

  async start(settings: Partial<EngineSettings> = {}, owner = 'daemon-1'): Promise<Engine> {
    const engine = this.createEngine(owner, settings);
    await engine.start();
    return engine;
  }

  /** In good order, letting as much time go by as that takes. */
  async stop(engine: Engine): Promise<void> {
    this.#engines.delete(engine);
    let stopped = false;
    const stopping = engine.stop().finally(() => (stopped = true));
    await this.clock.passUntil(() => stopped);
    await stopping;
  }

  until(isMet: () => boolean | Promise<boolean>): Promise<void> {
    return this.clock.passUntil(isMet, 50);
  }

  /** Takes events in as the daemon does, one after the other; answers with their ids. */
  async accept(engine: Engine, ...events: readonly InboundEvent[]): Promise<readonly EventId[]> {
    const ids: EventId[] = [];
    for (const event of events)
      for (const { id } of await engine.ingest.accept({ source: event.source, events: [event] }))
        ids.push(id);
    return ids;
  }

  async event(id: EventId | undefined): Promise<EventRecord> {
    const record = id && (await this.store.inbox.getEvent(id));
    if (!record) throw new Error(`There is no event ${id ?? ''}.`);
    return record;
  }

  /** Puts a message into the outbox that is cut into as many parts as there are texts. */
  async send(
    key: string,
    texts: string | readonly string[],
    place: { readonly connector?: string; readonly conversation?: string; readonly handle?: string } = {},
    operation?: OutboundOperation,
  ): Promise<readonly PartId[]> {
    const parts = [texts].flat().map((text, index, all) => ({
      id: `prt_${key}_${index + 1}` as PartId,
      message: `msg_${key}` as MessageId,
      key: `${key}:${index}`,
      address: {
        connector: (place.connector ?? 'echo:default') as ConnectorId,
        conversation: place.conversation ?? 'room',
        ...(place.handle === undefined ? {} : { handle: place.handle }),
      },
      operation: operation ?? { op: 'send' as const, text },
      part: index + 1,
      parts: all.length,
      origin: { kind: 'api' as const, principal: 'tok_test' },
    }));
    await this.store.outbox.enqueue(parts, this.clock.now(), 10_000);
    return parts.map(({ id }) => id);
  }

  async part(id: PartId | undefined): Promise<PartRecord> {
    const record = id && (await this.store.outbox.getPart(id));
    if (!record) throw new Error(`There is no part ${id ?? ''}.`);
    return record;
  }

  async partStates(ids: readonly PartId[]): Promise<readonly string[]> {
    return Promise.all(ids.map(async (id) => (await this.part(id)).state));
  }

  /** Every text that a session was given, in the order of the calls. */
  get sentTexts(): readonly string[] {
    return this.adapter.sessions.flatMap(({ sent }) => sent).map(({ operation }) => textOf(operation));
  }

  async #resolve(ref: VaultRef): Promise<Secret> {
    if (this.vaultIsLocked) throw new AppError('vault_locked', 'The vault is locked.');
    const secret = this.secrets.get(formatVaultRef(ref));
    if (secret === undefined) throw new AppError('not_found', 'There is no such secret.');
    return new Secret(secret);
  }

  #agent(): Agent {
    return {
      run: (turn, out, signal) => {
        this.turns.push(turn);
        return this.run(turn, out, signal);
      },
    };
  }
}

export function textOf(thing: InboundEvent | OutboundOperation | TurnMessage): string {
  return 'text' in thing ? thing.text : 'op' in thing ? thing.op : thing.type;
}
