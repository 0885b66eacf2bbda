import type { SourceId } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { QueueName } from '../queue.ts';
import type { Tx } from './tx.ts';

const separator = '\u0000';
const msPerMinute = 60_000;

/**
 * Collects what a transaction counts, so that a batch writes each counter once. Flushed in name order,
 * so that two batches never wait for each other.
 */
export class Counters {
  readonly #gauges = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #before: Counters | undefined;

  /** `before` is what the same transaction has counted already, in calls that came before this one. */
  constructor(before?: Counters) {
    this.#before = before;
  }

  gauge(source: SourceId, queue: QueueName, state: string, change: number): void {
    add(this.#gauges, gaugeKey(source, queue, state), change);
  }

  /** What has been counted and not been flushed yet. */
  movedBy(source: SourceId, queue: QueueName, state: string): number {
    const own = this.#gauges.get(gaugeKey(source, queue, state)) ?? 0;
    return own + (this.#before?.movedBy(source, queue, state) ?? 0);
  }

  count(source: string, kind: string, at: number): void {
    add(this.#counts, [source, kind, String(Math.floor(at / msPerMinute))].join(separator), 1);
  }

  absorb(other: Counters): void {
    for (const [key, change] of other.#gauges) add(this.#gauges, key, change);
    for (const [key, change] of other.#counts) add(this.#counts, key, change);
  }

  async flush(tx: Pick<Tx, 'run'>): Promise<void> {
    for (const [key, change] of sorted(this.#gauges)) {
      const [source = '', queue = '', state = ''] = key.split(separator);
      if (change === 0) continue;
      await tx.run(sql`
        insert into gauge (source, queue, state, n) values (${source}, ${queue}, ${state}, ${change})
        on conflict (source, queue, state) do update set n = gauge.n + excluded.n`);
    }
    const totals = new Map<string, number>();
    for (const [key, change] of sorted(this.#counts)) {
      const [source = '', kind = '', minute = ''] = key.split(separator);
      add(totals, [source, kind].join(separator), change);
      await tx.run(sql`
        insert into activity (source, minute, kind, n) values (${source}, ${Number(minute)}, ${kind}, ${change})
        on conflict (minute, source, kind) do update set n = activity.n + excluded.n`);
    }
    for (const [key, change] of sorted(totals)) {
      const [source = '', kind = ''] = key.split(separator);
      await tx.run(sql`
        insert into total (source, kind, n) values (${source}, ${kind}, ${change})
        on conflict (source, kind) do update set n = total.n + excluded.n`);
    }
  }
}

function gaugeKey(source: SourceId, queue: QueueName, state: string): string {
  return [source, queue, state].join(separator);
}

function add(into: Map<string, number>, key: string, change: number): void {
  into.set(key, (into.get(key) ?? 0) + change);
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}
