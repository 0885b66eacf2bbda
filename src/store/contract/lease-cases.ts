import assert from 'node:assert/strict';
import { known, only, rejectsWith } from './checks.ts';
import { gaugesOf } from './data.ts';
import { groupsOf, keysOf, type QueueScenario } from './lane-cases.ts';

const scenarios: readonly QueueScenario[] = [
  {
    name: 'hands an expired lease to the next worker, as an attempt of which nobody knows',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.lease(store, 1_000, { leaseMs: 500 });

      const early = await kit.lease(store, 1_499);
      const late = await kit.lease(store, 1_500);

      assert.deepEqual(keysOf(early.rows), []);
      const row = only(late.rows);
      assert.deepEqual([row.key, row.attempt, row.firstAttemptAt, row.interrupted], ['a', 2, 1_000, true]);
    },
  },
  {
    name: 'hands every leased row to a daemon that knows the owners to be dead, at once',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a', conversation: 'one' });
      await kit.add(store, { key: 'b', conversation: 'two' });
      const { rows: stale } = await kit.lease(store, 1_000, { leaseMs: 60_000 });

      await store.maintenance.endClaims(1_100);

      const { rows } = await kit.lease(store, 1_100);
      assert.deepEqual(keysOf(rows).toSorted(), ['a', 'b']);
      assert.deepEqual(
        rows.map(({ attempt, interrupted }) => [attempt, interrupted]),
        [
          [2, true],
          [2, true],
        ],
      );
      for (const lease of stale) await rejectsWith(kit.end(store, lease, 1_101), 'lease_lost');
    },
  },
  {
    name: 'refuses everything that a stale owner writes',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      const stale = only((await kit.lease(store, 1_000, { leaseMs: 500 })).rows);
      const owner = only((await kit.lease(store, 1_500)).rows);

      await rejectsWith(kit.end(store, stale, 1_501), 'lease_lost');
      await rejectsWith(kit.retry(store, stale, 1_501, 9_000), 'lease_lost');
      await rejectsWith(kit.die(store, stale, 1_501), 'lease_lost');
      const deferral = { at: 1_501, dueAt: 9_000, reason: 'daemon_stopping' } as const;
      await rejectsWith(store[kit.queue].defer(stale, deferral), 'lease_lost');

      assert.deepEqual(await gaugesOf(store, kit.queue), { pending: 1 });
      await kit.end(store, owner, 1_502);
      assert.deepEqual(await gaugesOf(store, kit.queue), {});
    },
  },
  {
    name: 'refuses to end a row twice, also when its lane has a new lease by then',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.add(store, { key: 'b' });
      const first = only((await kit.lease(store, 1_000)).rows);
      await kit.end(store, first, 1_001);

      await rejectsWith(kit.end(store, first, 1_002), 'lease_lost');
      await kit.lease(store, 1_003);
      await rejectsWith(kit.die(store, first, 1_004), 'lease_lost');

      assert.deepEqual(await gaugesOf(store, kit.queue), { pending: 1 });
    },
  },
  {
    name: 'takes what the owner writes after the lease ran out, as long as nobody else has it',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      const row = only((await kit.lease(store, 1_000, { leaseMs: 500 })).rows);

      await kit.end(store, row, 60_000);

      assert.deepEqual(await gaugesOf(store, kit.queue), {});
      assert.deepEqual(keysOf((await kit.lease(store, 60_001)).rows), []);
    },
  },
  {
    name: 'keeps a lane closed for as long as its lease is prolonged',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      const row = only((await kit.lease(store, 1_000, { leaseMs: 500 })).rows);

      const lost = await store[kit.queue].extend([row], 9_000);

      assert.deepEqual(lost, []);
      assert.deepEqual(keysOf((await kit.lease(store, 8_999)).rows), []);
      assert.deepEqual(keysOf((await kit.lease(store, 9_000)).rows), ['a']);
    },
  },
  {
    name: 'tells which of the leases to prolong are lost, and prolongs the others',
    async run(kit, open) {
      const store = await open();
      for (const key of ['a', 'b', 'c']) await kit.add(store, { key, conversation: key });
      const { rows } = await kit.lease(store, 1_000, { leaseMs: 500 });
      const [a, b, c] = ['a', 'b', 'c'].map((name) => known(rows.find(({ key }) => key === name)));
      await kit.end(store, known(a), 1_001);
      await store[kit.queue].extend([known(b)], 5_000);
      await kit.lease(store, 1_500);

      const lost = await store[kit.queue].extend(rows, 9_000);

      assert.deepEqual([...lost].toSorted(), [known(a).leaseId, known(c).leaseId].toSorted());
    },
  },
  {
    name: 'gives a deferred row back untried, at the time that was asked for',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      const row = only((await kit.lease(store, 1_000)).rows);

      await store[kit.queue].defer(row, { at: 1_001, dueAt: 3_000, reason: 'connector_offline' });

      const early = await kit.lease(store, 2_999);
      const late = only((await kit.lease(store, 3_000)).rows);
      assert.deepEqual([keysOf(early.rows), early.nextDueAt], [[], 3_000]);
      assert.deepEqual([late.attempt, late.firstAttemptAt, late.interrupted], [1, 3_000, false]);
    },
  },
  {
    name: 'remembers the attempts before the one that was deferred',
    async run(kit, open) {
      const store = await open();
      await kit.add(store, { key: 'a' });
      await kit.retry(store, only((await kit.lease(store, 1_000)).rows), 1_000, 1_001);
      const second = only((await kit.lease(store, 1_001)).rows);

      await store[kit.queue].defer(second, { at: 1_002, dueAt: 1_002, reason: 'daemon_stopping' });

      const row = only((await kit.lease(store, 1_002)).rows);
      assert.deepEqual([row.attempt, row.firstAttemptAt], [2, 1_000]);
    },
  },
  {
    name: 'keeps leases over a restart and takes them over when they have run out',
    async run(kit, open) {
      const killed = await open();
      await kit.add(killed, { key: 'a' });
      await kit.lease(killed, 1_000, { leaseMs: 500 });
      await killed.close();

      const store = await open();

      assert.deepEqual(keysOf((await kit.lease(store, 1_499)).rows), []);
      assert.deepEqual(keysOf((await kit.lease(store, 1_500)).rows), ['a']);
    },
  },
  {
    name: 'gives each row to one of two daemons that lease at the same time',
    concurrent: true,
    async run(kit, open) {
      const [left, right] = [await open(), await open()];
      const keys = Array.from({ length: 40 }, (_none, index) => `k${index}`);
      await Promise.all(keys.map((key) => kit.add(left, { key, conversation: key })));

      const leases = Array.from({ length: 20 }, (_none, index) =>
        kit.lease(index % 2 === 0 ? left : right, 1_000, { limit: 4 }),
      );

      const leased = (await Promise.all(leases)).flatMap(({ rows }) => keysOf(rows));
      assert.deepEqual(leased.toSorted(), keys.toSorted());
    },
  },
];

export const leaseCases = groupsOf('leases', scenarios);
