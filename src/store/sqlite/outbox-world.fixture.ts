import { strict as assert } from 'node:assert';
import type { ConnectorId } from '../../domain/ids.ts';
import type { Settlement } from '../../domain/settle.ts';
import { connector, laneName, leaseRequest, newMessage, otherConnector } from '../contract/data.ts';
import type { Lease } from '../queue.ts';
import { OutboxGates } from './outbox-gates.fixture.ts';
import { OutboxModel, type Outcome, type Part, toShown } from './outbox-model.fixture.ts';
import { checkTables, fenced, type Marks, pickFrom, sameLease, type WorldDatabase } from './world.fixture.ts';

interface PartLease extends Lease {
  readonly part: Part;
  until: number;
}

export const outboxMarks = [
  'stale write refused',
  'late write taken',
  'lease taken over',
  'group held',
  'replayed beside a lease',
  'labelled after replay',
  'passed a closed gate',
  'repeat recognised',
] as const;

type OutboxMarks = Marks<(typeof outboxMarks)[number]>;

/** The real outbox beside a model of it that is too simple to be wrong in the same way. */
export class OutboxWorld {
  now = 1_000;
  readonly gates: OutboxGates;
  readonly #base: WorldDatabase;
  readonly #marks: OutboxMarks;
  readonly #model = new OutboxModel();
  readonly #leases = new Map<string, PartLease>();
  /** Every lease that was ever given out. */
  readonly #given: PartLease[] = [];
  #messages = 0;

  constructor(base: WorldDatabase, marks: OutboxMarks) {
    this.#base = base;
    this.#marks = marks;
    this.gates = new OutboxGates(base.store, {
      now: () => this.now,
      newest: () => this.#model.parts.length - 1,
      pending: (source) => this.#model.countPending(source),
      heads: (source) => this.#model.lanes(source).map((lane) => this.#model.headOf(lane)),
      isIdle: (lane) => !this.#leases.has(lane),
    });
  }

  async enqueue(place: number, parts: number): Promise<void> {
    const key = `m${this.#messages++}`;
    const source = place % 2 === 0 ? connector : otherConnector;
    const conversation = `c${place}`;
    const message = newMessage({ key, parts, conversation, connector: source });
    await this.#base.store.outbox.enqueue(message, this.now, 10_000);
    const lane = laneName(conversation, source);
    for (const part of message) this.#model.add({ ...part, source, lane }, this.now);
  }

  /** The caller lost the answer, and asks again. */
  async repeat(pick: number): Promise<void> {
    const part = pickFrom(this.#model.parts, pick);
    if (!part) return;
    const key = part.message.replace('msg_', '');
    const parts = this.#model.parts.filter(({ message }) => message === part.message).length;
    const conversation = part.lane.split('/')[1] ?? '';
    const again = newMessage({ key, parts, conversation, connector: part.source, message: `again${key}` });
    const answer = await this.#base.store.outbox.enqueue(again, this.now, 10_000);
    assert.deepEqual(answer, { message: part.message, added: false });
    this.#marks.saw('repeat recognised');
  }

  async lease(limit: number, leaseMs: number): Promise<void> {
    const open = this.#dueLanes();
    this.gates.beforeLease((source) =>
      this.#model.lanes(source).some((lane) => this.#dueAt(lane) <= this.now),
    );
    const { rows } = await this.#base.store.outbox.lease(leaseRequest(this.now, { limit, leaseMs }));
    assert.ok(rows.length <= limit);
    assert.equal(rows.length > 0, open.length > 0, 'leases something when, and only when, something is due');
    for (const row of rows) {
      assert.ok(open.includes(row.lane), `${row.lane} is not due, or leased twice`);
      open.splice(open.indexOf(row.lane), 1);
      const part = this.#model.headOf(row.lane);
      if (this.#leases.has(row.lane)) this.#marks.saw('lease taken over');
      if (this.gates.isClosed(part.source)) this.#marks.saw('passed a closed gate');
      this.#model.begin(part, this.now);
      const seen = [row.key, row.attempt, row.uncertain, row.possibleDuplicate];
      assert.deepEqual(seen, [part.key, part.attempts, part.uncertain, part.labelled]);
      const lease = { leaseId: row.leaseId, lane: row.lane, part, until: this.now + leaseMs };
      this.#leases.set(row.lane, lease);
      this.#given.push(lease);
    }
  }

  async settle(pick: number, outcome: Outcome, waitMs: number): Promise<void> {
    const lease = this.#anyLease(pick);
    if (!lease) return;
    const { outbox } = this.#base.store;
    const dueAt = this.now + waitMs;
    const report = { at: this.now, durationMs: 1, outcome: 'retry' } as const;
    const done = await fenced(this.#isCurrent(lease), () =>
      outcome === 'hold'
        ? outbox.hold(lease, this.now)
        : outbox.settle(lease, toSettlement(outcome, dueAt), report),
    );
    if (!done) {
      this.#marks.saw('stale write refused');
      return;
    }
    if (lease.until <= this.now) this.#marks.saw('late write taken');
    this.#leases.delete(lease.lane);
    if (this.#model.end(lease.part, outcome, dueAt) > 0) this.#marks.saw('group held');
  }

  async extend(pick: number, ms: number): Promise<void> {
    const lease = this.#anyLease(pick);
    if (!lease) return;
    const lost = await this.#base.store.outbox.extend([lease], this.now + ms);
    assert.deepEqual(lost, this.#isCurrent(lease) ? [] : [lease.leaseId]);
    if (this.#isCurrent(lease)) lease.until = this.now + ms;
  }

  async defer(pick: number, waitMs: number): Promise<void> {
    const lease = this.#anyLease(pick);
    if (!lease) return;
    const deferral = { at: this.now, dueAt: this.now + waitMs, reason: 'connector_offline' } as const;
    const write = () => this.#base.store.outbox.defer(lease, deferral);
    if (!(await fenced(this.#isCurrent(lease), write))) return;
    this.#leases.delete(lease.lane);
    this.#model.defer(lease.part, deferral.dueAt);
  }

  async replay(pick: number): Promise<void> {
    const part = pickFrom(this.#model.stopped(), pick);
    if (!part) return;
    await this.#base.store.outbox.replay(part.id as never, this.now);
    if (this.#leases.has(part.lane)) this.#marks.saw('replayed beside a lease');
    if (part.uncertain) this.#marks.saw('labelled after replay');
    this.#model.replay(part, this.now);
  }

  async discard(pick: number): Promise<void> {
    const part = pickFrom(this.#model.stopped(), pick);
    if (!part) return;
    await this.#base.store.outbox.discard(part.id as never, this.now);
    this.#model.discard(part);
  }

  /** Everything that must hold between two steps. */
  async check(): Promise<void> {
    const { db } = this.#base;
    const rows = db.prepare(
      `select key, state, attempts, deferrals, first_attempt_at as firstAttemptAt, opened, uncertain,
         possible_duplicate as labelled from outbox order by seq`,
    );
    assert.deepEqual(
      rows.all().map((row) => ({ ...row })),
      this.#model.parts.map(toShown),
    );
    const lanes = [connector, otherConnector].flatMap((source) => this.#model.lanes(source));
    checkTables(
      db,
      'outbox',
      lanes.map((name) => ({ name, dueAt: this.#dueAt(name), leased: this.#leases.has(name) })),
    );
    await this.gates.check();
  }

  /** Mostly one that is good, sometimes any that was ever given out. */
  #anyLease(pick: number): PartLease | undefined {
    return pickFrom(pick % 3 === 0 ? this.#given : [...this.#leases.values()], pick);
  }

  #isCurrent(lease: PartLease): boolean {
    return sameLease(this.#leases.get(lease.lane), lease);
  }

  #dueLanes(): string[] {
    return [connector, otherConnector]
      .flatMap((source: ConnectorId) => this.#model.lanes(source))
      .filter((lane) => this.#dueAt(lane) <= this.now && this.gates.lets(this.#model.headOf(lane)));
  }

  #dueAt(lane: string): number {
    return this.#leases.get(lane)?.until ?? this.#model.headOf(lane).dueAt;
  }
}

function toSettlement(outcome: Outcome, dueAt: number): Settlement {
  if (outcome === 'delivered') return { state: 'delivered', platformIds: ['p'] };
  if (outcome === 'dead') return { state: 'dead', code: 'platform_rejected' };
  const flags = { deferral: outcome === 'deferral', uncertain: outcome === 'unknown' };
  return { state: 'pending', code: 'platform_error', dueAt, ...flags };
}
