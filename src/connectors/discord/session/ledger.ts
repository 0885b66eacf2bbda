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
  readonly #down = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

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
      if (heardAt !== undefined && !this.#current.has(scope))
        this.#current.set(scope, await this.#gaps.open({ scope, fromAt: heardAt, cause }));
    }
    return owed;
  }

  /** The platform is not heard from `at` on. */
  lost(scope: string, at: number, cause: string): void {
    this.#down.add(scope);
    void this.#do(async () => {
      if (!this.#current.has(scope))
        this.#current.set(scope, await this.#gaps.open({ scope, fromAt: at, cause }));
    });
  }

  /** The platform is heard again in the same session; the gap ends with `replayed`. */
  resumed(scope: string): void {
    this.#down.delete(scope);
  }

  /** What was missed has arrived and is committed. */
  replayed(scope: string, recovered: number): void {
    void this.#do(async () => {
      const gap = this.#current.get(scope);
      // It is down again already: the same gap goes on.
      if (!gap || this.#down.has(scope)) return;
      this.#current.delete(scope);
      await this.#write(gap, { state: 'resumed', recovered, duplicates: 0, skipped: 0 });
    });
  }

  /** The platform is heard again in a new session. Answers the gap, which is owed from now on. */
  renewed(scope: string, at: number): Promise<GapRecord | undefined> {
    this.#down.delete(scope);
    return this.#do(async () => {
      const gap = this.#current.get(scope);
      if (!gap) return undefined;
      this.#current.delete(scope);
      await this.#gaps.update(gap.id, { toAt: at });
      return { ...gap, toAt: at };
    });
  }

  /** It is known what was missed. */
  settle(gap: GapRecord, end: GapEnd): Promise<void> {
    return this.#write(gap, end);
  }

  #write(gap: GapRecord, end: GapEnd): Promise<void> {
    return this.#gaps.update(gap.id, { ...end, toAt: gap.toAt ?? this.#clock.now() });
  }

  /** One write after the other. What cannot be written is a line in the log: the events are not concerned. */
  #do<Value>(write: () => Promise<Value>): Promise<Value | undefined> {
    const written = this.#queue.then(write).catch((error: unknown) => {
      this.#log.warn('gap.not_written', { error });
      return undefined;
    });
    this.#queue = written.then(() => undefined);
    return written;
  }
}
