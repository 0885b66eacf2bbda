import assert from 'node:assert/strict';
import type { ConnectorId } from '../../domain/ids.ts';
import type { Store } from '../store.ts';
import { only } from './checks.ts';
import { connector, otherConnector } from './data.ts';
import { groupsOf, keysOf, type QueueScenario } from './lane-cases.ts';
import type { HeldRow, QueueKit } from './queue-kit.ts';

/** Rows that are all due, each in a lane of its own. */
async function fill(
  kit: QueueKit,
  store: Store,
  source: ConnectorId,
  count: number,
  at = 1_000,
): Promise<void> {
  const rows = Array.from({ length: count }, (_none, index) => `${source.replace(':', '')}${index}`);
  await Promise.all(rows.map((key) => kit.add(store, { key, conversation: key, connector: source }, at)));
}

function perSource(rows: readonly HeldRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { source } of rows) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}

const scenarios: readonly QueueScenario[] = [
  {
    name: 'answers with nothing and no time when nothing is there',
    async run(kit, open) {
      const store = await open();

      const result = await kit.lease(store, 1_000);

      assert.deepEqual(result, { rows: [] });
    },
  },
  {
    name: 'leases no more than the limit, oldest lane first, and each row under a token of its own',
    async run(kit, open) {
      const store = await open();
      for (const [index, key] of ['a', 'b', 'c'].entries()) {
        await kit.add(store, { key, conversation: key }, 1_000 - index);
      }

      const { rows } = await kit.lease(store, 1_000, { limit: 2 });

      assert.deepEqual(keysOf(rows), ['c', 'b']);
      assert.equal(new Set(rows.map(({ leaseId }) => leaseId)).size, 2);
      assert.deepEqual(keysOf((await kit.lease(store, 1_000)).rows), ['a']);
    },
  },
  {
    name: 'leases no more of one source than it may have',
    async run(kit, open) {
      const store = await open();
      await fill(kit, store, connector, 5);
      await fill(kit, store, otherConnector, 5);

      const { rows } = await kit.lease(store, 1_000, { perSource: 3, slots: { [otherConnector]: 1 } });

      assert.deepEqual(perSource(rows), { [connector]: 3, [otherConnector]: 1 });
    },
  },
  {
    name: 'passes over a source without a free place, and sources that are not asked for',
    async run(kit, open) {
      const store = await open();
      await fill(kit, store, connector, 2);
      await fill(kit, store, otherConnector, 2);

      const noPlace = await kit.lease(store, 1_000, { slots: { [connector]: 0 } });
      const notAsked = await kit.lease(store, 1_000, { sources: [otherConnector] });
      const nobody = await kit.lease(store, 1_000, { sources: [] });
      const asked = await kit.lease(store, 1_000, { sources: [connector] });

      assert.deepEqual(perSource(noPlace.rows), { [otherConnector]: 2 });
      assert.deepEqual([notAsked.rows, nobody.rows], [[], []]);
      assert.deepEqual(perSource(asked.rows), { [connector]: 2 });
    },
  },
  {
    name: 'shares the places out evenly over the sources that have work',
    async run(kit, open) {
      const store = await open();
      await fill(kit, store, connector, 20, 1);
      await fill(kit, store, otherConnector, 20, 1_000);

      const { rows } = await kit.lease(store, 1_000, { limit: 10 });

      assert.deepEqual(perSource(rows), { [connector]: 5, [otherConnector]: 5 });
    },
  },
  {
    name: 'gives the places that one source does not need to the others',
    async run(kit, open) {
      const store = await open();
      await fill(kit, store, connector, 1, 1);
      await fill(kit, store, otherConnector, 20, 1_000);

      const { rows } = await kit.lease(store, 1_000, { limit: 10 });

      assert.deepEqual(perSource(rows), { [connector]: 1, [otherConnector]: 9 });
    },
  },
  {
    name: 'gives the last free place to the source that has the least under way',
    async run(kit, open) {
      const store = await open();
      await fill(kit, store, connector, 20, 1);
      await fill(kit, store, otherConnector, 1, 1_000);

      const { rows } = await kit.lease(store, 1_000, { limit: 1, perSource: 8, slots: { [connector]: 2 } });

      assert.equal(only(rows).source, otherConnector);
    },
  },
  {
    name: 'says when the next row is due, over all sources',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a', conversation: 'a' });
      await kit.add(store, { key: 'b', connector: otherConnector });
      await kit.add(store, { key: 'c', conversation: 'c' });
      for (const row of (await kit.lease(store, 1_000)).rows) {
        const dueAt = { a: 7_000, b: 5_000, c: 3_000 }[row.key] ?? 0;
        await kit.retry(store, row, 1_000, dueAt);
      }

      const early = await kit.lease(store, 2_000);
      const late = await kit.lease(store, 3_000);

      assert.deepEqual(early, { rows: [], nextDueAt: 3_000 });
      assert.deepEqual(keysOf(late.rows), ['c']);
      assert.equal(late.nextDueAt, 5_000);
    },
  },
  {
    name: 'says when a lease runs out, for a worker that has to take over',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.lease(store, 1_000, { leaseMs: 500 });

      const { nextDueAt } = await kit.lease(store, 1_100);

      assert.equal(nextDueAt, 1_500);
    },
  },
];

export const sharingCases = groupsOf('sharing', scenarios);
