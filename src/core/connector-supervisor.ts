import type { ConnectorAdapter, ConnectorHost, ConnectorSession } from '../connectors/connector.ts';
import type { AdapterRegistry } from '../connectors/registry.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId } from '../domain/ids.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import { formatVaultRef, parseVaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import type { ConnectorClaim, ConnectorRecord } from '../store/connector-store.ts';
import type { Store } from '../store/store.ts';
import { ConnectorRunner } from './connector-runner.ts';
import { inConnectorScope } from './connector-scope.ts';
import type { ConnectorState, RestartPolicy } from './connector-state.ts';
import type { Ingest } from './ingest.ts';

export interface ConnectorSupervisorDeps {
  readonly store: Pick<Store, 'connectors' | 'journal'>;
  readonly adapters: AdapterRegistry;
  readonly ingest: Ingest;
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Tells this daemon from others on the same store. */
  readonly owner: string;
  readonly policy: RestartPolicy;
  /** A session came or went: queues may move, or have to stop. */
  readonly onChange: (id: ConnectorId) => void;
}

/** Starts, watches and restarts the connectors that are enabled. One that fails never touches another. */
export class ConnectorSupervisor {
  readonly #deps: ConnectorSupervisorDeps;
  readonly #runners = new Map<ConnectorId, ConnectorRunner>();
  #reconciling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: ConnectorSupervisorDeps) {
    this.#deps = deps;
  }

  /** Brings what runs in line with what is configured. Calls are worked off one after the other. */
  reconcile(): Promise<void> {
    this.#reconciling = this.#reconciling.then(() => this.#reconcileOnce());
    return this.#reconciling;
  }

  /** Undefined for a connector that is not enabled. */
  state(id: ConnectorId): { readonly state: ConnectorState; readonly restarts: number } | undefined {
    const runner = this.#runners.get(id);
    return runner && { state: runner.state, restarts: runner.restarts };
  }

  session(id: ConnectorId): ConnectorSession | undefined {
    return this.#runners.get(id)?.session;
  }

  /** The connectors with a live session: only their queues can move here. */
  live(): readonly ConnectorId[] {
    return [...this.#runners].filter(([, runner]) => runner.session).map(([id]) => id);
  }

  /** What a connector was waiting for may be there. Without an id: for all of them. */
  retryNow(id?: ConnectorId): void {
    for (const [runnerId, runner] of this.#runners) if (id === undefined || id === runnerId) runner.retryNow();
  }

  /** An error that came out of a connector's code outside of any call: its session is opened anew. */
  crash(id: ConnectorId, error: unknown): void {
    this.#runners.get(id)?.crash(error);
  }

  /** Opens the session anew, e.g. after its secret was changed. */
  async restart(id: ConnectorId): Promise<void> {
    await this.#stopRunner(id);
    await this.reconcile();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#reconciling;
    await Promise.all([...this.#runners.keys()].map((id) => this.#stopRunner(id)));
  }

  async #reconcileOnce(): Promise<void> {
    if (this.#stopped) return;
    try {
      const records = await this.#deps.store.connectors.listConnectors();
      const enabled = new Map(records.filter((record) => record.enabled).map((record) => [record.id, record]));
      const stale = [...this.#runners].filter(([id, runner]) => !sameSettings(enabled.get(id), runner.record));
      await Promise.all(stale.map(([id]) => this.#stopRunner(id)));
      for (const record of enabled.values()) if (!this.#runners.has(record.id)) this.#startRunner(record);
    } catch (error) {
      this.#deps.log.error('connector.reconcile_failed', { error });
    }
  }

  #startRunner(record: ConnectorRecord): void {
    const { store, adapters, owner, clock, random, log, policy, onChange } = this.#deps;
    const adapter = adapters.find(record.kind);
    if (!adapter) {
      log.error('connector.kind_unknown', { connector_id: record.id, kind: record.kind });
      return;
    }
    const runner = new ConnectorRunner({
      record,
      adapter: { ...adapter, open: (host, signal) => inConnectorScope(record.id, () => adapter.open(host, signal)) },
      createHost: (claim) => this.#createHost(record, parseConfig(adapter, record.config), claim),
      store,
      owner,
      clock,
      random,
      log,
      policy,
      onChange: () => onChange(record.id),
    });
    this.#runners.set(record.id, runner);
    runner.start();
  }

  async #stopRunner(id: ConnectorId): Promise<void> {
    const runner = this.#runners.get(id);
    if (!runner) return;
    await runner.stop();
    this.#runners.delete(id);
    this.#deps.onChange(id);
  }

  #createHost(record: ConnectorRecord, config: unknown, claim: ConnectorClaim): ConnectorHost<unknown> {
    const { store, ingest, resolveSecret, fetch, clock, random, log } = this.#deps;
    return {
      connectorId: record.id,
      config,
      secret: async () => {
        if (record.secretRef === undefined) throw new AppError('not_found', `${record.id} has no credential. Add one: palyra secrets set.`);
        return resolveSecret(parseVaultRef(record.secretRef));
      },
      accept: (events, cursor) =>
        ingest.accept({ source: record.id, events, claim, ...(cursor === undefined ? {} : { cursor }) }),
      loadCursor: () => store.connectors.getCursor(record.id),
      fetch,
      clock,
      random,
      log: log.with({ connector_id: record.id }),
    };
  }

  /** The connectors whose credential is stored under this reference. */
  usersOf(ref: VaultRef): readonly ConnectorId[] {
    const name = formatVaultRef(ref);
    return [...this.#runners].filter(([, runner]) => runner.record.secretRef === name).map(([id]) => id);
  }
}

/** @throws AppError `config_invalid` that names the first key that is wrong. */
export function parseConfig<Config>(adapter: ConnectorAdapter<Config>, config: unknown): Config {
  const parsed = adapter.configSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('config_invalid', `The configuration of a ${adapter.kind} connector is wrong: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? ''}`);
}

function sameSettings(wanted: ConnectorRecord | undefined, running: ConnectorRecord): boolean {
  return (
    wanted !== undefined &&
    wanted.secretRef === running.secretRef &&
    JSON.stringify(wanted.config) === JSON.stringify(running.config)
  );
}
