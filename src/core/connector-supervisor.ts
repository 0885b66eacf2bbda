import type { ConnectorAdapter, ConnectorSession } from '../connectors/connector.ts';
import type { AdapterRegistry } from '../connectors/registry.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId } from '../domain/ids.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import { formatVaultRef } from '../domain/vault-ref.ts';
import { rejectOnAbort } from '../lib/clock.ts';
import type { ConnectorRecord } from '../store/connector-store.ts';
import type { Store } from '../store/store.ts';
import { AccountOwners } from './account-owners.ts';
import { type ConnectorHostDeps, createConnectorHost } from './connector-host.ts';
import { ConnectorRunner } from './connector-runner.ts';
import { inConnectorScope } from './connector-scope.ts';
import type { ConnectorState, RestartPolicy } from './connector-state.ts';

export interface ConnectorSupervisorDeps extends Omit<ConnectorHostDeps, 'takeAccount'> {
  readonly store: Pick<Store, 'connectors' | 'journal' | 'outbox' | 'platforms'>;
  readonly adapters: AdapterRegistry;
  /** Tells this daemon from others on the same store. */
  readonly owner: string;
  readonly policy: RestartPolicy;
  /** A session came or went: queues may move, or have to stop. */
  readonly onChange: (id: ConnectorId) => void;
}

/** How long to wait after a store that could not say what should run. */
const lookAgainMs = 1_000;

/** Starts, watches and restarts the connectors that are enabled. One that fails never touches another. */
export class ConnectorSupervisor {
  readonly #deps: ConnectorSupervisorDeps;
  readonly #runners = new Map<ConnectorId, ConnectorRunner>();
  readonly #accounts = new AccountOwners({
    isInUse: (id) => {
      const state = this.#runners.get(id)?.state.state;
      return state !== undefined && state !== 'blocked' && state !== 'standby';
    },
    onFree: (id) => this.retryNow(id),
  });
  /** What should run, as of the last look. */
  #wanted: ReadonlyMap<ConnectorId, ConnectorRecord> = new Map();
  #looking: Promise<readonly ConnectorId[]> = Promise.resolve([]);
  /** What is being done about a connector: one thing after the other, and no other connector waits for it. */
  readonly #following = new Map<ConnectorId, Promise<void>>();
  /** Who waits for the next change of any connector. */
  readonly #onceChanged = new Set<() => void>();
  #cancelLook: () => void = () => undefined;
  #stopped = false;

  constructor(deps: ConnectorSupervisorDeps) {
    this.#deps = deps;
  }

  /**
   * Brings what runs in line with what is configured. Resolves when what this call found is done, and, with
   * `id`, what somebody else had found of that connector.
   */
  async reconcile(id?: ConnectorId): Promise<void> {
    const look = this.#looking.then(() => this.#look());
    this.#looking = look;
    await Promise.all((await look).map((found) => this.#follow(found)));
    if (id !== undefined) await this.#following.get(id);
  }

  /** Undefined for a connector that is not enabled. */
  state(id: ConnectorId): { readonly state: ConnectorState; readonly restarts: number } | undefined {
    const runner = this.#runners.get(id);
    return runner && { state: runner.state, restarts: runner.restarts };
  }

  /** The settings of a connector that is switched on; undefined when they are not what its kind takes. */
  configOf(id: ConnectorId): unknown {
    const record = this.#wanted.get(id);
    const adapter = record && this.#deps.adapters.find(record.kind);
    return adapter?.configSchema.safeParse(record?.config).data;
  }

  /** Another connector of the kind that is connected as this account of the platform. */
  accountOwnerBeside(id: ConnectorId, account: string): ConnectorId | undefined {
    return this.#accounts.ownerBeside(id, account);
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
    for (const [runnerId, runner] of this.#runners)
      if (id === undefined || id === runnerId) runner.retryNow();
  }

  /** An error that came out of a connector's code outside of any call: its session is opened anew. */
  crash(id: ConnectorId, error: unknown): void {
    this.#runners.get(id)?.crash(error);
  }

  /** Opens the session anew, e.g. after its secret was changed. */
  async restart(id: ConnectorId): Promise<void> {
    await this.reconcile();
    await this.#follow(id, { anew: true });
  }

  /**
   * Resolves when the connector has a live session. Rejects with what keeps it from having one that only a
   * person can help, or with the signal's reason.
   */
  async settled(id: ConnectorId, signal: AbortSignal): Promise<void> {
    // A session that is about to be replaced is not the one that is waited for.
    await rejectOnAbort(this.#following.get(id) ?? Promise.resolve(), signal);
    while (!isUp(this.#runners.get(id)?.state)) {
      const changed = Promise.withResolvers<undefined>();
      const onChange = (): void => changed.resolve(undefined);
      this.#onceChanged.add(onChange);
      try {
        await rejectOnAbort(changed.promise, signal);
      } finally {
        this.#onceChanged.delete(onChange);
      }
    }
  }

  #changed(id: ConnectorId): void {
    const state = this.#runners.get(id)?.state;
    if (state?.state === 'blocked' && state.code !== 'account_taken') this.#accounts.forget(id);
    for (const resolve of this.#onceChanged) resolve();
    this.#deps.onChange(id);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelLook();
    await this.#looking;
    this.#wanted = new Map();
    await Promise.all([...this.#runners.keys()].map((id) => this.#follow(id)));
    await Promise.all(this.#following.values());
  }

  /** Notes what should run, and answers which connectors are not in line with it. */
  async #look(): Promise<readonly ConnectorId[]> {
    if (this.#stopped) return [];
    const earlier = this.#wanted;
    try {
      const records = await this.#deps.store.connectors.listConnectors();
      this.#wanted = new Map(records.filter((record) => record.enabled).map((record) => [record.id, record]));
    } catch (error) {
      this.#deps.log.error('connector.reconcile_failed', { error });
      this.#lookAgainLater();
      return [];
    }
    const ids = new Set([...this.#wanted.keys(), ...this.#runners.keys()]);
    return [...ids].filter((id) => {
      // One that is being brought in line is left to that, unless it is to be something else by now.
      const present = this.#following.has(id) ? earlier.get(id) : this.#runners.get(id)?.record;
      return !sameSettings(this.#wanted.get(id), present);
    });
  }

  #lookAgainLater(): void {
    this.#cancelLook();
    if (this.#stopped) return;
    this.#cancelLook = this.#deps.clock.after(lookAgainMs, () => void this.reconcile());
  }

  #follow(id: ConnectorId, how = { anew: false }): Promise<void> {
    const before = this.#following.get(id) ?? Promise.resolve();
    const following = before.then(() => this.#followOnce(id, how.anew));
    this.#following.set(id, following);
    void following.finally(() => {
      if (this.#following.get(id) === following) this.#following.delete(id);
    });
    return following;
  }

  async #followOnce(id: ConnectorId, anew: boolean): Promise<void> {
    const runner = this.#runners.get(id);
    if (runner && !anew && sameSettings(this.#wanted.get(id), runner.record)) return;
    if (runner) {
      await runner.stop();
      this.#runners.delete(id);
      this.#changed(id);
    }
    const wanted = this.#wanted.get(id);
    if (this.#stopped) return;
    if (wanted) this.#start(wanted);
    else this.#accounts.forget(id);
  }

  #start(record: ConnectorRecord): void {
    const { store, adapters, owner, clock, random, log, policy } = this.#deps;
    const runner = new ConnectorRunner({
      record,
      open: async (claim, signal) => {
        const adapter = adapters.get(record.kind);
        const takeAccount = (account: string): void => {
          signal.throwIfAborted();
          this.#accounts.take(record.id, account);
        };
        const config = parseConfig(adapter, record.config);
        const host = createConnectorHost(record, config, claim, { ...this.#deps, takeAccount });
        return inConnectorScope(record.id, () => adapter.open(host, signal));
      },
      store,
      owner,
      clock,
      random,
      log,
      policy,
      onChange: () => this.#changed(record.id),
    });
    this.#runners.set(record.id, runner);
    runner.start();
  }

  /** The connectors whose credential is stored under this reference. */
  usersOf(ref: VaultRef): readonly ConnectorId[] {
    const name = formatVaultRef(ref);
    return [...this.#runners].filter(([, runner]) => runner.record.secretRef === name).map(([id]) => id);
  }
}

/** @throws AppError when only a person can help. */
function isUp(state: ConnectorState | undefined): boolean {
  if (state?.state !== 'blocked') return state?.state === 'running';
  const code = state.code === 'unauthenticated' ? 'unauthenticated' : 'invalid_request';
  throw new AppError(code, state.detail);
}

/** @throws AppError `config_invalid` that names the first key that is wrong. */
export function parseConfig<Config>(adapter: ConnectorAdapter<Config>, config: unknown): Config {
  const parsed = adapter.configSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError(
    'config_invalid',
    `The configuration of a ${adapter.kind} connector is wrong: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? ''}`,
  );
}

/** Whether a session that was opened for the one is as good for the other. */
export function sameSettings(left: ConnectorRecord | undefined, right: ConnectorRecord | undefined): boolean {
  return (
    left?.kind === right?.kind &&
    left?.secretRef === right?.secretRef &&
    JSON.stringify(left?.config) === JSON.stringify(right?.config)
  );
}
