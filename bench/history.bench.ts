// Question: does it cost more to work behind a million finished events than behind a thousand, or beside a
// lane in which 100,000 wait?
// Aim: no figure is more than 1.3 times what it is behind a thousand.
import { join } from 'node:path';
import { LeaseWorker } from '../src/core/lease-worker.ts';
import type { AgentId, ConnectorId, EventId, MessageId, PartId, RuleId } from '../src/domain/ids.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createNextId } from '../src/lib/ids.ts';
import { silentLogger } from '../src/lib/logger.ts';
import type { LeasedEvent, NewEvent } from '../src/store/inbox-store.ts';
import type { LeasedPart, NewPart } from '../src/store/outbox-store.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import type { Store } from '../src/store/store.ts';
import type { Figure } from './support/figure.ts';
import { fillHistory, fillStuckLanes } from './support/fill-history.ts';
import { median, round } from './support/machine.ts';
import { inTempDir } from './support/temp-dir.ts';

const rows = { few: 1_000, many: 1_000_000, stuck: 100_000 };
const rounds = 7;
const messages = 3_000;
const looks = 300;
const ratioMax = 1.3;
const depthMax = 1_000_000;
const connector = 'echo:default' as ConnectorId;
const settings = { inFlightMax: 256, perSourceMax: 256, leaseMs: 30_000, pollMs: 5_000, graceMs: 0 };
const nextId = createNextId(systemClock, Math.random);

type Measurement = 'message' | 'status' | 'trace' | 'dead letters';
type Times = Record<Measurement, number[]>;

export function measure(): Promise<readonly Figure[]> {
  return inTempDir(async (directory) => {
    const few = join(directory, 'few.sqlite');
    const many = join(directory, 'many.sqlite');
    const stuck = join(directory, 'stuck.sqlite');
    await fillHistory(few, rows.few);
    await fillHistory(many, rows.many);
    await fillStuckLanes(stuck, rows.stuck);
    const behindFew = await Bench.open(few, rows.few);
    const behindMany = await Bench.open(many, rows.many);
    const besideStuck = await Bench.open(stuck, rows.stuck);
    for (let index = 0; index < rounds; index++)
      for (const bench of [behindFew, behindMany, besideStuck]) await bench.measureAll();
    for (const bench of [behindFew, behindMany, besideStuck]) await bench.close();
    const [million, waiting] = ['behind 1,000,000', 'beside a lane of 100,000'];
    return [
      compare(`a message through both queues, ${million}`, 'message', behindFew, behindMany),
      compare(`the status, ${million}`, 'status', behindFew, behindMany),
      compare(`a trace, ${million}`, 'trace', behindFew, behindMany),
      compare(`the dead letters, ${million}`, 'dead letters', behindFew, behindMany),
      compare(`a message through both queues, ${waiting}`, 'message', behindFew, besideStuck),
      compare(`the status, ${waiting}`, 'status', behindFew, besideStuck),
    ];
  });
}

/** The floor is the same behind a thousand. */
function compare(name: string, what: Measurement, behindFew: Bench, other: Bench): Figure {
  const [floor, figure] = [median(behindFew.times[what]), median(other.times[what])];
  return {
    name: `history: ${name}`,
    floor: `${round(floor)} ms`,
    figure: `${round(figure)} ms`,
    ratio: figure / floor,
    aim: `at most ${ratioMax} times`,
    met: figure / floor <= ratioMax,
  };
}

/** A store, and what was measured on it, in ms. */
class Bench {
  readonly times: Times = { message: [], status: [], trace: [], 'dead letters': [] };
  readonly #store: Store;
  readonly #filledWith: number;
  #open = 0;
  #allDone: () => void = () => undefined;

  private constructor(store: Store, filledWith: number) {
    this.#store = store;
    this.#filledWith = filledWith;
  }

  static async open(file: string, filledWith: number): Promise<Bench> {
    const { store } = await openSqliteStore(file, 0, (error) => {
      throw error;
    });
    return new Bench(store, filledWith);
  }

  async measureAll(): Promise<void> {
    const { stats, inbox, outbox, journal, deadLetters } = this.#store;
    this.times.message.push(await this.#runMessages());
    this.times.status.push(await timeEach(() => Promise.all([stats.listGauges(), stats.getLag(Date.now())])));
    this.times.trace.push(
      await timeEach((index) => {
        const which = 1 + Math.floor((index * this.#filledWith) / looks);
        const id = `evt_${String(which).padStart(26, '0')}` as EventId;
        return Promise.all([inbox.getEvent(id), outbox.listPartsOfEvent(id), journal.listSubject(id, 1_000)]);
      }),
    );
    this.times['dead letters'].push(await timeEach(() => deadLetters.listDeadLetters({}, { limit: 50 })));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Takes messages in, has each answered with one part, and settles that. Ms per message. */
  async #runMessages(): Promise<number> {
    const store = this.#store;
    const shared = { clock: systemClock, nextId, log: silentLogger, settings };
    const turns = new LeaseWorker<LeasedEvent>({
      ...shared,
      queue: store.inbox,
      handle: (event) => this.#answer(event),
    });
    const deliveries = new LeaseWorker<LeasedPart>({
      ...shared,
      queue: store.outbox,
      handle: (part) => this.#settle(part),
    });
    const unwatch = store.watch((topics) => {
      if (topics.has('inbox')) turns.wake();
      if (topics.has('outbox')) deliveries.wake();
    });
    this.#open = messages;
    const done = new Promise<void>((resolve) => (this.#allDone = resolve));
    turns.start();
    deliveries.start();
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: messages }, (_, index) => this.#accept(index)));
    await done;
    const tookMs = performance.now() - startedAt;
    const over = new Error('The benchmark is over.');
    await Promise.all([turns.stop(over), deliveries.stop(over)]);
    unwatch();
    return tookMs / messages;
  }

  #accept(index: number): Promise<unknown> {
    const at = Date.now();
    const events = [newEvent(index)];
    return this.#store.inbox.accept({ at, source: connector, events, depthMax });
  }

  async #answer(leased: LeasedEvent): Promise<void> {
    await this.#store.inbox.complete(leased, {
      at: Date.now(),
      state: 'done',
      reason: 'answered',
      rule: 'echo' as RuleId,
      agent: 'echo' as AgentId,
      parts: [answerTo(leased)],
    });
  }

  async #settle(part: LeasedPart): Promise<void> {
    const report = { at: Date.now(), durationMs: 0, outcome: 'delivered' } as const;
    await this.#store.outbox.settle(part, { state: 'delivered', platformIds: [part.id] }, report);
    if (--this.#open === 0) this.#allDone();
  }
}

function newEvent(index: number): NewEvent {
  const id = nextId<EventId>('evt');
  const address = { connector, conversation: `room-${index % 500}`, message: id };
  return {
    id,
    traceId: 'a'.repeat(32),
    event: {
      type: 'message.created',
      source: connector,
      dedupeKey: `message:${Math.random()}`,
      lane: `${connector}/${address.conversation}`,
      occurredAt: 0,
      address,
      sender: { id: 'echo:user:bench', kind: 'human', verified: true, roles: [] },
      direct: false,
      text: 'x'.repeat(200),
      attachments: [],
      mentions: { self: true, everyone: false, users: [] },
      broadcast: false,
    },
  };
}

function answerTo({ event, eventId }: LeasedEvent): NewPart {
  if (event.type === 'webhook') throw new Error('The benchmark sends no webhooks.');
  return {
    id: nextId<PartId>('prt'),
    message: nextId<MessageId>('msg'),
    key: `${eventId}:0:0`,
    address: event.address,
    operation: { op: 'send', text: 'x'.repeat(200) },
    part: 1,
    parts: 1,
    origin: { kind: 'api', principal: 'bench' },
  };
}

async function timeEach(look: (index: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < looks; index++) {
    const startedAt = performance.now();
    await look(index);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
