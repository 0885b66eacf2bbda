// Question: what does a durable message cost, from being enqueued to being settled, beside a plain table?
// No aim: ours carries lanes, leases with fencing, counters and a trace, and the ratio says what they cost.
import { join } from 'node:path';
import { LeaseWorker } from '../src/core/lease-worker.ts';
import type { ConnectorId, MessageId, PartId } from '../src/domain/ids.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createNextId } from '../src/lib/ids.ts';
import { silentLogger } from '../src/lib/logger.ts';
import type { LeasedPart, NewPart } from '../src/store/outbox-store.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import type { Figure } from './support/figure.ts';
import { median, round } from './support/machine.ts';
import { type PlainOutbox, openPlainOutbox } from './support/plain-outbox.ts';
import { inTempDir } from './support/temp-dir.ts';

const rounds = 3;
const messages = 20_000;
const producers = 64;
const inFlightMax = 256;
const lanes = 500;
const text = 'x'.repeat(200);
const connector = 'echo:default' as ConnectorId;
const nextId = createNextId(systemClock, Math.random);

export async function measure(): Promise<readonly Figure[]> {
  const floors: number[] = [];
  const ours: number[] = [];
  for (let index = 0; index < rounds; index++) {
    floors.push(await inTempDir((directory) => measureFloor(join(directory, 'floor.sqlite'))));
    ours.push(await inTempDir((directory) => measureOurs(join(directory, 'ours.sqlite'))));
  }
  const [floor, figure] = [median(floors), median(ours)];
  return [
    {
      name: 'outbox: enqueue to settle',
      floor: `${round(floor, 0)}/s`,
      figure: `${round(figure, 0)}/s`,
      ratio: figure / floor,
    },
  ];
}

async function measureOurs(file: string): Promise<number> {
  const { store } = await openSqliteStore(file, Date.now(), (error) => {
    throw error;
  });
  const settled = Promise.withResolvers<undefined>();
  let open = messages;
  const worker = new LeaseWorker<LeasedPart>({
    queue: store.outbox,
    clock: systemClock,
    nextId,
    log: silentLogger,
    settings: { inFlightMax, perSourceMax: inFlightMax, leaseMs: 30_000, pollMs: 5_000, graceMs: 0 },
    handle: async (part) => {
      const report = { at: Date.now(), durationMs: 0, outcome: 'delivered' } as const;
      await store.outbox.settle(part, { state: 'delivered', platformIds: [part.id] }, report);
      if (--open === 0) settled.resolve(undefined);
    },
  });
  store.watch((topics) => {
    if (topics.has('outbox')) worker.wake();
  });
  worker.start();

  const startedAt = performance.now();
  await produce((index) => store.outbox.enqueue([part(index)], Date.now(), messages));
  await settled.promise;
  const perSecond = (messages * 1_000) / (performance.now() - startedAt);

  await worker.stop(new Error('The benchmark is over.'));
  await store.close();
  return perSecond;
}

async function measureFloor(file: string): Promise<number> {
  const outbox = openPlainOutbox(file);
  const startedAt = performance.now();
  const consuming = consume(outbox);
  await produce(() => outbox.enqueue(text));
  await consuming;
  const perSecond = (messages * 1_000) / (performance.now() - startedAt);
  outbox.close();
  return perSecond;
}

async function consume(outbox: PlainOutbox): Promise<void> {
  for (let open = messages; open > 0;) {
    const jobs = await outbox.claim(inFlightMax);
    await Promise.all(jobs.map(({ id }) => outbox.settle(id)));
    open -= jobs.length;
  }
}

async function produce(enqueue: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const producer = async (): Promise<void> => {
    for (let index = next++; index < messages; index = next++) await enqueue(index);
  };
  await Promise.all(Array.from({ length: producers }, producer));
}

function part(index: number): NewPart {
  const conversation = `room-${index % lanes}`;
  return {
    id: nextId<PartId>('prt'),
    message: nextId<MessageId>('msg'),
    key: `bench:${index}`,
    address: { connector, conversation },
    operation: { op: 'send', text },
    part: 1,
    parts: 1,
    origin: { kind: 'api', principal: 'bench' },
  };
}
