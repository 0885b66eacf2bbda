import { strict as assert } from 'node:assert';
import { type ConnectorId, turnIdOf } from '../../domain/ids.ts';
import { isAppError } from '../../domain/errors.ts';
import {
  accept,
  connector,
  endOf,
  eventId,
  laneName,
  leaseRequest,
  newMessage,
  otherConnector,
} from '../contract/data.ts';
import type { EventState } from '../inbox-store.ts';
import type { Lease } from '../queue.ts';
import { checkTables, fenced, type Marks, pickFrom, sameLease, type WorldDatabase } from './world.fixture.ts';

/** An event as the model knows it. Its place in the list is its place in every order. */
interface Event {
  readonly index: number;
  readonly key: string;
  readonly lane: string;
  readonly source: ConnectorId;
  state: EventState;
  dueAt: number;
  attempts: number;
  opened: boolean;
  awaiting: boolean;
  duplicates: number;
  parts: number;
  replayed: boolean;
}

interface EventLease extends Lease {
  readonly event: Event;
  until: number;
}

export const inboxMarks = [
  'stale write refused',
  'late write taken',
  'lease taken over',
  'replayed beside a lease',
  'replayed beside an awaited turn',
  'answered in time',
  'answered too late',
  'overdue turn taken up',
  'repeat recognised',
] as const;

export type Ending = 'done' | 'ignored' | 'dead' | 'retry' | 'suspend';

/** The real inbox beside a model of it that is too simple to be wrong in the same way. */
export class InboxWorld {
  now = 1_000;
  readonly #base: WorldDatabase;
  readonly #marks: Marks<(typeof inboxMarks)[number]>;
  readonly #events: Event[] = [];
  /** What keeps a lane closed: a worker's lease, or the time that an agent has. */
  readonly #leases = new Map<string, EventLease>();
  readonly #given: EventLease[] = [];
  readonly #ended: Event[] = [];

  constructor(base: WorldDatabase, marks: Marks<(typeof inboxMarks)[number]>) {
    this.#base = base;
    this.#marks = marks;
  }

  async accept(place: number, count: number): Promise<void> {
    const source = place % 2 === 0 ? connector : otherConnector;
    const conversation = `c${place}`;
    const first = this.#events.length;
    const keys = Array.from({ length: count }, (_none, index) => `k${first + index}`);
    await accept(
      this.#base.store,
      keys.map((key) => ({ key, conversation, source })),
      { at: this.now },
    );
    for (const key of keys) {
      const names = { index: this.#events.length, key, source, lane: laneName(conversation, source) };
      const flags = { opened: false, awaiting: false, replayed: false };
      const counts = { attempts: 0, duplicates: 0, parts: 0 };
      this.#events.push({ ...names, ...flags, ...counts, state: 'pending', dueAt: this.now });
    }
  }

  /** The platform delivers an event again, into another lane even. */
  async repeat(pick: number): Promise<void> {
    const event = pickFrom(this.#events, pick);
    if (!event) return;
    const again = { key: `again${pick}`, dedupeKey: event.key, conversation: 'c9', source: event.source };
    assert.deepEqual(await accept(this.#base.store, [again], { at: this.now }), [
      { id: eventId(event.key), duplicate: true },
    ]);
    event.duplicates++;
    this.#marks.saw('repeat recognised');
  }

  async lease(limit: number, leaseMs: number): Promise<void> {
    const open = this.#lanes().filter((lane) => this.#dueAt(lane) <= this.now);
    const { rows } = await this.#base.store.inbox.lease(leaseRequest(this.now, { limit, leaseMs }));
    assert.ok(rows.length <= limit);
    assert.equal(rows.length > 0, open.length > 0, 'leases something when, and only when, something is due');
    for (const row of rows) {
      assert.ok(open.includes(row.lane), `${row.lane} is not due, or leased twice`);
      open.splice(open.indexOf(row.lane), 1);
      const event = this.#headOf(row.lane);
      const seen = [row.eventId, row.attempt, row.interrupted, row.overdue];
      assert.deepEqual(seen, [eventId(event.key), event.attempts + 1, event.opened, event.awaiting]);
      if (event.opened) this.#marks.saw('lease taken over');
      if (event.awaiting) this.#marks.saw('overdue turn taken up');
      Object.assign(event, { attempts: event.attempts + 1, opened: true, awaiting: false });
      const lease = { leaseId: row.leaseId, lane: row.lane, event, until: this.now + leaseMs };
      this.#leases.set(row.lane, lease);
      this.#given.push(lease);
    }
  }

  async end(pick: number, ending: Ending, waitMs: number): Promise<void> {
    const lease = this.#anyLease(pick);
    if (!lease) return;
    const { event, lane } = lease;
    // Agents get more time than retries, so that something can happen meanwhile.
    const dueAt = this.now + (ending === 'suspend' ? 40 + waitMs : waitMs);
    const done = await fenced(this.#isCurrent(lease), () => this.#write(lease, ending, dueAt));
    if (!done) {
      this.#marks.saw('stale write refused');
      return;
    }
    if (lease.until <= this.now) this.#marks.saw('late write taken');
    event.opened = false;
    this.#leases.delete(lane);
    if (ending === 'retry') event.dueAt = dueAt;
    else if (ending === 'suspend') {
      Object.assign(event, { awaiting: true, dueAt });
      this.#leases.set(lane, { leaseId: 'suspended', lane, event, until: dueAt });
    } else this.#finish(event, ending);
  }

  /** The agent posts its answer, whether it is waited for or not. */
  async answer(pick: number): Promise<void> {
    const awaiting = this.#events.filter((event) => event.awaiting);
    const event = pickFrom(pick % 3 === 0 ? this.#events : awaiting, pick);
    if (!event) return;
    const awaited = event.state === 'pending' && event.awaiting;
    const end = endOf(this.now, { parts: newMessage({ key: event.key, conversation: 'out' }) });
    const thrown = await this.#base.store.inbox
      .resume(turnIdOf(eventId(event.key)), `post ${event.index}`, end)
      .then(
        ({ repeated }) => repeated,
        (error: unknown) => error,
      );
    if (!awaited) {
      assert.ok(thrown === true || isAppError(thrown, 'conflict'), `not waited for, but ${String(thrown)}`);
      this.#marks.saw('answered too late');
      return;
    }
    assert.equal(thrown, false);
    event.awaiting = false;
    if (this.#leases.get(event.lane)?.event === event) this.#leases.delete(event.lane);
    this.#finish(event, 'done');
    this.#marks.saw('answered in time');
  }

  async extend(pick: number, ms: number): Promise<void> {
    const lease = this.#anyLease(pick);
    if (!lease) return;
    const lost = await this.#base.store.inbox.extend([lease], this.now + ms);
    assert.deepEqual(lost, this.#isCurrent(lease) ? [] : [lease.leaseId]);
    if (this.#isCurrent(lease)) lease.until = this.now + ms;
  }

  async defer(pick: number, waitMs: number): Promise<void> {
    const lease = this.#anyLease(pick);
    if (!lease) return;
    const deferral = { at: this.now, dueAt: this.now + waitMs, reason: 'agent_busy' } as const;
    const write = () => this.#base.store.inbox.defer(lease, deferral);
    if (!(await fenced(this.#isCurrent(lease), write))) return;
    this.#leases.delete(lease.lane);
    Object.assign(lease.event, { attempts: lease.event.attempts - 1, opened: false, dueAt: deferral.dueAt });
  }

  async replay(pick: number): Promise<void> {
    const event = pickFrom(this.#dead(), pick);
    if (!event) return;
    await this.#base.store.inbox.replay(eventId(event.key), this.now);
    const lease = this.#leases.get(event.lane);
    if (lease)
      this.#marks.saw(lease.event.awaiting ? 'replayed beside an awaited turn' : 'replayed beside a lease');
    Object.assign(event, { state: 'pending', attempts: 0, dueAt: this.now, replayed: true });
  }

  async discard(pick: number): Promise<void> {
    const event = pickFrom(this.#dead(), pick);
    if (!event) return;
    await this.#base.store.inbox.discard(eventId(event.key), this.now);
    event.state = 'discarded';
  }

  /** Everything that must hold between two steps. */
  async check(): Promise<void> {
    const { db } = this.#base;
    const rows = db.prepare(
      `select id, state, attempts, opened, awaiting, duplicates,
         (select count(*) from outbox where event_id is null and key = substr(inbox.id, 5) || ':1') as parts
       from inbox order by seq`,
    );
    const expected = this.#events.map(({ key, state, attempts, opened, awaiting, duplicates, parts }) => ({
      ...{ id: eventId(key), state, attempts, duplicates, parts },
      ...{ opened: Number(opened), awaiting: Number(awaiting) },
    }));
    assert.deepEqual(
      rows.all().map((row) => ({ ...row })),
      expected,
    );
    const lanes = this.#lanes().map((name) => ({
      name,
      dueAt: this.#dueAt(name),
      leased: this.#leases.has(name),
    }));
    checkTables(db, 'inbox', lanes);
  }

  #write(lease: EventLease, ending: Ending, dueAt: number): Promise<void> {
    const { inbox } = this.#base.store;
    const at = this.now;
    if (ending === 'retry') return inbox.retry(lease, { at, dueAt, reason: 'agent_timeout' });
    if (ending === 'suspend') {
      const blame = { rule: 'r' as never, agent: 'a' as never, answerPlan: {} };
      return inbox.suspend(lease, { at, until: dueAt, ...blame });
    }
    const parts = ending === 'done' ? newMessage({ key: lease.event.key, conversation: 'out' }) : [];
    return inbox.complete(lease, endOf(at, { state: ending, parts }));
  }

  #finish(event: Event, state: 'done' | 'ignored' | 'dead'): void {
    event.state = state;
    if (state === 'done') event.parts = 1;
    const last = this.#ended.findLast(({ lane, replayed }) => lane === event.lane && !replayed);
    const inOrder = event.replayed || (last?.index ?? -1) < event.index;
    assert.ok(inOrder, 'first turns keep the order of the lane');
    this.#ended.push(event);
  }

  /** Mostly one that is good, sometimes any that was ever given out. */
  #anyLease(pick: number): EventLease | undefined {
    const good = this.#given.filter((lease) => this.#isCurrent(lease));
    return pickFrom(pick % 3 === 0 ? this.#given : good, pick);
  }

  #isCurrent(lease: EventLease): boolean {
    return sameLease(this.#leases.get(lease.lane), lease);
  }

  #lanes(): string[] {
    return [...new Set(this.#events.filter(({ state }) => state === 'pending').map(({ lane }) => lane))];
  }

  #dueAt(lane: string): number {
    return this.#leases.get(lane)?.until ?? this.#headOf(lane).dueAt;
  }

  #headOf(lane: string): Event {
    const head = this.#events.find((event) => event.lane === lane && event.state === 'pending');
    assert.ok(head, `lane ${lane} has nothing pending`);
    return head;
  }

  #dead(): Event[] {
    return this.#events.filter(({ state }) => state === 'dead');
  }
}
