import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import { known, only, rejectsWith } from './checks.ts';
import {
  accept,
  connector,
  enqueue,
  endOf,
  eventId,
  gaugesOf,
  leaseRequest,
  otherConnector,
  partId,
} from './data.ts';
import { deliver, leasePart, pending, report, statesOf } from './settle-cases.ts';
import type { StoreCase } from './store-case.ts';

/** Leases the next part and lets it die. */
async function kill(store: Store, now: number): Promise<void> {
  const part = await leasePart(store, now);
  await store.outbox.settle(part, { state: 'dead', code: 'platform_rejected' }, report(now, 'rejected'));
}

async function killEvent(store: Store, key: string, at: number): Promise<void> {
  await accept(store, [{ key, conversation: key }], { at });
  const row = only((await store.inbox.lease(leaseRequest(at))).rows);
  await store.inbox.complete(row, endOf(at, { state: 'dead', reason: 'agent_failed', detail: 'why' }));
}

/** The ids of all dead letters, in pages of two. */
async function listAll(store: Store, filter: { source?: string }): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
    const request = { limit: 2, ...(cursor !== undefined && { cursor }) };
    const page = await store.deadLetters.listDeadLetters(filter, request);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  }
  return ids;
}

export const replayCases: readonly StoreCase[] = [
  {
    name: 'takes a dead part and those that it held up back into their lane, in order',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 3 });
      await enqueue(store, { key: 'b' });
      await kill(store, 1_000);

      await store.outbox.replay(partId('a', 1), 2_000);

      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 4 });
      const order: string[] = [];
      for (let now = 2_000; now < 2_004; now++) {
        const part = await leasePart(store, now);
        order.push(part.key);
        await deliver(store, part, now);
      }
      assert.deepEqual(order, ['a:1', 'a:2', 'a:3', 'b:1']);
    },
  },
  {
    name: 'holds nobody up with a replayed part that dies again',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 2 });
      await enqueue(store, { key: 'b' });
      await kill(store, 1_000);
      await store.outbox.replay(partId('a', 1), 2_000);

      await kill(store, 2_000);

      assert.deepEqual(await statesOf(store, 'a'), ['dead', 'held']);
      assert.equal((await leasePart(store, 2_001)).key, 'b:1');
    },
  },
  {
    name: 'throws a dead part away together with those that it held up',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 3 });
      await kill(store, 1_000);

      await store.outbox.discard(partId('a', 1), 1_001);

      assert.deepEqual(await statesOf(store, 'a'), ['discarded', 'discarded', 'discarded']);
      assert.deepEqual(await gaugesOf(store, 'outbox'), {});
      assert.deepEqual(await store.outbox.lease(leaseRequest(9_000)), { rows: [] });
      await rejectsWith(store.outbox.replay(partId('a', 2), 9_001), 'conflict');
    },
  },
  {
    name: 'decides about a message only by the part that stopped it',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 2 });
      await kill(store, 1_000);

      await rejectsWith(store.outbox.replay(partId('a', 2), 1_001), 'conflict');
      await rejectsWith(store.outbox.discard(partId('a', 2), 1_001), 'conflict');

      assert.deepEqual(await statesOf(store, 'a'), ['dead', 'held']);
    },
  },
  {
    name: 'labels what is sent again after a hold, because it may be a repeat',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await store.outbox.hold(await leasePart(store, 1_000), 1_001);

      await store.outbox.replay(partId('a'), 1_002);

      const part = await leasePart(store, 1_002);
      assert.deepEqual([part.possibleDuplicate, part.uncertain, part.attempt], [true, false, 1]);
    },
  },
  {
    name: 'labels what is sent again after it died of a lost answer, or of a failure after one',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'lost', conversation: 'lost' });
      const lost = await leasePart(store, 1_000);
      await store.outbox.settle(lost, { state: 'dead', code: 'answer_lost' }, report(1_000, 'unknown'));
      await enqueue(store, { key: 'failed', conversation: 'failed' });
      const unknown = pending(1_002, { code: 'answer_lost', uncertain: true });
      await store.outbox.settle(await leasePart(store, 1_001), unknown, report(1_001, 'unknown'));
      await kill(store, 1_002);

      await store.outbox.replay(partId('lost'), 2_000);
      await store.outbox.replay(partId('failed'), 2_000);

      const { rows } = await store.outbox.lease(leaseRequest(2_000));
      assert.deepEqual(
        rows.map(({ possibleDuplicate }) => possibleDuplicate),
        [true, true],
      );
    },
  },
  {
    name: 'does not label what surely was not applied',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await kill(store, 1_000);

      await store.outbox.replay(partId('a'), 1_001);

      assert.equal((await leasePart(store, 1_001)).possibleDuplicate, false);
    },
  },
  {
    name: 'decides about a dead row once, when two decide at the same moment',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 2 });
      await kill(store, 1_000);
      await killEvent(store, 'e', 1_000);

      const decisions = [
        [store.outbox.replay(partId('a'), 1_001), store.outbox.discard(partId('a'), 1_001)],
        [store.inbox.discard(eventId('e'), 1_001), store.inbox.replay(eventId('e'), 1_001)],
      ];

      for (const pair of decisions) {
        const [first, second] = await Promise.allSettled(pair);
        assert.deepEqual([first?.status, second?.status], ['fulfilled', 'rejected']);
      }
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 2 });
      assert.deepEqual(await gaugesOf(store, 'inbox'), {});
    },
  },
  {
    name: 'lists dead letters of both queues, newest first, page by page, of all sources or of one',
    async run(open) {
      const store = await open();
      await killEvent(store, 'e1', 1_000);
      await enqueue(store, { key: 'a', parts: 2 });
      await kill(store, 2_000);
      await killEvent(store, 'e2', 2_000);
      await enqueue(store, { key: 'z', connector: otherConnector });
      await kill(store, 2_500);
      await killEvent(store, 'e3', 3_000);

      const all = await listAll(store, {});
      const ofOne = await listAll(store, { source: connector });

      assert.deepEqual(all, ['evt_e3', 'prt_z_1', 'prt_a_2', 'prt_a_1', 'evt_e2', 'evt_e1']);
      assert.deepEqual(ofOne, ['evt_e3', 'prt_a_2', 'prt_a_1', 'evt_e2', 'evt_e1']);
    },
  },
  {
    name: 'says of a dead letter what it was and why it stopped',
    async run(open) {
      const store = await open();
      await killEvent(store, 'e', 1_000);
      await enqueue(store, { key: 'a', connector: otherConnector });
      await kill(store, 2_000);

      const events = await store.deadLetters.listDeadLetters({ source: connector }, { limit: 5 });
      const parts = await store.deadLetters.listDeadLetters({ source: otherConnector }, { limit: 5 });

      const event = { id: 'evt_e', queue: 'inbox', source: connector, state: 'dead', reason: 'agent_failed' };
      assert.deepEqual(events, { items: [{ ...event, detail: 'why', attempts: 1, at: 1_000 }] });
      const part = {
        id: 'prt_a_1',
        queue: 'outbox',
        source: otherConnector,
        state: 'dead',
        reason: 'platform_rejected',
      };
      assert.deepEqual(parts, { items: [{ ...part, attempts: 1, at: 2_000 }] });
      await rejectsWith(store.deadLetters.listDeadLetters({}, { limit: 1, cursor: '1' }), 'invalid_request');
      assert.equal(known(await store.inbox.getEvent(eventId('e'))).state, 'dead');
    },
  },
];
