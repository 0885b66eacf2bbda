import assert from 'node:assert/strict';
import type { DeliveryId } from '../../domain/ids.ts';
import type { RetentionPolicy } from '../journal-store.ts';
import type { Store } from '../store.ts';
import { known, only, rejectsWith } from './checks.ts';
import {
  accept,
  enqueue,
  endOf,
  eventId,
  gaugesOf,
  laneName,
  leaseRequest,
  messageId,
  newMessage,
  partId,
} from './data.ts';
import { deliver, leasePart, report } from './settle-cases.ts';
import type { StoreCase } from './store-case.ts';
import { acceptWebhook, integration, newDelivery } from './webhook-cases.ts';

const never = 9e12;

/** A retention that keeps everything, but for what the case says. */
function policy(now: number, rest: Partial<RetentionPolicy>): RetentionPolicy {
  const contents = { contentsMs: never, tombstonesMs: never, deadLettersMs: never };
  const records = { journalMs: never, auditMs: never, activityMs: never };
  return { now, ...contents, ...records, sliceRows: 100, ...rest };
}

/** Prunes until there is no more. Answers how many rows went, and in how many calls. */
async function pruneAll(store: Store, rules: RetentionPolicy): Promise<{ removed: number; calls: number }> {
  let removed = 0;
  for (let calls = 1; ; calls++) {
    const slice = await store.maintenance.prune(rules);
    removed += slice.removed;
    if (!slice.more) return { removed, calls };
    assert.ok(calls < 1_000, 'should come to an end');
  }
}

/** An event that ended, or died, at `at`. */
async function finished(
  store: Store,
  key: string,
  at: number,
  state: 'done' | 'dead' = 'done',
): Promise<void> {
  await accept(store, [{ key, conversation: key }], { at });
  const row = only((await store.inbox.lease(leaseRequest(at))).rows);
  await store.inbox.complete(row, endOf(at, { state, detail: 'detail' }));
}

const contents: readonly StoreCase[] = [
  {
    name: 'removes the contents of what ended long ago, and keeps what it was and how it ended',
    async run(open) {
      const store = await open();
      await finished(store, 'a', 1_000);
      await enqueue(store, { key: 'a' });
      await deliver(store, await leasePart(store, 1_000), 1_000, 'p1');

      const { removed } = await pruneAll(store, policy(2_001, { contentsMs: 1_000 }));

      const event = known(await store.inbox.getEvent(eventId('a')));
      const part = known(await store.outbox.getPart(partId('a')));
      assert.equal(removed, 2);
      assert.deepEqual(
        [event.event, event.detail, event.state, event.reason],
        [undefined, undefined, 'done', 'answered'],
      );
      assert.deepEqual(
        [part.operation, part.address, part.state, part.platformIds],
        [undefined, undefined, 'delivered', ['p1']],
      );
    },
  },
  {
    name: 'leaves what is young, pending or dead',
    async run(open) {
      const store = await open();
      await finished(store, 'young', 1_500);
      await finished(store, 'dead', 1_000, 'dead');
      await accept(store, [{ key: 'pending' }], { at: 1_000 });
      await enqueue(store, { key: 'pending' }, 1_000);

      const { removed } = await pruneAll(store, policy(2_001, { contentsMs: 1_000, tombstonesMs: 0 }));

      assert.equal(removed, 0);
      for (const key of ['young', 'dead', 'pending'])
        assert.ok((await store.inbox.getEvent(eventId(key)))?.event);
      assert.equal((await store.inbox.lease(leaseRequest(3_000))).rows.length, 1);
    },
  },
  {
    name: 'recognises repeats by the tombstones, until those are old enough too',
    async run(open) {
      const store = await open();
      await finished(store, 'a', 1_000);
      await enqueue(store, { key: 'a' });
      await deliver(store, await leasePart(store, 1_000), 1_000);
      await pruneAll(store, policy(5_000, { contentsMs: 1_000, tombstonesMs: 4_000 }));

      const event = await accept(store, [{ key: 'b', dedupeKey: 'a' }]);
      const part = await store.outbox.enqueue(newMessage({ key: 'a', message: 'b' }), 5_000, 9);
      await pruneAll(store, policy(5_001, { contentsMs: 1_000, tombstonesMs: 4_000 }));
      const later = await accept(store, [{ key: 'c', dedupeKey: 'a' }]);

      assert.deepEqual(
        [only(event), part],
        [
          { id: 'evt_a', duplicate: true },
          { message: messageId('a'), added: false },
        ],
      );
      assert.deepEqual(only(later), { id: 'evt_c', duplicate: false });
      assert.equal(await store.outbox.getPart(partId('a')), undefined);
    },
  },
];

const lanes: readonly StoreCase[] = [
  {
    name: 'forgets that we took part in a conversation when we have not spoken there for long',
    async run(open) {
      const store = await open();
      for (const [key, at] of [
        ['old', 1_000],
        ['young', 2_000],
      ] as const) {
        await enqueue(store, { key, conversation: key }, at);
        await deliver(store, await leasePart(store, at), at);
      }

      const { removed } = await pruneAll(store, policy(3_001, { tombstonesMs: 2_000 }));

      const participates = (key: string): Promise<boolean> => store.outbox.getParticipation(laneName(key));
      assert.deepEqual([removed, await participates('old'), await participates('young')], [1, false, true]);
    },
  },
];

const deadLetters: readonly StoreCase[] = [
  {
    name: 'gives up on dead letters that nobody decides about, and still recognises their repeats',
    async run(open) {
      const store = await open();
      await finished(store, 'a', 1_000, 'dead');
      await enqueue(store, { key: 'a', parts: 2 });
      const dead = { state: 'dead', code: 'platform_rejected' } as const;
      await store.outbox.settle(await leasePart(store, 1_000), dead, report(1_000, 'rejected'));

      const { removed } = await pruneAll(store, policy(3_001, { deadLettersMs: 2_000 }));

      const event = known(await store.inbox.getEvent(eventId('a')));
      assert.equal(removed, 3);
      assert.deepEqual([event.state, event.event, event.reason], ['discarded', undefined, 'answered']);
      assert.deepEqual([await gaugesOf(store, 'inbox'), await gaugesOf(store, 'outbox')], [{}, {}]);
      assert.deepEqual((await store.deadLetters.listDeadLetters({}, { limit: 9 })).items, []);
      await rejectsWith(store.inbox.replay(eventId('a'), 3_002), 'conflict');
      await rejectsWith(store.outbox.replay(partId('a'), 3_002), 'conflict');
      assert.deepEqual(await accept(store, [{ key: 'b', dedupeKey: 'a' }]), [
        { id: 'evt_a', duplicate: true },
      ]);
      const steps = await store.journal.listSubject('evt_a', 9);
      assert.equal(steps.filter(({ kind }) => kind === 'dead_letter.expired').length, 1);
    },
  },
  {
    name: 'keeps dead letters whole until then, however old other contents may get',
    async run(open) {
      const store = await open();
      await finished(store, 'a', 1_000, 'dead');

      await pruneAll(store, policy(3_000, { contentsMs: 1, tombstonesMs: 1, deadLettersMs: 2_000 }));

      await store.inbox.replay(eventId('a'), 3_001);
      assert.equal((await store.inbox.lease(leaseRequest(3_001))).rows.length, 1);
    },
  },
];

const deliveries: readonly StoreCase[] = [
  {
    name: 'removes old deliveries, but not the body that an event still needs',
    async run(open) {
      const store = await open();
      await acceptWebhook(store, 'pending');
      await store.webhooks.recordDelivery(newDelivery('refused'), 9);
      await acceptWebhook(store, 'repeat', 'pending');
      await acceptWebhook(store, 'young', 'young', 5_000);

      const { removed } = await pruneAll(store, policy(5_000, { contentsMs: 1_000 }));

      const { items } = await store.webhooks.listDeliveries({ integration }, { limit: 9 });
      assert.equal(removed, 2);
      assert.deepEqual(
        items.map(({ id }) => id),
        ['dlv_young', 'dlv_pending'],
      );
      assert.ok(only((await store.inbox.lease(leaseRequest(5_000))).rows).body);
    },
  },
  {
    name: 'removes a delivery once its event has lost its contents',
    async run(open) {
      const store = await open();
      await acceptWebhook(store, 'a');
      await store.inbox.complete(only((await store.inbox.lease(leaseRequest(1_000))).rows), endOf(1_000));

      await pruneAll(store, policy(5_000, { contentsMs: 1_000 }));

      assert.equal(await store.webhooks.getDelivery('dlv_a' as DeliveryId), undefined);
    },
  },
  {
    name: 'gets past deliveries that must stay, slice by slice',
    async run(open) {
      const store = await open();
      for (const key of ['a', 'b', 'c', 'd', 'e']) await acceptWebhook(store, key);
      await store.webhooks.recordDelivery(newDelivery('old'), 9);

      const { removed } = await pruneAll(store, policy(5_000, { contentsMs: 1_000, sliceRows: 2 }));

      assert.equal(removed, 1);
      assert.equal(await store.webhooks.getDelivery('dlv_old' as DeliveryId), undefined);
      await store.webhooks.recordDelivery(newDelivery('next', { at: 1_000 }), 9);
      assert.equal((await pruneAll(store, policy(5_000, { contentsMs: 1_000, sliceRows: 2 }))).removed, 1);
    },
  },
];

export const retentionCases: readonly StoreCase[] = [
  ...contents,
  ...lanes,
  ...deadLetters,
  ...deliveries,
  {
    name: 'removes old steps, audit entries and counts, each by its own age',
    async run(open) {
      const store = await open();
      const audit = { principal: 'p', action: 'a', target: 't', detail: {} };
      for (const at of [0, 600_000]) {
        await store.journal.appendAudit({ ...audit, at });
        await accept(store, [{ key: `k${at}` }], { at });
      }

      await pruneAll(store, policy(600_001, { journalMs: 1_000, activityMs: 60_000 }));
      const kept = await store.journal.listAudit({ limit: 9 });
      await pruneAll(store, policy(600_001, { auditMs: 1_000 }));

      const steps = await store.journal.readJournal({ limit: 9 });
      assert.deepEqual(
        steps.map(({ at }) => at),
        [600_000, 600_000],
      );
      assert.deepEqual(
        (await store.stats.listActivity(0)).map(({ minute }) => minute),
        [10],
      );
      assert.deepEqual(
        [kept.items.length, (await store.journal.listAudit({ limit: 9 })).items.length],
        [2, 1],
      );
      assert.equal(only(await store.stats.listTotals()).count, 2);
    },
  },
  {
    name: 'works in slices, and says whether another one is worth while',
    async run(open) {
      const store = await open();
      const step = { at: 0, kind: 'a.b', level: 'info', data: {} } as const;
      await store.journal.append([...Array.from({ length: 25 }, () => step), { ...step, at: 9_000 }]);

      const { removed, calls } = await pruneAll(store, policy(9_000, { journalMs: 1_000, sliceRows: 10 }));

      assert.deepEqual([removed, calls], [25, 3]);
      assert.deepEqual(await store.maintenance.prune(policy(9_000, { journalMs: 1_000, sliceRows: 10 })), {
        removed: 0,
        more: false,
      });
    },
  },
];
