import type { GapRecord, GapState } from '../../../domain/gap.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { ConnectorHost, HostGaps } from '../../connector.ts';
import { untilStored } from './until-stored.ts';

export interface GapEnd {
  readonly state: Exclude<GapState, 'open'>;
  readonly detail?: string;
  readonly recovered: number;
  readonly duplicates: number;
  readonly skipped: number;
}

/** A connection is down, or what it missed is on its way. */
interface Ongoing {
  readonly scope: string;
  readonly fromAt: number;
  readonly cause: string;
  /** Absent until it could be written: a store that fails makes no gap disappear. */
  gap?: GapRecord;
}

/**
 * What a session writes into the ledger of gaps, in the order in which it happened. Of each connection at most
 * one gap is current: it has not ended, or what was missed is about to be replayed. One that ended in a new
 * session is owed instead, until it has been read back.
 */
export class GapLedger {
  readonly #gaps: HostGaps;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  readonly #current = new Map<string, Ongoing>();
  readonly #down = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();

  /** Nothing is tried again once `signal` aborts. */
  constructor(
    { gaps, clock, log }: Pick<ConnectorHost<unknown>, 'gaps' | 'clock' | 'log'>,
    signal: AbortSignal,
  ) {
    this.#gaps = gaps;
    this.#clock = clock;
    this.#log = log;
    this.#signal = signal;
  }

  /**
   * Opens a gap for each of `scopes`, back to `heardAt`, unless one of an earlier session goes on; without
   * `heardAt` nothing was ever heard, and nothing missed. Answers the gaps that earlier sessions still owe.
   */
  async begin(
    scopes: readonly string[],
    heardAt: number | undefined,
    cause: string,
  ): Promise<readonly GapRecord[]> {
    const owed: GapRecord[] = [];
    for (const gap of await this.#gaps.listOpen()) {
      const { scope, fromAt, cause } = gap;
      const goesOn = gap.toAt === undefined && scopes.includes(scope) && !this.#current.has(scope);
      if (goesOn) this.#current.set(scope, { scope, fromAt, cause, gap });
      else owed.push(gap);
    }
    for (const scope of scopes) {
      this.#down.add(scope);
      if (heardAt !== undefined) await this.#open(this.#begin(scope, heardAt, cause));
    }
    return owed;
  }

  /** The platform is not heard from `at` on. */
  lost(scope: string, at: number, cause: string): void {
    this.#down.add(scope);
    const ongoing = this.#begin(scope, at, cause);
    this.#note(() => this.#open(ongoing));
  }

  /** The platform is heard again in the same session; the gap ends with `replayed`. */
  resumed(scope: string): void {
    this.#down.delete(scope);
  }

  /** What was missed has arrived and is committed. Written once the store takes it, in its turn. */
  replayed(scope: string, counts: Pick<GapEnd, 'recovered' | 'duplicates'>): void {
    // When it is down again already, the same gap goes on.
    const ongoing = this.#down.has(scope) ? undefined : this.#finish(scope);
    if (!ongoing) return;
    this.#note(() =>
      this.#untilStored(async () => {
        await this.settle(await this.#open(ongoing), { state: 'resumed', ...counts, skipped: 0 });
      }),
    );
  }

  /**
   * The platform is heard again in a new session, since `at`. Answers the gap, which is owed from now on, once
   * that is written, however long the store takes: a session that ends for it costs one of the day's starts.
   * Rejects when it could not be written at all: the new session must not be committed then, or the next one
   * would take the gap for one that was replayed.
   */
  renewed(scope: string, at: number): Promise<GapRecord | undefined> {
    this.#down.delete(scope);
    const ongoing = this.#finish(scope);
    const write = async (): Promise<GapRecord | undefined> => {
      if (!ongoing) return undefined;
      const gap = await this.#open(ongoing);
      await this.#gaps.update(gap.id, { toAt: at });
      return { ...gap, toAt: at };
    };
    return this.#do(() => this.#untilStored(write));
  }

  /** It is known what was missed. */
  settle(gap: GapRecord, end: GapEnd): Promise<void> {
    return this.#gaps.update(gap.id, { ...end, toAt: gap.toAt ?? this.#clock.now() });
  }

  /** Resolves when all is written that can be. */
  async written(): Promise<void> {
    await this.#queue;
  }

  #begin(scope: string, fromAt: number, cause: string): Ongoing {
    const ongoing = this.#current.get(scope) ?? { scope, fromAt, cause };
    this.#current.set(scope, ongoing);
    return ongoing;
  }

  #finish(scope: string): Ongoing | undefined {
    const ongoing = this.#current.get(scope);
    this.#current.delete(scope);
    return ongoing;
  }

  async #open(ongoing: Ongoing): Promise<GapRecord> {
    const { scope, fromAt, cause } = ongoing;
    ongoing.gap ??= await this.#gaps.open({ scope, fromAt, cause });
    return ongoing.gap;
  }

  /** What cannot be written is a line in the log: the events are not concerned. */
  #note(write: () => Promise<unknown>): void {
    void this.#do(write).catch((error: unknown) => this.#log.warn('gap.not_written', { error }));
  }

  #untilStored<Value>(write: () => Promise<Value>): Promise<Value> {
    return untilStored(write, { clock: this.#clock, log: this.#log, signal: this.#signal });
  }

  /** One write after the other. */
  #do<Value>(write: () => Promise<Value>): Promise<Value> {
    const written = this.#queue.then(write);
    this.#queue = written.catch(() => undefined);
    return written;
  }
}
