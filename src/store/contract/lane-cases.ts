import assert from 'node:assert/strict';
import { known, only, rejectsWith } from './checks.ts';
import { connector, gaugesOf, laneName, otherConnector } from './data.ts';
import { type HeldRow, type QueueKit, queueKits } from './queue-kit.ts';
import type { OpenStore, StoreCaseGroup } from './store-case.ts';

export interface QueueScenario {
  readonly name: string;
  readonly concurrent?: true;
  readonly run: (kit: QueueKit, open: OpenStore) => Promise<void>;
}

/** The same scenarios, once for each queue. */
export function groupsOf(part: string, scenarios: readonly QueueScenario[]): readonly StoreCaseGroup[] {
  return queueKits.map((kit) => ({
    part: `${kit.queue} ${part}`,
    cases: scenarios.map(({ run, ...facts }) => ({ ...facts, run: (open: OpenStore) => run(kit, open) })),
  }));
}

export function keysOf(rows: readonly HeldRow[]): string[] {
  return rows.map(({ key }) => key);
}

const scenarios: readonly QueueScenario[] = [
  {
    name: 'hands out a lane in the order in which it was filled, one row at a time',
    async run(kit, open) {
      const store = await open();
      for (const key of ['a', 'b', 'c']) await kit.add(store, { key });

      const order: string[] = [];
      for (let now = 1_000; now < 1_005; now++) {
        const { rows } = await kit.lease(store, now);
        order.push(keysOf(rows).join());
        for (const row of rows) await kit.end(store, row, now);
      }

      assert.deepEqual(order, ['a', 'b', 'c', '', '']);
    },
  },
  {
    name: 'keeps a lane closed while one of its rows is out, and only that lane',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a', conversation: 'busy' });
      await kit.add(store, { key: 'b', conversation: 'busy' });
      await kit.lease(store, 1_000);
      await kit.add(store, { key: 'c', conversation: 'idle' });

      const { rows } = await kit.lease(store, 1_001);

      assert.deepEqual(keysOf(rows), ['c']);
    },
  },
  {
    name: 'keeps a lane closed while its head waits for another attempt',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.add(store, { key: 'b' });
      await kit.retry(store, only((await kit.lease(store, 1_000)).rows), 1_000, 5_000);

      const early = await kit.lease(store, 4_999);
      const late = await kit.lease(store, 5_000);

      assert.deepEqual(keysOf(early.rows), []);
      assert.equal(early.nextDueAt, 5_000);
      assert.deepEqual(keysOf(late.rows), ['a']);
      assert.equal(only(late.rows).attempt, 2);
    },
  },
  {
    name: 'does not let a row that comes in open a lane that waits or is out',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a', conversation: 'waits' });
      await kit.add(store, { key: 'b', conversation: 'out' });
      const { rows } = await kit.lease(store, 1_000);
      await kit.retry(store, known(rows.find(({ key }) => key === 'a')), 1_000, 9_000);

      await kit.add(store, { key: 'c', conversation: 'waits' }, 1_001);
      await kit.add(store, { key: 'd', conversation: 'out' }, 1_001);

      assert.deepEqual(keysOf((await kit.lease(store, 2_000)).rows), []);
    },
  },
  {
    name: 'goes on with the lane after a row that died',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.add(store, { key: 'b' });

      await kit.die(store, only((await kit.lease(store, 1_000)).rows), 1_001);

      assert.deepEqual(keysOf((await kit.lease(store, 1_001)).rows), ['b']);
      assert.deepEqual(await gaugesOf(store, kit.queue), { pending: 1, dead: 1 });
    },
  },
  {
    name: 'takes a replayed row before the younger ones of its lane, with fresh attempts',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.add(store, { key: 'b' });
      const first = only((await kit.lease(store, 1_000)).rows);
      await kit.retry(store, first, 1_000, 1_001);
      await kit.die(store, only((await kit.lease(store, 1_001)).rows), 1_001);

      await kit.replay(store, 'a', 1_002);

      const row = only((await kit.lease(store, 1_003)).rows);
      assert.deepEqual([row.key, row.attempt, row.firstAttemptAt], ['a', 1, 1_003]);
      assert.deepEqual(await gaugesOf(store, kit.queue), { pending: 2 });
    },
  },
  {
    name: 'leaves a lease alone when an older row comes back into its lane',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'old' });
      await kit.add(store, { key: 'young' });
      await kit.die(store, only((await kit.lease(store, 1_000)).rows), 1_000);
      const young = only((await kit.lease(store, 1_001)).rows);

      await kit.replay(store, 'old', 1_002);

      assert.deepEqual(keysOf((await kit.lease(store, 1_003)).rows), []);
      await kit.end(store, young, 1_004);
      assert.deepEqual(keysOf((await kit.lease(store, 1_004)).rows), ['old']);
    },
  },
  {
    name: 'opens an emptied lane again for the next row',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.end(store, only((await kit.lease(store, 1_000)).rows), 1_000);

      await kit.add(store, { key: 'b' }, 2_000);

      const { rows, nextDueAt } = await kit.lease(store, 2_000);
      assert.deepEqual(keysOf(rows), ['b']);
      assert.equal(nextDueAt, undefined);
    },
  },
  {
    name: 'keeps sources apart that name their conversations alike',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a', connector });
      await kit.add(store, { key: 'b', connector: otherConnector });

      const { rows } = await kit.lease(store, 1_000);

      assert.deepEqual(rows.map(({ key, source, lane }) => [key, source, lane]).toSorted(), [
        ['a', connector, laneName('general', connector)],
        ['b', otherConnector, laneName('general', otherConnector)],
      ]);
    },
  },
  {
    name: 'throws a dead row away for good, once',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.die(store, only((await kit.lease(store, 1_000)).rows), 1_000);

      await kit.discard(store, 'a', 1_001);

      assert.deepEqual(keysOf((await kit.lease(store, 9_000)).rows), []);
      assert.deepEqual(await gaugesOf(store, kit.queue), {});
      await rejectsWith(kit.discard(store, 'a', 1_002), 'conflict');
      await rejectsWith(kit.replay(store, 'a', 1_002), 'conflict');
    },
  },
  {
    name: 'replays and discards only what is dead',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });

      await rejectsWith(kit.replay(store, 'a', 1_001), 'conflict');
      await rejectsWith(kit.discard(store, 'a', 1_001), 'conflict');
      await rejectsWith(kit.replay(store, 'nothing', 1_001), 'not_found');
      await rejectsWith(kit.discard(store, 'nothing', 1_001), 'not_found');
      assert.deepEqual(await gaugesOf(store, kit.queue), { pending: 1 });
    },
  },
];

export const laneCases = groupsOf('lanes', scenarios);
