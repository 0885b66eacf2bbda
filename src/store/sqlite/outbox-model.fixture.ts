import { strict as assert } from 'node:assert';
import type { ConnectorId } from '../../domain/ids.ts';
import type { PartState } from '../outbox-store.ts';

export type Outcome = 'delivered' | 'retry' | 'deferral' | 'unknown' | 'dead' | 'hold';

/** A part as the model knows it. Its place in the list is its place in every order. */
export interface Part {
  readonly index: number;
  readonly id: string;
  readonly key: string;
  readonly message: string;
  readonly part: number;
  readonly source: ConnectorId;
  readonly lane: string;
  state: PartState;
  /** Held because an earlier part of the message stopped. */
  follower: boolean;
  dueAt: number;
  attempts: number;
  deferrals: number;
  firstAttemptAt: number | null;
  opened: boolean;
  uncertain: boolean;
  labelled: boolean;
  replayed: boolean;
}

type PartNames = Pick<Part, 'id' | 'key' | 'message' | 'part' | 'source' | 'lane'>;

const untouched = { deferrals: 0, attempts: 0, firstAttemptAt: null, opened: false };

/** What the outbox has to do with a list of parts, in the simplest words. */
export class OutboxModel {
  readonly parts: Part[] = [];
  readonly #delivered: Part[] = [];

  add(names: PartNames, now: number): void {
    const flags = { follower: false, uncertain: false, labelled: false, replayed: false };
    const index = this.parts.length;
    this.parts.push({ index, ...names, ...untouched, ...flags, state: 'pending', dueAt: now });
  }

  lanes(source: ConnectorId): string[] {
    return [...new Set(this.#pending(source).map(({ lane }) => lane))];
  }

  countPending(source: ConnectorId): number {
    return this.#pending(source).length;
  }

  headOf(lane: string): Part {
    const head = this.parts.find((part) => part.lane === lane && part.state === 'pending');
    assert.ok(head, `lane ${lane} has nothing pending`);
    return head;
  }

  /** What a person can decide about. */
  stopped(): Part[] {
    return this.parts.filter(({ state, follower }) => (state === 'dead' || state === 'held') && !follower);
  }

  begin(part: Part, now: number): void {
    part.attempts++;
    part.firstAttemptAt ??= now;
    part.uncertain ||= part.opened;
    part.opened = true;
  }

  /** The attempt did not happen. */
  defer(part: Part, dueAt: number): void {
    untry(part);
    Object.assign(part, { opened: false, dueAt });
  }

  /** Answers how many later parts of the message are held up. */
  end(part: Part, outcome: Outcome, dueAt: number): number {
    part.opened = false;
    if (outcome === 'delivered') return this.#deliver(part);
    if (outcome === 'dead' || outcome === 'hold') return this.#stop(part, outcome);
    if (outcome === 'deferral') {
      untry(part);
      part.deferrals++;
    }
    part.uncertain = outcome === 'unknown';
    part.dueAt = dueAt;
    return 0;
  }

  replay(part: Part, now: number): void {
    Object.assign(part, untouched, { labelled: part.labelled || part.uncertain, uncertain: false });
    for (const item of [part, ...this.#followersOf(part)]) {
      Object.assign(item, { state: 'pending', follower: false, dueAt: now, replayed: true });
    }
  }

  discard(part: Part): void {
    for (const item of [part, ...this.#followersOf(part)]) item.state = 'discarded';
  }

  #deliver(part: Part): number {
    part.state = 'delivered';
    for (const item of this.parts) {
      if (isLater(part, item))
        assert.equal(item.state, 'delivered', 'an earlier part of the message is missing');
    }
    const last = this.#delivered.findLast(({ lane, replayed }) => lane === part.lane && !replayed);
    const inOrder = part.replayed || (last?.index ?? -1) < part.index;
    assert.ok(inOrder, 'first deliveries keep the order of the lane');
    this.#delivered.push(part);
    return 0;
  }

  #stop(part: Part, outcome: 'dead' | 'hold'): number {
    part.state = outcome === 'dead' ? 'dead' : 'held';
    if (outcome === 'hold') part.uncertain = true;
    const followers = this.parts.filter((item) => isLater(item, part) && item.state === 'pending');
    for (const item of followers) Object.assign(item, { state: 'held', follower: true });
    return followers.length;
  }

  #pending(source: ConnectorId): Part[] {
    return this.parts.filter((part) => part.source === source && part.state === 'pending');
  }

  #followersOf(part: Part): Part[] {
    return this.parts.filter((item) => isLater(item, part) && item.state === 'held' && item.follower);
  }
}

/** As its row shows it. */
export function toShown(part: Part): Record<string, unknown> {
  const { key, state, attempts, deferrals, firstAttemptAt } = part;
  const flags = {
    opened: Number(part.opened),
    uncertain: Number(part.uncertain),
    labelled: Number(part.labelled),
  };
  return { key, state, attempts, deferrals, firstAttemptAt, ...flags };
}

function untry(part: Part): void {
  part.attempts--;
  if (part.attempts === 0) part.firstAttemptAt = null;
}

function isLater(item: Part, than: Part): boolean {
  return item.message === than.message && item.part > than.part;
}
