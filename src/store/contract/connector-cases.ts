import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import { known, only, rejectsWith } from './checks.ts';
import {
  accept,
  connector,
  connectorRecord,
  enqueue,
  endOf,
  eventId,
  gaugesOf,
  leaseRequest,
  newMessage,
  otherConnector,
  partId,
} from './data.ts';
import { deliver, leasePart, report, statesOf } from './settle-cases.ts';
import type { StoreCase } from './store-case.ts';

const record = connectorRecord();

/** Removes the connector as the platform does. Answers how many calls it took. */
async function remove(store: Store, at = 5_000): Promise<number> {
  for (let calls = 1; ; calls++) {
    const { more } = await store.connectors.removeConnector(connector, at);
    if (!more) return calls;
  }
}

const records: readonly StoreCase[] = [
  {
    name: 'keeps connectors as they were put, by id',
    async run(open) {
      const store = await open();
      const { secretRef: _none, ...bare } = { ...record, id: otherConnector, enabled: false };
      await store.connectors.putConnector(bare);
      await store.connectors.putConnector(record);

      const all = await store.connectors.listConnectors();

      assert.deepEqual(all, [record, bare]);
      assert.deepEqual(await store.connectors.getConnector(connector), record);
      assert.equal(await store.connectors.getConnector('echo:none' as never), undefined);
    },
  },
  {
    name: 'changes a connector’s settings, and leaves what it is and when it was added',
    async run(open) {
      const store = await open();
      await store.connectors.putConnector(record);

      const { secretRef: _none, ...changed } = { ...record, config: {}, enabled: false, updatedAt: 9 };
      await store.connectors.putConnector({ ...changed, createdAt: 8 });

      assert.deepEqual(await store.connectors.getConnector(connector), changed);
    },
  },
];

const claims: readonly StoreCase[] = [
  {
    name: 'gives a connector to one daemon at a time',
    async run(open) {
      const store = await open();

      const first = await store.connectors.claim(connector, 'left', 1_000, 2_000);
      const second = await store.connectors.claim(connector, 'right', 1_999, 3_000);
      const other = await store.connectors.claim(otherConnector, 'right', 1_999, 3_000);

      assert.deepEqual(first, { connector, owner: 'left', epoch: 1 });
      assert.equal(second, undefined);
      assert.deepEqual(other, { connector: otherConnector, owner: 'right', epoch: 1 });
    },
  },
  {
    name: 'prolongs a claim under the same epoch',
    async run(open) {
      const store = await open();
      const claim = await store.connectors.claim(connector, 'left', 1_000, 2_000);

      const prolonged = await store.connectors.claim(connector, 'left', 1_999, 5_000);

      assert.deepEqual(prolonged, claim);
      assert.equal(await store.connectors.claim(connector, 'right', 4_999, 9_000), undefined);
    },
  },
  {
    name: 'gives every new holder a higher epoch: after a release, after expiry, and the same one again',
    async run(open) {
      const store = await open();
      const left = known(await store.connectors.claim(connector, 'left', 1_000, 2_000));
      await store.connectors.releaseClaim(left);

      const right = known(await store.connectors.claim(connector, 'right', 1_001, 2_000));
      const later = known(await store.connectors.claim(connector, 'left', 2_000, 3_000));
      const again = known(await store.connectors.claim(connector, 'left', 3_000, 4_000));

      assert.deepEqual(
        [left, right, later, again].map(({ epoch }) => epoch),
        [1, 2, 3, 4],
      );
    },
  },
  {
    name: 'ignores the release of a claim that somebody else has by now',
    async run(open) {
      const store = await open();
      const stale = known(await store.connectors.claim(connector, 'left', 1_000, 2_000));
      await store.connectors.claim(connector, 'right', 2_000, 9_000);

      await store.connectors.releaseClaim(stale);

      assert.equal(await store.connectors.claim(connector, 'left', 2_001, 9_000), undefined);
    },
  },
  {
    name: 'gives every connector to a daemon that knows the holders to be dead, at once',
    async run(open) {
      const store = await open();
      const stale = known(await store.connectors.claim(connector, 'left', 1_000, 60_000));

      await store.maintenance.endClaims(1_100);

      const claim = known(await store.connectors.claim(connector, 'right', 1_100, 2_000));
      assert.ok(claim.epoch > stale.epoch);
    },
  },
  {
    name: 'gives a connector to one of two daemons that claim it at the same moment',
    concurrent: true,
    async run(open) {
      const handles = [await open(), await open()];

      const rounds = Array.from({ length: 20 }, (_none, round) =>
        handles.map((store, daemon) =>
          store.connectors.claim(`echo:c${round}` as never, `daemon ${daemon}`, 1_000, 2_000),
        ),
      );

      for (const round of rounds) {
        const held = (await Promise.all(round)).filter((claim) => claim !== undefined);
        assert.equal(only(held).epoch, 1);
      }
    },
  },
  {
    name: 'keeps a claim from before a removal stale after the connector is added again',
    async run(open) {
      const store = await open();
      await store.connectors.putConnector(record);
      const stale = known(await store.connectors.claim(connector, 'left', 1_000, 9_000));
      await remove(store);

      await rejectsWith(accept(store, [{ key: 'a' }], { claim: stale }), 'lease_lost');
      await store.connectors.putConnector(record);
      const claim = known(await store.connectors.claim(connector, 'left', 1_001, 9_000));

      assert.ok(claim.epoch > stale.epoch);
      await rejectsWith(accept(store, [{ key: 'b' }], { claim: stale }), 'lease_lost');
    },
  },
];

const removal: readonly StoreCase[] = [
  {
    name: 'ends everything that is pending with a connector, slice by slice, and forgets where it stood',
    async run(open) {
      const store = await open();
      await store.connectors.putConnector(record);
      const facts = Array.from({ length: 700 }, (_none, index) => ({
        key: `k${index}`,
        conversation: `c${index % 3}`,
      }));
      await accept(store, facts, { cursor: 'here' });
      await Promise.all(facts.map((fact) => enqueue(store, fact)));
      await store.connectors.pause(connector, 'why', 1_000);

      const calls = await remove(store, 5_000);

      assert.ok(calls > 1, 'one call should not do it all');
      assert.deepEqual([await gaugesOf(store, 'inbox'), await gaugesOf(store, 'outbox')], [{}, {}]);
      const event = known(await store.inbox.getEvent(eventId('k0')));
      assert.deepEqual(
        [event.state, event.reason, event.finishedAt],
        ['discarded', 'connector_removed', 5_000],
      );
      assert.deepEqual(known(await store.outbox.getPart(partId('k699'))).reason, 'connector_removed');
      assert.equal(await store.connectors.getConnector(connector), undefined);
      assert.equal(await store.connectors.getCursor(connector), undefined);
      assert.deepEqual(await store.connectors.listQueueStates(), []);
      assert.deepEqual((await store.inbox.lease(leaseRequest(9_000))).rows, []);
      assert.deepEqual((await store.outbox.lease(leaseRequest(9_000))).rows, []);
      assert.deepEqual(await store.stats.getLag(9_000), { inboxMs: 0, outboxMs: 0 });
    },
  },
  {
    name: 'refuses what a worker writes about a row that was removed under it',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      await enqueue(store, { key: 'a' });
      const event = only((await store.inbox.lease(leaseRequest(1_000))).rows);
      const part = await leasePart(store, 1_000);

      await remove(store);

      await rejectsWith(
        store.inbox.complete(event, endOf(5_001, { parts: newMessage({ key: 'x' }) })),
        'lease_lost',
      );
      await rejectsWith(deliver(store, part, 5_001), 'lease_lost');
      assert.deepEqual([await gaugesOf(store, 'inbox'), await gaugesOf(store, 'outbox')], [{}, {}]);
    },
  },
  {
    name: 'leaves history, dead letters and other connectors alone',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', conversation: 'a' });
      await deliver(store, await leasePart(store, 1_000), 1_000);
      await enqueue(store, { key: 'b', conversation: 'b' });
      const dead = { state: 'dead', code: 'platform_rejected' } as const;
      await store.outbox.settle(await leasePart(store, 1_001), dead, report(1_001, 'rejected'));
      await enqueue(store, { key: 'c', connector: otherConnector });

      const calls = await remove(store);

      assert.equal(calls, 1);
      assert.deepEqual(
        [await statesOf(store, 'a'), await statesOf(store, 'b'), await statesOf(store, 'c')],
        [['delivered'], ['dead'], ['pending']],
      );
      assert.deepEqual(await gaugesOf(store, 'outbox'), { dead: 1 });
      assert.deepEqual(await gaugesOf(store, 'outbox', otherConnector), { pending: 1 });
    },
  },
];

export const connectorCases: readonly StoreCase[] = [...records, ...claims, ...removal];
