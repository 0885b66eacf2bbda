import { strict as assert } from 'node:assert';
import type { ConnectorId } from '../../domain/ids.ts';
import { connector, otherConnector } from '../contract/data.ts';
import type { Store } from '../store.ts';

interface GatedPart {
  readonly index: number;
  readonly source: ConnectorId;
  readonly lane: string;
  dueAt: number;
}

interface Gate {
  paused: boolean;
  /** Infinity for a hold without an end. */
  holdUntil?: number | undefined;
  drainThrough?: number | undefined;
}

export interface GatedLanes {
  now(): number;
  /** The place of the newest part. */
  newest(): number;
  pending(source: ConnectorId): number;
  heads(source: ConnectorId): GatedPart[];
  /** Whether the lane is under no lease. */
  isIdle(lane: string): boolean;
}

export const sources = [connector, otherConnector] as const;

/** The pauses, holds and drains of the outbox, beside a model of them. */
export class OutboxGates {
  readonly #store: Store;
  readonly #lanes: GatedLanes;
  readonly #gates = new Map<ConnectorId, Gate>();

  constructor(store: Store, lanes: GatedLanes) {
    this.#store = store;
    this.#lanes = lanes;
  }

  async pause(source: ConnectorId): Promise<void> {
    await this.#store.connectors.pause(source, 'why', this.#lanes.now());
    this.#gates.set(source, { ...this.#gates.get(source), paused: true, drainThrough: undefined });
  }

  async resume(source: ConnectorId): Promise<void> {
    await this.#store.connectors.resume(source, this.#lanes.now());
    this.#gates.delete(source);
  }

  /** Holds for `ms`, or without an end. */
  async hold(source: ConnectorId, ms: number | undefined): Promise<void> {
    const now = this.#lanes.now();
    const until = ms === undefined ? undefined : now + ms;
    await this.#store.connectors.hold(source, 'rate_limited', now, until);
    const gate = this.#gates.get(source) ?? { paused: false };
    const holdUntil = Math.max(gate.holdUntil ?? 0, until ?? Infinity);
    this.#gates.set(source, { ...gate, holdUntil, drainThrough: undefined });
  }

  async releaseHold(source: ConnectorId): Promise<void> {
    await this.#store.connectors.releaseHold(source, this.#lanes.now());
    const gate = this.#gates.get(source);
    if (gate) gate.holdUntil = undefined;
  }

  async drain(source: ConnectorId): Promise<void> {
    const now = this.#lanes.now();
    const { parts } = await this.#store.connectors.drain(source, now);
    assert.equal(parts, this.#lanes.pending(source));
    if (parts === 0) return;
    for (const head of this.#lanes.heads(source)) {
      if (this.#lanes.isIdle(head.lane) && head.dueAt > now) head.dueAt = now;
    }
    const gate = this.#gates.get(source);
    if (gate && (gate.paused || gate.holdUntil !== undefined)) gate.drainThrough = this.#lanes.newest();
  }

  /** A drain is forgotten by the first look for due lanes that finds nothing left of it. */
  beforeLease(hasDueLane: (source: ConnectorId) => boolean): void {
    for (const [source, gate] of this.#gates) {
      if (this.isClosed(source) && hasDueLane(source) && !this.#isDraining(source))
        gate.drainThrough = undefined;
    }
  }

  isClosed(source: ConnectorId): boolean {
    const gate = this.#gates.get(source);
    return gate !== undefined && (gate.paused || (gate.holdUntil ?? 0) > this.#lanes.now());
  }

  lets(part: GatedPart): boolean {
    return !this.isClosed(part.source) || part.index <= (this.#gates.get(part.source)?.drainThrough ?? -1);
  }

  async check(): Promise<void> {
    const states = await this.#store.connectors.listQueueStates();
    const shown = states.map(({ source, paused, holdReason, holdUntil, draining }) => ({
      ...{ source, paused, draining },
      holdUntil: holdReason === undefined ? undefined : (holdUntil ?? Infinity),
    }));
    const expected = [...this.#gates].map(([source, { paused, holdUntil }]) => ({
      ...{ source, paused, draining: this.#isDraining(source) },
      holdUntil,
    }));
    assert.deepEqual(
      shown,
      expected.toSorted((left, right) => (left.source < right.source ? -1 : 1)),
    );
  }

  #isDraining(source: ConnectorId): boolean {
    const through = this.#gates.get(source)?.drainThrough ?? -1;
    return this.#lanes.heads(source).some(({ index }) => index <= through);
  }
}
