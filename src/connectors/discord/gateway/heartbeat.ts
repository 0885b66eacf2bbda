import type { Clock } from '../../../lib/clock.ts';

export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** False when the limit of sends did not let it go. */
  readonly send: () => boolean;
  /** No acknowledgement came between two beats: the connection looks alive and is not. */
  readonly onZombie: () => void;
}

/**
 * The pulse of one connection: the first beat after a random part of the interval, then one per interval
 * (https://docs.discord.com/developers/events/gateway#sending-heartbeats).
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: () => void;
  #awaitsAck = false;
  #sentAt = 0;
  #ackedAt: number | undefined;
  #latencyMs: number | undefined;
  /** An acknowledgement may lie unread: reading is paused, or was since the last beat. */
  #excused = false;
  #paused = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    const { clock, intervalMs, random } = options;
    this.#cancel = clock.after(intervalMs * random(), () => this.#beat());
  }

  /** Monotonic. */
  get ackedAt(): number | undefined {
    return this.#ackedAt;
  }

  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  acknowledge(): void {
    const now = this.#options.clock.monotonic();
    this.#ackedAt = now;
    if (this.#awaitsAck) this.#latencyMs = now - this.#sentAt;
    this.#awaitsAck = false;
  }

  /** While reading is paused, and until a whole interval has been read since, silence proves nothing. */
  pause(): void {
    this.#paused = true;
    this.#excused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  stop(): void {
    this.#cancel();
  }

  #beat(): void {
    const { clock, intervalMs, send, onZombie } = this.#options;
    if (this.#awaitsAck && !this.#excused) {
      onZombie();
      return;
    }
    this.#excused = this.#paused;
    if (send()) {
      if (!this.#awaitsAck) this.#sentAt = clock.monotonic();
      this.#awaitsAck = true;
    }
    this.#cancel = clock.after(intervalMs, () => this.#beat());
  }
}
