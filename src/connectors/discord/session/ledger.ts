import type { GapRecord, GapState } from '../../../domain/gap.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { ConnectorHost, HostGaps } from '../../connector.ts';

export interface GapEnd {
  readonly state: Exclude<GapState, 'open'>;
  readonly detail?: string;
  readonly recovered: number;
  readonly duplicates: number;
  readonly skipped: number;
}

/** Since when a connection is down, and why. */
interface Loss {
  readonly fromAt: number;
  readonly cause: string;
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
  readonly #current = new Map<string, GapRecord>();
  /** What is to be written where it is not yet: a store that fails makes no gap disappear. */
  readonly #losses = new Map<string, Loss>();
  readonly #down = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ gaps, clock, log }: Pick<ConnectorHost<unknown>, 'gaps' | 'clock' | 'log'>) {
    this.#gaps = gaps;
    this.#clock = clock;
    this.#log = log;
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
      const goesOn = gap.toAt === undefined && scopes.includes(gap.scope) && !this.#current.has(gap.scope);
      if (goesOn) this.#current.set(gap.scope, gap);
      else owed.push(gap);
    }
    for (const scope of scopes) {
      this.#down.add(scope);
      if (heardAt === undefined) continue;
      this.#losses.set(scope, { fromAt: heardAt, cause });
      await this.#open(scope);
    }
    return owed;
  }

  /** The platform is not heard from `at` on. */
  lost(scope: string, at: number, cause: string): void {
    this.#down.add(scope);
    if (!this.#losses.has(scope)) this.#losses.set(scope, { fromAt: at, cause });
    this.#note(() => this.#open(scope));
  }

  /** The platform is heard again in the same session; the gap ends with `replayed`. */
  resumed(scope: string): void {
    this.#down.delete(scope);
  }

  /** What was missed has arrived and is committed. */
  replayed(scope: string, counts: Pick<GapEnd, 'recovered' | 'duplicates'>): void {
    this.#note(async () => {
      // When it is down again already, the same gap goes on.
      const gap = this.#down.has(scope) ? undefined : await this.#take(scope);
      if (gap) await this.settle(gap, { state: 'resumed', ...counts, skipped: 0 });
    });
  }

  /**
   * The platform is heard again in a new session, since `at`. Answers the gap, which is owed from now on.
   * Rejects when that could not be written: the new session must not be committed then, or the next one would
   * take the gap for one that was replayed.
   */
  renewed(scope: string, at: number): Promise<GapRecord | undefined> {
    this.#down.delete(scope);
    return this.#do(async () => {
      const gap = await this.#take(scope);
      if (!gap) return undefined;
      await this.#gaps.update(gap.id, { toAt: at });
      return { ...gap, toAt: at };
    });
  }

  /** It is known what was missed. */
  settle(gap: GapRecord, end: GapEnd): Promise<void> {
    return this.#gaps.update(gap.id, { ...end, toAt: gap.toAt ?? this.#clock.now() });
  }

  /** Resolves when all is written that can be. */
  async written(): Promise<void> {
    await this.#queue;
  }

  async #open(scope: string): Promise<GapRecord | undefined> {
    const loss = this.#losses.get(scope);
    const known = this.#current.get(scope);
    if (known || !loss) return known;
    const gap = await this.#gaps.open({ scope, ...loss });
    this.#current.set(scope, gap);
    return gap;
  }

  /** The gap that has come to its end; from now on it is not the current one. */
  async #take(scope: string): Promise<GapRecord | undefined> {
    const gap = await this.#open(scope);
    this.#current.delete(scope);
    this.#losses.delete(scope);
    return gap;
  }

  /** What cannot be written is a line in the log: the events are not concerned. */
  #note(write: () => Promise<unknown>): void {
    void this.#do(write).catch((error: unknown) => this.#log.warn('gap.not_written', { error }));
  }

  /** One write after the other. */
  #do<Value>(write: () => Promise<Value>): Promise<Value> {
    const written = this.#queue.then(write);
    this.#queue = written.catch(() => undefined);
    return written;
  }
}
