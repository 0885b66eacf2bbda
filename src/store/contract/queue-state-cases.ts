import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import { only } from './checks.ts';
import { connector, enqueue, leaseRequest, otherConnector } from './data.ts';
import { deliver, leasePart, pending, report } from './settle-cases.ts';
import type { StoreCase } from './store-case.ts';

async function leasedKeys(store: Store, now: number): Promise<string[]> {
  return (await store.outbox.lease(leaseRequest(now))).rows.map(({ key }) => key);
}

/** Leases and delivers until nothing more moves. */
async function deliverAll(store: Store, now: number): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const { rows } = await store.outbox.lease(leaseRequest(now));
    if (rows.length === 0) return keys.toSorted();
    for (const row of rows) await deliver(store, row, now);
    keys.push(...rows.map(({ key }) => key));
  }
}

const pausing: readonly StoreCase[] = [
  {
    name: 'moves nothing of a paused connector, and everything of the others',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await enqueue(store, { key: 'b', connector: otherConnector });

      await store.connectors.pause(connector, 'maintenance', 1_000);

      assert.deepEqual(await store.connectors.listQueueStates(), [
        { source: connector, paused: true, pauseReason: 'maintenance', draining: false },
      ]);
      assert.deepEqual(await leasedKeys(store, 1_000), ['b:1']);
      assert.deepEqual((await store.outbox.lease(leaseRequest(99_000, { sources: [connector] }))).rows, []);
    },
  },
  {
    name: 'moves on after a resume, which ends pause and hold alike',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await store.connectors.pause(connector, 'maintenance', 1_000);
      await store.connectors.hold(connector, 'unauthenticated', 1_000);

      await store.connectors.resume(connector, 1_001);

      assert.deepEqual(await store.connectors.listQueueStates(), []);
      assert.deepEqual(await leasedKeys(store, 1_001), ['a:1']);
    },
  },
  {
    name: 'lets the attempts that are under way end while the connector is paused',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      const part = await leasePart(store, 1_000);
      await store.connectors.pause(connector, 'maintenance', 1_001);

      await deliver(store, part, 1_002);

      assert.equal((await store.outbox.getPart(part.id))?.state, 'delivered');
    },
  },
];

const holding: readonly StoreCase[] = [
  {
    name: 'moves on by itself when a hold is over, and says when',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      await store.connectors.hold(connector, 'rate_limited', 1_000, 3_000);

      assert.deepEqual(await store.outbox.lease(leaseRequest(2_999)), { rows: [], nextDueAt: 3_000 });
      assert.deepEqual(await leasedKeys(store, 3_000), ['a:1']);
    },
  },
  {
    name: 'keeps a hold without an end until it is released',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      await store.connectors.hold(connector, 'unauthenticated', 1_000);

      assert.deepEqual(await store.outbox.lease(leaseRequest(9e12)), { rows: [] });
      await store.connectors.releaseHold(connector, 2_000);
      assert.deepEqual(await leasedKeys(store, 2_000), ['a:1']);
    },
  },
  {
    name: 'releases a hold by its reason, and leaves a pause',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await store.connectors.pause(connector, 'maintenance', 1_000);
      await store.connectors.hold(connector, 'vault_locked', 1_000);

      await store.connectors.releaseHold(connector, 1_001, 'unauthenticated');
      const [held] = await store.connectors.listQueueStates();
      await store.connectors.releaseHold(connector, 1_002, 'vault_locked');
      const [paused] = await store.connectors.listQueueStates();

      assert.equal(held?.holdReason, 'vault_locked');
      assert.deepEqual([paused?.holdReason, paused?.paused], [undefined, true]);
      assert.deepEqual(await leasedKeys(store, 1_003), []);
    },
  },
  {
    name: 'never shortens a hold',
    async run(open) {
      const store = await open();
      await store.connectors.hold(connector, 'rate_limited', 1_000, 60_000);
      await store.connectors.hold(otherConnector, 'unauthenticated', 1_000);

      for (const source of [connector, otherConnector]) {
        await store.connectors.hold(source, 'platform_error', 1_001, 2_000);
      }

      const states = await store.connectors.listQueueStates();
      assert.deepEqual(
        states.map(({ holdReason, holdUntil }) => [holdReason, holdUntil]),
        [
          ['rate_limited', 60_000],
          ['unauthenticated', undefined],
        ],
      );
      await store.connectors.hold(connector, 'platform_error', 1_002, 61_000);
      assert.equal((await store.connectors.listQueueStates())[0]?.holdUntil, 61_000);
    },
  },
];

const draining: readonly StoreCase[] = [
  {
    name: 'drains what was pending, over all lanes, and nothing that came later',
    async run(open) {
      const store = await open();
      for (const key of ['a1', 'a2']) await enqueue(store, { key, conversation: 'a' });
      for (const key of ['b1', 'b2', 'b3']) await enqueue(store, { key, conversation: 'b' });
      await store.connectors.pause(connector, 'maintenance', 1_000);

      const { parts } = await store.connectors.drain(connector, 1_001);
      await enqueue(store, { key: 'a3', conversation: 'a' }, 1_002);
      await enqueue(store, { key: 'c', conversation: 'c' }, 1_002);

      assert.equal(parts, 5);
      assert.equal(only(await store.connectors.listQueueStates()).draining, true);
      assert.deepEqual(await deliverAll(store, 1_002), ['a1:1', 'a2:1', 'b1:1', 'b2:1', 'b3:1']);
      assert.equal(only(await store.connectors.listQueueStates()).draining, false);
      await store.connectors.resume(connector, 1_003);
      assert.deepEqual(await deliverAll(store, 1_003), ['a3:1', 'c:1']);
    },
  },
  {
    name: 'drains in spite of many later parts that may not move',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'old', conversation: 'old' });
      await store.connectors.pause(connector, 'maintenance', 1_000);
      await store.connectors.drain(connector, 1_000);
      const old = await leasePart(store, 1_000);
      await Promise.all(
        Array.from({ length: 20 }, (_none, index) =>
          enqueue(store, { key: `k${index}`, conversation: `${index}` }, 1_001),
        ),
      );

      await store.outbox.settle(old, pending(1_002), report(1_001, 'retry'));

      const { rows } = await store.outbox.lease(leaseRequest(1_002, { limit: 4 }));
      assert.deepEqual(
        rows.map(({ key }) => key),
        ['old:1'],
      );
    },
  },
  {
    name: 'ends a drain with the last part that it was for, however long that takes',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await store.connectors.pause(connector, 'maintenance', 1_000);
      await store.connectors.drain(connector, 1_000);
      const first = await leasePart(store, 1_000);
      assert.deepEqual(await leasedKeys(store, 1_001), []);
      await store.outbox.settle(first, pending(5_000), report(1_002, 'retry'));

      await enqueue(store, { key: 'b', conversation: 'b' }, 2_000);
      const between = await leasedKeys(store, 2_000);

      assert.deepEqual(between, []);
      assert.deepEqual(await deliverAll(store, 5_000), ['a:1']);
    },
  },
  {
    name: 'makes what waits for another attempt due, also when nothing stops the queue',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await store.outbox.settle(await leasePart(store, 1_000), pending(90_000), report(1_000, 'retry'));

      const { parts } = await store.connectors.drain(connector, 2_000);

      assert.equal(parts, 1);
      assert.deepEqual(await store.connectors.listQueueStates(), []);
      assert.deepEqual(await deliverAll(store, 2_000), ['a:1']);
    },
  },
  {
    name: 'stops a drain when the queue is paused or held anew',
    async run(open) {
      const store = await open();
      for (const source of [connector, otherConnector]) {
        await enqueue(store, { key: source, connector: source });
        await store.connectors.pause(source, 'maintenance', 1_000);
        await store.connectors.drain(source, 1_001);
      }

      await store.connectors.pause(connector, 'stop', 1_002);
      await store.connectors.hold(otherConnector, 'rate_limited', 1_002, 5_000);

      assert.deepEqual(await leasedKeys(store, 1_003), []);
      assert.deepEqual(
        (await store.connectors.listQueueStates()).map((state) => state.draining),
        [false, false],
      );
    },
  },
  {
    name: 'drains nothing where nothing is pending',
    async run(open) {
      const store = await open();
      await store.connectors.pause(connector, 'maintenance', 1_000);

      const { parts } = await store.connectors.drain(connector, 1_001);

      await enqueue(store, { key: 'a' }, 1_002);
      assert.equal(parts, 0);
      assert.deepEqual(await leasedKeys(store, 1_003), []);
    },
  },
];

export const queueStateCases: readonly StoreCase[] = [...pausing, ...holding, ...draining];
