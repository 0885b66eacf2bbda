import { isAppError } from '../domain/errors.ts';
import type { NextId, SourceId } from '../domain/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Lease, LeasedQueue } from '../store/queue.ts';

export interface LeaseWorkerDeps<Row extends Lease> {
  readonly queue: LeasedQueue<Row>;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
  readonly settings: LeaseWorkerSettings;
  /** Sources to lease from, each with an equal part of the places; absent means all. Asked at each lease. */
  readonly sources?: () => readonly SourceId[];
  /**
   * Does the work of one row and settles it in the store. `signal` aborts when the lease is lost, or when
   * the worker has to stop; then it settles soon. Must not throw; what it throws all the same is logged, and
   * the lease runs out.
   */
  readonly handle: (row: Row, signal: AbortSignal) => Promise<void>;
}

export interface LeaseWorkerSettings {
  /** Rows under work at once, and of one source. */
  readonly inFlightMax: number;
  readonly perSourceMax: number;
  readonly leaseMs: number;
  /** The safety net under the wake-ups. */
  readonly pollMs: number;
  /** How long `stop` lets work go on before it is aborted. */
  readonly graceMs: number;
}

interface Work {
  readonly lease: Lease;
  readonly source: SourceId;
  readonly controller: AbortController;
  /** Unix ms until which nobody else can take the row. */
  leasedUntil: number;
}

/**
 * Leases rows of a queue as room allows, keeps their leases alive while they are worked on, and asks again
 * when something was committed, when a wait is over, or when a place became free.
 */
export class LeaseWorker<Row extends Lease & { readonly source: SourceId }> {
  readonly #deps: LeaseWorkerDeps<Row>;
  readonly #work = new Map<string, Work>();
  readonly #running = new Set<Promise<void>>();
  #state: 'idle' | 'running' | 'stopping' = 'idle';
  #pumping: Promise<void> | undefined;
  #again = false;
  #cancelAlarm: () => void = () => undefined;
  #cancelHeartbeat: () => void = () => undefined;

  constructor(deps: LeaseWorkerDeps<Row>) {
    this.#deps = deps;
  }

  get inFlight(): number {
    return this.#work.size;
  }

  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'running';
    this.#scheduleHeartbeat();
    this.wake();
  }

  /** Something may be due. Cheap, and safe to call at any time. */
  wake(): void {
    if (this.#state !== 'running') return;
    this.#again = true;
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
      // A wake-up may have come between the last look and here.
      if (this.#again) this.wake();
    });
  }

  /** Takes no more rows, gives what runs `graceMs`, then aborts it and waits for the handlers to settle. */
  async stop(reason: unknown): Promise<void> {
    this.#state = 'stopping';
    this.#cancelAlarm();
    const cancel = this.#deps.clock.after(this.#deps.settings.graceMs, () => {
      for (const work of this.#work.values()) work.controller.abort(reason);
    });
    await this.#pumping;
    await Promise.all(this.#running);
    cancel();
    this.#cancelHeartbeat();
  }

  async #pump(): Promise<void> {
    while (this.#again && this.#state === 'running') {
      this.#again = false;
      try {
        await this.#leaseOnce();
      } catch (error) {
        // The store is in trouble. The safety net asks again; nothing is lost meanwhile.
        this.#deps.log.warn('worker.lease_failed', { error });
        this.#setAlarm(this.#deps.settings.pollMs);
      }
    }
  }

  async #leaseOnce(): Promise<void> {
    const { queue, clock, nextId, settings, sources } = this.#deps;
    const room = settings.inFlightMax - this.#work.size;
    if (room <= 0) return;
    // After a stall the own leases come first: whoever leases would take these very rows from itself.
    if (this.#hasRunOut()) await this.#extend();
    const now = clock.now();
    const only = sources?.();
    const perSource = this.#placesPerSource(only?.length ?? 1);
    const { rows, nextDueAt } = await queue.lease({
      now,
      leaseMs: settings.leaseMs,
      leaseId: nextId('lse'),
      limit: room,
      perSource,
      slots: this.#freePlaces(perSource),
      ...(only === undefined ? {} : { sources: only }),
    });
    if (this.#state !== 'running') return this.#giveBack(rows);
    for (const row of rows) this.#begin(row, now + settings.leaseMs);
    if (rows.length > 0) this.#again = true;
    this.#setAlarm(nextDueAt === undefined ? settings.pollMs : nextDueAt - clock.now());
  }

  #begin(row: Row, leasedUntil: number): void {
    const controller = new AbortController();
    this.#work.set(row.leaseId, {
      lease: { leaseId: row.leaseId, lane: row.lane },
      source: row.source,
      controller,
      leasedUntil,
    });
    const running = this.#deps
      .handle(row, controller.signal)
      .catch((error: unknown) => {
        // A lost lease is normal: somebody else has the row. Anything else is a bug, and the lease runs out.
        if (isAppError(error, 'lease_lost')) this.#deps.log.info('worker.lease_lost', { lane: row.lane });
        else this.#deps.log.error('worker.failed', { lane: row.lane, error });
      })
      .finally(() => {
        this.#work.delete(row.leaseId);
        this.#running.delete(running);
        this.wake();
      });
    this.#running.add(running);
  }

  /** The answer to a lease came after `stop`. */
  async #giveBack(rows: readonly Row[]): Promise<void> {
    const at = this.#deps.clock.now();
    const deferral = { at, dueAt: at, reason: 'daemon_stopping' } as const;
    await Promise.all(rows.map((row) => this.#deps.queue.defer(row, deferral)));
  }

  /** With an equal part of the places for each source, one that does not move cannot keep another waiting. */
  #placesPerSource(sources: number): number {
    const { inFlightMax, perSourceMax } = this.#deps.settings;
    return Math.min(perSourceMax, Math.max(1, Math.floor(inFlightMax / Math.max(sources, 1))));
  }

  #freePlaces(perSource: number): Record<string, number> {
    const free: Record<string, number> = {};
    for (const { source } of this.#work.values()) free[source] = (free[source] ?? perSource) - 1;
    return free;
  }

  #setAlarm(afterMs: number): void {
    this.#cancelAlarm();
    if (this.#state !== 'running') return;
    const wait = Math.min(Math.max(afterMs, 1), this.#deps.settings.pollMs);
    this.#cancelAlarm = this.#deps.clock.after(wait, () => this.wake());
  }

  #scheduleHeartbeat(): void {
    const { clock, settings, log } = this.#deps;
    this.#cancelHeartbeat = clock.after(settings.leaseMs / 3, () => {
      void this.#extend()
        .catch((error: unknown) => log.warn('worker.heartbeat_failed', { error }))
        .finally(() => {
          if (this.#state === 'running' || this.#work.size > 0) this.#scheduleHeartbeat();
        });
    });
  }

  async #extend(): Promise<void> {
    if (this.#work.size === 0) return;
    const work = [...this.#work.values()];
    const until = this.#deps.clock.now() + this.#deps.settings.leaseMs;
    const lost = new Set(
      await this.#deps.queue.extend(
        work.map(({ lease }) => lease),
        until,
      ),
    );
    for (const item of work) {
      if (lost.has(item.lease.leaseId)) item.controller.abort(leaseLost);
      else item.leasedUntil = until;
    }
  }

  #hasRunOut(): boolean {
    const now = this.#deps.clock.now();
    for (const { leasedUntil } of this.#work.values()) if (leasedUntil <= now) return true;
    return false;
  }
}

/** Why work was aborted: what it would write is refused anyway. */
export const leaseLost = Symbol('lease_lost');
