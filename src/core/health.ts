import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { ConnectorId } from '../domain/ids.ts';
import type { Store } from '../store/store.ts';
import type { ConnectorSupervisor } from './connector-supervisor.ts';

export interface Signal {
  readonly ok: boolean;
  readonly detail: string;
}

/** Four signals that say different things: a quiet daemon is not a broken one. */
export interface Readiness {
  /** Events are taken: what a load balancer wants to know. The other signals tell a person what is slow. */
  readonly ready: boolean;
  readonly signals: {
    /** The live sessions, and whether they hear their platforms. */
    readonly transport: Signal;
    /** Whether events can be accepted now: proven by a commit. */
    readonly admission: Signal;
    /** How long accepted events wait for a worker. */
    readonly lanePressure: Signal;
    /** How long outbound parts wait for one. */
    readonly outboxLag: Signal;
  };
}

export interface HealthDeps {
  readonly store: Pick<Store, 'maintenance' | 'stats' | 'connectors'>;
  readonly supervisor: ConnectorSupervisor;
  readonly vaultLocked: () => string | undefined;
  readonly clock: Clock;
}

/** A commit proves admission for this long, so that a busy probe does not write all the time. */
const proofMs = 2_000;
const lagMsMax = 30_000;
/** A connection that is back sooner was none to tell of: platforms ask for a new one all the time. */
const deafMsMax = 60_000;

export class Health {
  readonly #deps: HealthDeps;
  #admission: { readonly at: number; readonly signal: Signal } | undefined;

  constructor(deps: HealthDeps) {
    this.#deps = deps;
  }

  async check(): Promise<Readiness> {
    const admission = await this.#checkAdmission();
    const lag = await this.#deps.store.stats.getLag(this.#deps.clock.now()).catch(() => undefined);
    const signals = {
      transport: await this.#checkTransport().catch(() => unknown),
      admission,
      lanePressure: lag ? lagSignal(lag.inboxMs) : unknown,
      outboxLag: lag ? lagSignal(lag.outboxMs) : unknown,
    };
    return { ready: admission.ok, signals };
  }

  async #checkAdmission(): Promise<Signal> {
    const { clock, store, vaultLocked } = this.#deps;
    const now = clock.now();
    if (this.#admission && now - this.#admission.at < proofMs) return this.#admission.signal;
    const locked = vaultLocked();
    let signal: Signal;
    try {
      await store.maintenance.probeWrite(now);
      signal =
        locked === undefined
          ? { ok: true, detail: 'committed' }
          : { ok: false, detail: `The vault is locked: ${locked}` };
    } catch (error) {
      signal = { ok: false, detail: AppError.from(error).message };
    }
    this.#admission = { at: now, signal };
    return signal;
  }

  async #checkTransport(): Promise<Signal> {
    const enabled = (await this.#deps.store.connectors.listConnectors()).filter((record) => record.enabled);
    const down = enabled.filter(({ id }) => !this.#isUp(id));
    return down.length === 0
      ? { ok: true, detail: `${enabled.length} of ${enabled.length} up` }
      : {
          ok: false,
          detail: `${down.length} of ${enabled.length} down: ${down.map(({ id }) => id).join(', ')}`,
        };
  }

  #isUp(id: ConnectorId): boolean {
    const { supervisor, clock } = this.#deps;
    const state = supervisor.state(id)?.state.state;
    if (state !== 'running') return state === 'standby';
    const reception = supervisor.session(id)?.receiving?.() ?? { ok: true };
    return reception.ok || clock.now() - reception.since < deafMsMax;
  }
}

const unknown: Signal = { ok: false, detail: 'The store does not answer.' };

function lagSignal(ms: number): Signal {
  return { ok: ms <= lagMsMax, detail: ms === 0 ? 'nothing waits' : `the oldest has waited ${ms} ms` };
}
