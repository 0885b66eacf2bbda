import {
  type AcceptedEvent,
  type Capability,
  type ConnectorAdapter,
  type ConnectorOperation,
  connectorOperations,
  type ConnectorSession,
  type Reception,
  type SimulatedMessage,
} from '../../connectors/connector.ts';
import type { AdapterRegistry } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { type ConnectorId, kindOf, type NextId, parseConnectorId } from '../../domain/ids.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import { formatVaultRef, parseVaultRef } from '../../domain/vault-ref.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { ConnectorRecord, QueueState } from '../../store/connector-store.ts';
import type { Gauge, StoredJournalEntry } from '../../store/journal-store.ts';
import type { Store } from '../../store/store.ts';
import type { ConnectorState } from '../connector-state.ts';
import { type ConnectorSupervisor, parseConfig } from '../connector-supervisor.ts';

export interface QueueView extends Omit<QueueState, 'source'> {
  readonly pending: number;
  readonly dead: number;
  readonly held: number;
  readonly inboxPending: number;
  readonly inboxDead: number;
}

export interface ChannelView extends ConnectorRecord {
  readonly status: ConnectorState;
  /** Absent without a live session, and where the kind cannot tell. */
  readonly reception?: Reception;
  readonly restarts: number;
  readonly queue: QueueView;
}

/** One connector, closely. */
export interface ChannelDetails extends ChannelView {
  /** How its live session is doing, in the platform's own words. */
  readonly runtime?: Readonly<Record<string, unknown>>;
  /** How far it may reach, where that is not the usual. */
  readonly notices: readonly string[];
}

export interface ChannelsDeps {
  readonly store: Store;
  readonly supervisor: ConnectorSupervisor;
  readonly adapters: AdapterRegistry;
  readonly clock: Clock;
  readonly nextId: NextId;
}

const openingMsMax = 3_000;
const openingPollMs = 20;

/** The connectors: settings, state and queues. */
export class Channels {
  readonly #deps: ChannelsDeps;

  constructor(deps: ChannelsDeps) {
    this.#deps = deps;
  }

  async list(): Promise<readonly ChannelView[]> {
    const { store } = this.#deps;
    const [records, queues, gauges] = await Promise.all([
      store.connectors.listConnectors(),
      store.connectors.listQueueStates(),
      store.stats.listGauges(),
    ]);
    return records.map((record) => this.#view(record, queues, gauges));
  }

  /** @throws AppError `not_found`. */
  async get(id: string): Promise<ChannelDetails> {
    const record = await this.#record(id);
    const [queues, gauges] = await Promise.all([
      this.#deps.store.connectors.listQueueStates(),
      this.#deps.store.stats.listGauges(),
    ]);
    return { ...this.#view(record, queues, gauges), ...this.#closely(record) };
  }

  /** Adds a connector, or changes its settings; what runs follows at once. */
  async save(
    id: string,
    settings: {
      readonly config: Readonly<Record<string, unknown>>;
      readonly secretRef?: string | undefined;
      readonly enabled: boolean;
    },
  ): Promise<ChannelView> {
    const { store, adapters, clock } = this.#deps;
    const connector = parseConnectorId(id);
    const adapter = adapters.get(kindOf(connector));
    const config = asInvalidRequest(() => parseConfig(adapter, settings.config)) as Record<string, unknown>;
    const known = await store.connectors.getConnector(connector);
    const secretRef =
      settings.secretRef ??
      known?.secretRef ??
      (adapter.needsSecret ? `channel:${connector}/token` : undefined);
    const now = clock.now();
    await store.connectors.putConnector({
      id: connector,
      kind: kindOf(connector),
      config,
      enabled: settings.enabled,
      createdAt: known?.createdAt ?? now,
      updatedAt: now,
      ...(secretRef === undefined ? {} : { secretRef: formatVaultRef(parseVaultRef(secretRef)) }),
    });
    await this.#deps.supervisor.reconcile(connector);
    return this.get(connector);
  }

  async setEnabled(id: string, enabled: boolean): Promise<ChannelView> {
    const { store, supervisor, clock } = this.#deps;
    const record = await this.#record(id);
    await store.connectors.putConnector({ ...record, enabled, updatedAt: clock.now() });
    await supervisor.reconcile(record.id);
    if (enabled) supervisor.retryNow(record.id);
    return this.get(record.id);
  }

  async remove(id: string): Promise<void> {
    const { store, supervisor, clock } = this.#deps;
    const record = await this.#record(id);
    await store.connectors.putConnector({ ...record, enabled: false, updatedAt: clock.now() });
    await supervisor.reconcile(record.id);
    for (let more = true; more;) ({ more } = await store.connectors.removeConnector(record.id, clock.now()));
  }

  async pause(id: string, reason: string): Promise<QueueView> {
    const { id: connector } = await this.#record(id);
    await this.#deps.store.connectors.pause(connector, reason, this.#deps.clock.now());
    return (await this.get(connector)).queue;
  }

  /** Ends pause and hold, and tries a blocked session again. */
  async resume(id: string): Promise<QueueView> {
    const { id: connector } = await this.#record(id);
    await this.#deps.store.connectors.resume(connector, this.#deps.clock.now());
    this.#deps.supervisor.retryNow(connector);
    return (await this.get(connector)).queue;
  }

  async drain(id: string): Promise<{ parts: number; queue: QueueView }> {
    const { id: connector } = await this.#record(id);
    const { parts } = await this.#deps.store.connectors.drain(connector, this.#deps.clock.now());
    return { parts, queue: (await this.get(connector)).queue };
  }

  async logs(id: string, page: PageRequest): Promise<Page<StoredJournalEntry>> {
    const { id: connector } = await this.#record(id);
    return this.#deps.store.journal.listJournal({ source: connector }, page);
  }

  capabilities(id: string): ConnectorAdapter {
    return this.#deps.adapters.get(kindOf(parseConnectorId(id)));
  }

  /** Takes a message as if the platform had delivered it, through the session's own way in. */
  async test(
    id: string,
    message: Omit<SimulatedMessage, 'messageId'> & { readonly messageId?: string | undefined },
  ): Promise<AcceptedEvent> {
    const { id: connector } = await this.#record(id);
    const session = await this.#sessionOf(connector);
    if (!session)
      throw new AppError(
        'unavailable',
        `${connector} has no live session. See: palyra channels status ${connector}.`,
      );
    if (!session.simulate)
      throw new AppError(
        'unsupported',
        `A ${kindOf(connector)} connector cannot make up messages. Write to it on the platform.`,
      );
    const [accepted] = await session.simulate({
      ...message,
      messageId: message.messageId ?? this.#deps.nextId('test'),
    });
    if (!accepted) throw new AppError('internal', 'The connector accepted nothing.');
    return accepted;
  }

  /** One that is just being opened is worth a short wait. */
  async #sessionOf(connector: ConnectorId): Promise<ConnectorSession | undefined> {
    const { supervisor, clock } = this.#deps;
    const until = clock.monotonic() + openingMsMax;
    while (supervisor.state(connector)?.state.state === 'starting' && clock.monotonic() < until)
      await sleep(clock, openingPollMs);
    return supervisor.session(connector);
  }

  async #record(id: string): Promise<ConnectorRecord> {
    const connector = parseConnectorId(id);
    const record = await this.#deps.store.connectors.getConnector(connector);
    if (!record)
      throw new AppError('not_found', `There is no connector ${connector}. See: palyra channels list.`);
    return record;
  }

  #closely(record: ConnectorRecord): Pick<ChannelDetails, 'runtime' | 'notices'> {
    const { adapters, supervisor } = this.#deps;
    const adapter = adapters.find(record.kind);
    const config = adapter?.configSchema.safeParse(record.config);
    const runtime = supervisor.session(record.id)?.snapshot?.();
    return {
      notices: config?.success === true ? (adapter?.egressNotices?.(config.data) ?? []) : [],
      ...(runtime === undefined ? {} : { runtime }),
    };
  }

  #view(record: ConnectorRecord, queues: readonly QueueState[], gauges: readonly Gauge[]): ChannelView {
    const { supervisor } = this.#deps;
    const running = supervisor.state(record.id);
    const reception = supervisor.session(record.id)?.receiving?.();
    const count = (queue: string, state: string): number =>
      gauges.find((gauge) => gauge.source === record.id && gauge.queue === queue && gauge.state === state)
        ?.count ?? 0;
    const { source: _source, ...state } = queues.find((queue) => queue.source === record.id) ?? {
      source: record.id,
      paused: false,
      draining: false,
    };
    return {
      ...record,
      status: running?.state ?? { state: 'disabled', since: record.updatedAt },
      ...(reception === undefined ? {} : { reception }),
      restarts: running?.restarts ?? 0,
      queue: {
        ...state,
        pending: count('outbox', 'pending'),
        dead: count('outbox', 'dead'),
        held: count('outbox', 'held'),
        inboxPending: count('inbox', 'pending'),
        inboxDead: count('inbox', 'dead'),
      },
    };
  }
}

/** Whether events can come in by it now. */
export function isReceiving({ status, reception }: Pick<ChannelView, 'status' | 'reception'>): boolean {
  return status.state === 'running' && reception?.ok !== false;
}

/** Each operation with what it needs, as a list. */
export function capabilityList({
  capabilities,
}: ConnectorAdapter): readonly (Capability & { readonly operation: ConnectorOperation })[] {
  return connectorOperations.map((operation) => ({ operation, ...capabilities.operations[operation] }));
}

/** What is wrong in a file is the operator's configuration; what is wrong in a request is the request. */
function asInvalidRequest<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw error instanceof AppError && error.code === 'config_invalid'
      ? new AppError('invalid_request', error.message)
      : error;
  }
}
