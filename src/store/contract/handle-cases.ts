import assert from 'node:assert/strict';
import type { Store, Topic } from '../store.ts';
import { only, rejectsWith } from './checks.ts';
import {
  accept,
  connector,
  enqueue,
  endOf,
  eventId,
  gaugesOf,
  leaseRequest,
  newMessage,
  partId,
} from './data.ts';
import { deliver, leasePart, report } from './settle-cases.ts';
import type { StoreCase } from './store-case.ts';
import { integration } from './webhook-cases.ts';

/** What listeners are told about one piece of work. */
async function topicsOf(store: Store, work: () => Promise<unknown>): Promise<Topic[]> {
  const told = new Set<Topic>();
  const stop = store.watch((topics) => topics.forEach((topic) => told.add(topic)));
  await work();
  // A listener hears of a commit by the time when the next call is answered.
  await store.meta.putMeta('probe', 'x');
  stop();
  return [...told].filter((topic) => topic !== 'journal').toSorted();
}

async function kill(store: Store): Promise<void> {
  const dead = { state: 'dead', code: 'platform_rejected' } as const;
  await store.outbox.settle(await leasePart(store, 1_000), dead, report(1_000, 'rejected'));
}

const watching: readonly StoreCase[] = [
  {
    name: 'wakes those who wait for events',
    async run(open) {
      const store = await open();
      const lease = async () => only((await store.inbox.lease(leaseRequest(1_000))).rows);
      const retry = { at: 1_000, dueAt: 1_000, reason: 'agent_timeout' } as const;

      assert.deepEqual(await topicsOf(store, () => accept(store, [{ key: 'a' }])), ['inbox']);
      const row = await lease();
      assert.deepEqual(await topicsOf(store, () => store.inbox.retry(row, retry)), ['inbox']);
      const again = await lease();
      assert.deepEqual(await topicsOf(store, () => store.inbox.defer(again, retry)), ['inbox']);
      const last = await lease();
      const end = endOf(1_000, { state: 'dead', parts: newMessage({ key: 'm' }) });
      assert.deepEqual(await topicsOf(store, () => store.inbox.complete(last, end)), ['inbox', 'outbox']);
      assert.deepEqual(await topicsOf(store, () => store.inbox.replay(eventId('a'), 1_001)), ['inbox']);
    },
  },
  {
    name: 'wakes those who wait for parts',
    async run(open) {
      const store = await open();
      assert.deepEqual(await topicsOf(store, () => enqueue(store, { key: 'a', parts: 2 })), ['outbox']);
      assert.deepEqual(await topicsOf(store, () => kill(store)), ['outbox']);
      assert.deepEqual(await topicsOf(store, () => store.outbox.replay(partId('a'), 1_001)), ['outbox']);
      const part = await leasePart(store, 1_001);
      assert.deepEqual(await topicsOf(store, () => deliver(store, part, 1_001)), ['outbox']);
      const next = await leasePart(store, 1_001);
      assert.deepEqual(await topicsOf(store, () => store.outbox.hold(next, 1_001)), ['outbox']);

      for (const change of [
        () => store.connectors.pause(connector, 'why', 1_002),
        () => store.connectors.hold(connector, 'rate_limited', 1_002),
        () => store.connectors.releaseHold(connector, 1_002),
        () => store.connectors.resume(connector, 1_002),
      ]) {
        assert.deepEqual(await topicsOf(store, change), ['connectors', 'outbox']);
      }
    },
  },
  {
    name: 'wakes those who follow settings and webhooks',
    async run(open) {
      const store = await open();
      const secret = {
        scope: 'global',
        key: 'k',
        masterKeyId: 'm',
        envelope: new Uint8Array(1),
        createdAt: 1,
        updatedAt: 1,
      };

      assert.deepEqual(await topicsOf(store, () => store.rules.removeRule('r' as never)), ['rules']);
      assert.deepEqual(await topicsOf(store, () => store.agents.removeAgent('a' as never)), ['agents']);
      assert.deepEqual(await topicsOf(store, () => store.secrets.putSecret(secret)), ['secrets']);
      const removal = () => store.webhooks.removeIntegration(integration);
      assert.deepEqual(await topicsOf(store, removal), ['webhooks']);
      assert.deepEqual(await topicsOf(store, () => store.connectors.removeConnector(connector, 1)), [
        'connectors',
      ]);
    },
  },
  {
    name: 'tells a listener after the commit, and nothing of what was refused',
    async run(open) {
      const store = await open();
      const seen: Promise<unknown>[] = [];
      const stop = store.watch(() => seen.push(store.inbox.getEvent(eventId('a'))));

      await rejectsWith(accept(store, [{ key: 'a' }], { depthMax: 0 }), 'unavailable');
      assert.deepEqual(await topicsOf(store, () => Promise.resolve()), []);
      await accept(store, [{ key: 'a' }]);
      await store.meta.putMeta('probe', 'y');

      assert.ok((await Promise.all(seen)).every((event) => event !== undefined));
      assert.equal(seen.length, 1);
      stop();
      await accept(store, [{ key: 'b' }]);
      await store.meta.putMeta('probe', 'z');
      assert.equal(seen.length, 1);
    },
  },
];

const reading: readonly StoreCase[] = [
  {
    name: 'reads what every resolved write has written',
    async run(open) {
      const store = await open();

      const reads = Array.from({ length: 100 }, async (_none, index) => {
        await accept(store, [{ key: `k${index}` }]);
        return store.inbox.getEvent(eventId(`k${index}`));
      });

      assert.ok((await Promise.all(reads)).every((event) => event !== undefined));
    },
  },
  {
    name: 'reads what another daemon has written',
    async run(open) {
      const [left, right] = [await open(), await open()];
      await accept(left, [{ key: 'a' }]);

      const event = await right.inbox.getEvent(eventId('a'));

      assert.equal(event?.state, 'pending');
    },
  },
  {
    name: 'undoes a call that fails alone, and lets those beside it stand',
    async run(open) {
      const store = await open();

      const results = await Promise.allSettled([
        accept(store, [{ key: 'a' }]),
        enqueue(store, { key: 'm' }),
        store.outbox.enqueue(
          [...newMessage({ key: 'n', parts: 2 }), ...newMessage({ key: 'm', text: 'x' })],
          1_000,
          9,
        ),
        accept(store, [{ key: 'b' }]),
      ]);

      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
      );
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 2 });
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 1 });
      assert.equal(await store.outbox.getPart(partId('n')), undefined);
      assert.deepEqual(
        (await store.outbox.lease(leaseRequest(1_000))).rows.map(({ key }) => key),
        ['m:1'],
      );
    },
  },
  {
    name: 'proves that it can commit, and tells its schema and size',
    async run(open) {
      const store = await open();

      await store.maintenance.probeWrite(1_000);
      const health = await store.maintenance.getHealth();

      assert.ok(health.schemaVersion >= 1);
      assert.ok(health.bytes > 0);
    },
  },
];

const closing: readonly StoreCase[] = [
  {
    name: 'finishes what is under way before it closes, and loses nothing of it',
    async run(open) {
      const store = await open();
      const writes = Array.from({ length: 300 }, (_none, index) => accept(store, [{ key: `k${index}` }]));

      await store.close();

      await Promise.all(writes);
      assert.deepEqual(await gaugesOf(await open(), 'inbox'), { pending: 300 });
    },
  },
  {
    name: 'refuses every call once it is closed, and may be closed again',
    async run(open) {
      const store = await open();
      await Promise.all([store.close(), store.close()]);

      await store.close();

      await rejectsWith(accept(store, [{ key: 'a' }]), 'unavailable');
      await rejectsWith(store.inbox.getEvent(eventId('a')), 'unavailable');
    },
  },
];

export const handleCases: readonly StoreCase[] = [...watching, ...reading, ...closing];
