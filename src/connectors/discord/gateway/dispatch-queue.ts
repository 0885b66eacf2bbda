import type { GatewayDispatch, ResumePoint } from './contract.ts';

/** A session as this process knows it. */
export interface LiveSession {
  readonly sessionId: string;
  readonly resumeUrl: string;
  /** The newest dispatch that came. */
  received: number;
  /** The newest dispatch that is committed; null when none of this session is. */
  committed: number | null;
}

export interface QueueEntry {
  readonly session: LiveSession;
  readonly dispatch: GatewayDispatch;
  /** When it came, Unix ms. */
  readonly at: number;
  /** Of its text, in UTF-16 units. */
  readonly length: number;
}

export const waitingMax = 256;
const waitingLengthMax = 16 * 1_024 * 1_024;
const batchMax = 64;

export interface DispatchQueueOptions {
  readonly commit: (batch: readonly GatewayDispatch[], point: ResumePoint) => Promise<void>;
  /** A commit was rejected: nothing more will be committed. */
  readonly onFailed: (error: unknown) => void;
}

/** Hands dispatches on, in order and one batch at a time. Whoever fills it waits for room: nothing is dropped. */
export class DispatchQueue {
  readonly #options: DispatchQueueOptions;
  readonly #entries: QueueEntry[] = [];
  readonly #waiters = new Set<() => void>();
  #committing: readonly QueueEntry[] = [];
  #length = 0;
  #stopped = false;

  constructor(options: DispatchQueueOptions) {
    this.#options = options;
  }

  /** How many dispatches are not committed. */
  get waiting(): number {
    return this.#entries.length + this.#committing.length;
  }

  /** When the oldest of them came, Unix ms. */
  get waitingSince(): number | undefined {
    return (this.#committing[0] ?? this.#entries[0])?.at;
  }

  get isFull(): boolean {
    return this.waiting >= waitingMax || this.#length >= waitingLengthMax;
  }

  push(entry: QueueEntry): void {
    if (this.#stopped) return;
    this.#entries.push(entry);
    this.#length += entry.length;
    if (this.#committing.length === 0) void this.#run();
  }

  /** Resolves when it is at most half full, or stopped. */
  room(): Promise<void> {
    return this.#until(() => this.waiting <= waitingMax / 2 && this.#length <= waitingLengthMax / 2);
  }

  /** Resolves when all that was pushed is committed, or when it is stopped. */
  drained(): Promise<void> {
    return this.#until(() => this.waiting === 0);
  }

  /** Starts no further batch. What is not committed stays with the gateway, which replays it. */
  stop(): void {
    this.#stopped = true;
    this.#entries.length = 0;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (this.#entries.length > 0) {
      this.#committing = this.#takeBatch();
      const [first, last] = [this.#committing[0], this.#committing.at(-1)];
      if (!first || !last) return;
      const { session } = first;
      const seq = Math.max(session.committed ?? 0, last.dispatch.seq);
      try {
        await this.#options.commit(
          this.#committing.map(({ dispatch }) => dispatch),
          { sessionId: session.sessionId, seq, resumeUrl: session.resumeUrl },
        );
      } catch (error) {
        this.#committing = [];
        this.stop();
        this.#options.onFailed(error);
        return;
      }
      session.committed = seq;
      for (const { length } of this.#committing) this.#length -= length;
      this.#committing = [];
      this.#wake();
    }
  }

  #takeBatch(): readonly QueueEntry[] {
    const session = this.#entries[0]?.session;
    const foreign = this.#entries.findIndex((entry) => entry.session !== session);
    return this.#entries.splice(0, Math.min(batchMax, foreign < 0 ? batchMax : foreign));
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!this.#stopped && !isMet()) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }
}
