import assert from 'node:assert/strict';
import { type ConnectorId, webhookSource } from '../../domain/ids.ts';
import type { Store } from '../store.ts';
import { only } from './checks.ts';
import {
  accept,
  connector,
  connectorRecord,
  enqueue,
  endOf,
  gaugesOf,
  leaseRequest,
  otherConnector,
} from './data.ts';
import { deliver, leasePart, pending, report } from './settle-cases.ts';
import type { StoreCase } from './store-case.ts';
import { acceptWebhook, integration, integrationRecord } from './webhook-cases.ts';

async function totalsOf(store: Store, source: string): Promise<Record<string, number>> {
  const totals = await store.stats.listTotals();
  return Object.fromEntries(
    totals.filter((total) => total.source === source).map(({ kind, count }) => [kind, count]),
  );
}

export const statsCases: readonly StoreCase[] = [
  {
    name: 'counts what happened per source, kind and minute, and since the beginning',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }, { key: 'b' }], { at: 59_999 });
      await accept(store, [{ key: 'c' }, { key: 'a' }], { at: 60_000 });
      await accept(store, [{ key: 'd', source: otherConnector, refusal: 'message_oversized' }], {
        at: 60_001,
      });

      const activity = await store.stats.listActivity(1);

      assert.deepEqual(activity, [
        { source: connector, minute: 1, kind: 'accepted', count: 1 },
        { source: connector, minute: 1, kind: 'duplicate', count: 1 },
        { source: otherConnector, minute: 1, kind: 'ignored', count: 1 },
      ]);
      assert.equal((await store.stats.listActivity(0)).length, 4);
      assert.deepEqual(await totalsOf(store, connector), { accepted: 3, duplicate: 1 });
    },
  },
  {
    name: 'counts how attempts and turns ended',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      const row = only((await store.inbox.lease(leaseRequest(1_000))).rows);
      await store.inbox.retry(row, { at: 1_000, dueAt: 1_001, reason: 'agent_timeout' });
      await store.inbox.complete(only((await store.inbox.lease(leaseRequest(1_001))).rows), endOf(1_002));
      await enqueue(store, { key: 'a', parts: 2 });
      await store.outbox.settle(await leasePart(store, 1_000), pending(1_001), report(1_000, 'retry'));
      await store.outbox.settle(
        await leasePart(store, 1_001),
        pending(1_002, { deferral: true }),
        report(1_001, 'retry'),
      );
      await deliver(store, await leasePart(store, 1_002), 1_002);
      const dead = { state: 'dead', code: 'platform_rejected' } as const;
      await store.outbox.settle(await leasePart(store, 1_003), dead, report(1_003, 'rejected'));

      const totals = await totalsOf(store, connector);

      assert.deepEqual(totals, {
        ...{ accepted: 1, turn_failed: 1, done: 1 },
        ...{ enqueued: 2, retried: 1, deferred: 1, delivered: 1, dead: 1 },
      });
    },
  },
  {
    name: 'counts nothing of a call that was refused, also beside others in the same moment',
    async run(open) {
      const store = await open();

      const calls = [
        accept(store, [{ key: 'a' }]),
        accept(store, [{ key: 'b' }], { depthMax: 0 }),
        accept(store, [{ key: 'c' }], { claim: { connector, owner: 'nobody', epoch: 1 } }),
        accept(store, [{ key: 'd' }]),
      ];
      await Promise.allSettled(calls);

      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 2 });
      assert.deepEqual(await totalsOf(store, connector), { accepted: 2 });
    },
  },
  {
    name: 'tells when the newest event of each source that is there and switched on was accepted',
    async run(open) {
      const store = await open();
      for (const record of [
        connectorRecord(),
        connectorRecord({ id: otherConnector }),
        connectorRecord({ id: 'echo:silent' as ConnectorId }),
        connectorRecord({ id: 'echo:off' as ConnectorId, enabled: false }),
      ])
        await store.connectors.putConnector(record);
      await store.webhooks.putIntegration(integrationRecord(integration));
      await accept(store, [{ key: 'a' }], { at: 1_000 });
      await accept(store, [{ key: 'b' }], { at: 2_000 });
      await accept(store, [{ key: 'a' }], { at: 3_000 });
      await accept(store, [{ key: 'c', source: otherConnector }], { at: 4_000 });
      await enqueue(store, { key: 'd', connector: 'echo:silent' as ConnectorId }, 5_000);
      await accept(store, [{ key: 'e', source: 'echo:off' as ConnectorId }], { at: 6_000 });
      await accept(store, [{ key: 'f', source: 'echo:gone' as ConnectorId }], { at: 7_000 });
      await acceptWebhook(store, 'g', 'g', 8_000);

      const all = await store.stats.listLastEvents();
      await store.webhooks.putIntegration(integrationRecord(integration, { enabled: false }));
      await store.connectors.removeConnector(otherConnector, 9_000);

      assert.deepEqual(all, [
        { source: connector, at: 2_000 },
        { source: otherConnector, at: 4_000 },
        { source: webhookSource(integration), at: 8_000 },
      ]);
      assert.deepEqual(await store.stats.listLastEvents(), [{ source: connector, at: 2_000 }]);
    },
  },
  {
    name: 'tells how long the oldest due row of each queue has waited for a worker',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a', conversation: 'a' }], { at: 1_000 });
      await accept(store, [{ key: 'b', source: otherConnector }], { at: 3_000 });
      await enqueue(store, { key: 'a' }, 2_000);

      const waiting = await store.stats.getLag(5_000);
      await store.inbox.lease(leaseRequest(5_000, { limit: 1, leaseMs: 1_000, sources: [connector] }));
      const leased = await store.stats.getLag(5_500);
      const expired = await store.stats.getLag(9_000);

      assert.deepEqual(waiting, { inboxMs: 4_000, outboxMs: 3_000 });
      assert.equal(leased.inboxMs, 2_500);
      assert.equal(expired.inboxMs, 6_000);
    },
  },
  {
    name: 'does not take it for lag that a retry or an agent’s answer is waited for',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      const row = only((await store.inbox.lease(leaseRequest(1_000))).rows);
      await store.inbox.suspend(row, {
        at: 1_000,
        until: 9_000,
        rule: 'r' as never,
        agent: 'a' as never,
        answerPlan: {},
      });
      await enqueue(store, { key: 'a' });
      await store.outbox.settle(await leasePart(store, 1_000), pending(9_000), report(1_000, 'retry'));

      assert.deepEqual(await store.stats.getLag(8_999), { inboxMs: 0, outboxMs: 0 });
      assert.deepEqual(await store.stats.getLag(9_010), { inboxMs: 10, outboxMs: 10 });
    },
  },
  {
    name: 'does not take it for outbox lag that a queue is paused or held, until the hold is over',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }], { at: 1_000 });
      await enqueue(store, { key: 'a' }, 1_000);
      await enqueue(store, { key: 'b', connector: otherConnector }, 1_000);
      await store.connectors.pause(connector, 'maintenance', 1_000);
      await store.connectors.hold(otherConnector, 'rate_limited', 1_000, 5_000);

      assert.deepEqual(await store.stats.getLag(4_999), { inboxMs: 3_999, outboxMs: 0 });
      assert.equal((await store.stats.getLag(6_000)).outboxMs, 5_000);
    },
  },
];
