import assert from 'node:assert/strict';
import type { Settlement } from '../../domain/settle.ts';
import type { AttemptReport, LeasedPart } from '../outbox-store.ts';
import type { Store } from '../store.ts';
import { known, only } from './checks.ts';
import {
  connector,
  enqueue,
  gaugesOf,
  laneName,
  leaseRequest,
  messageId,
  otherConnector,
  partId,
} from './data.ts';
import type { StoreCase } from './store-case.ts';

export async function leasePart(store: Store, now: number): Promise<LeasedPart> {
  return only((await store.outbox.lease(leaseRequest(now))).rows);
}

export function report(at: number, outcome: AttemptReport['outcome']): AttemptReport {
  return { at, durationMs: 5, outcome };
}

export function pending(
  dueAt: number,
  rest: Partial<Extract<Settlement, { state: 'pending' }>> = {},
): Settlement {
  return { state: 'pending', code: 'platform_error', dueAt, deferral: false, uncertain: false, ...rest };
}

export async function deliver(store: Store, part: LeasedPart, at: number, platformId = 'p'): Promise<void> {
  await store.outbox.settle(part, { state: 'delivered', platformIds: [platformId] }, report(at, 'delivered'));
}

export async function statesOf(store: Store, message: string): Promise<string[]> {
  return (await store.outbox.listPartsOfMessage(messageId(message))).map(({ state }) => state);
}

export const settleCases: readonly StoreCase[] = [
  {
    name: 'records a delivery under the platform’s own id',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      await deliver(store, await leasePart(store, 1_000), 2_000, '1700.42');

      const record = known(await store.outbox.findByPlatformId(connector, '1700.42'));
      assert.deepEqual(
        [record.id, record.state, record.reason, record.platformIds, record.finishedAt, record.dueAt],
        [partId('a'), 'delivered', 'delivered', ['1700.42'], 2_000, undefined],
      );
      assert.equal(await store.outbox.findByPlatformId(otherConnector, '1700.42'), undefined);
      assert.equal(await store.outbox.findByPlatformId(connector, 'nothing'), undefined);
      assert.deepEqual(await gaugesOf(store, 'outbox'), {});
    },
  },
  {
    name: 'records a delivery that the platform gave no id',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      const part = await leasePart(store, 1_000);
      await store.outbox.settle(part, { state: 'delivered', platformIds: [] }, report(1_001, 'delivered'));

      assert.deepEqual(known(await store.outbox.getPart(partId('a'))).platformIds, []);
    },
  },
  {
    name: 'takes part in a lane once something has been delivered to it',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      const before = await store.outbox.getParticipation(laneName());
      await deliver(store, await leasePart(store, 1_000), 1_001);

      assert.deepEqual([before, await store.outbox.getParticipation(laneName())], [false, true]);
      assert.equal(await store.outbox.getParticipation(laneName('elsewhere')), false);
    },
  },
  {
    name: 'discards what nobody misses, and goes on behind it',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await enqueue(store, { key: 'b' });

      const settlement = { state: 'discarded', code: 'permission_missing', detail: 'No.' } as const;
      await store.outbox.settle(await leasePart(store, 1_000), settlement, report(1_001, 'rejected'));

      const { state, reason, detail, finishedAt } = known(await store.outbox.getPart(partId('a')));
      assert.deepEqual(
        [state, reason, detail, finishedAt],
        ['discarded', 'permission_missing', 'No.', 1_001],
      );
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 1 });
      assert.equal((await leasePart(store, 1_001)).id, partId('b'));
    },
  },
  {
    name: 'counts a failure as an attempt and a deferral as none',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      await store.outbox.settle(
        await leasePart(store, 1_000),
        pending(1_001, { detail: 'x' }),
        report(1_000, 'retry'),
      );
      const failed = known(await store.outbox.getPart(partId('a')));
      await store.outbox.settle(
        await leasePart(store, 1_001),
        pending(1_002, { deferral: true }),
        report(1_001, 'retry'),
      );
      const deferred = known(await store.outbox.getPart(partId('a')));

      assert.deepEqual([failed.attempts, failed.deferrals, failed.detail, failed.dueAt], [1, 0, 'x', 1_001]);
      assert.deepEqual([deferred.attempts, deferred.deferrals, deferred.dueAt], [1, 1, 1_002]);
      const row = await leasePart(store, 1_002);
      assert.deepEqual([row.attempt, row.attempts, row.deferrals, row.firstAttemptAt], [2, 2, 1, 1_000]);
    },
  },
  {
    name: 'begins to count a part’s age at the first attempt that was none of its deferrals',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      await store.outbox.settle(
        await leasePart(store, 1_000),
        pending(80_000, { deferral: true }),
        report(1_000, 'retry'),
      );

      assert.equal((await leasePart(store, 80_000)).firstAttemptAt, 80_000);
    },
  },
  {
    name: 'tells the next attempt when this one may have been applied',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });

      const uncertain = pending(1_001, { code: 'answer_lost', uncertain: true });
      await store.outbox.settle(await leasePart(store, 1_000), uncertain, report(1_000, 'unknown'));
      const second = await leasePart(store, 1_001);
      await store.outbox.settle(second, pending(1_002), report(1_001, 'retry'));
      const third = await leasePart(store, 1_002);

      assert.deepEqual([second.uncertain, third.uncertain], [true, false]);
    },
  },
  {
    name: 'stays uncertain through a deferral',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      await store.outbox.lease(leaseRequest(1_000, { leaseMs: 1 }));

      const second = await leasePart(store, 1_001);
      await store.outbox.defer(second, { at: 1_002, dueAt: 1_002, reason: 'connector_offline' });

      assert.equal(second.uncertain, true);
      assert.equal((await leasePart(store, 1_002)).uncertain, true);
    },
  },
  {
    name: 'holds the later parts of a message whose part died, and goes on with the next message',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 4 });
      await enqueue(store, { key: 'b' });
      await deliver(store, await leasePart(store, 1_000), 1_000);

      const dead = { state: 'dead', code: 'platform_rejected', detail: 'too long' } as const;
      await store.outbox.settle(await leasePart(store, 1_001), dead, report(1_001, 'rejected'));

      const [, second, third] = await store.outbox.listPartsOfMessage(messageId('a'));
      assert.deepEqual(await statesOf(store, 'a'), ['delivered', 'dead', 'held', 'held']);
      assert.deepEqual([known(second).reason, known(second).detail], ['platform_rejected', 'too long']);
      assert.deepEqual([known(third).reason, known(third).finishedAt], ['group_held', 1_001]);
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 1, dead: 1, held: 2 });
      assert.equal((await leasePart(store, 1_002)).key, 'b:1');
    },
  },
  {
    name: 'holds a part of which nobody knows, with the later parts of its message',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', parts: 2 });
      await enqueue(store, { key: 'b' });

      await store.outbox.hold(await leasePart(store, 1_000), 1_500);

      const [first] = await store.outbox.listPartsOfMessage(messageId('a'));
      assert.deepEqual(await statesOf(store, 'a'), ['held', 'held']);
      assert.deepEqual(
        [known(first).reason, known(first).uncertain, known(first).finishedAt],
        ['unknown_outcome_held', true, 1_500],
      );
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 1, held: 2 });
      assert.equal((await leasePart(store, 1_501)).key, 'b:1');
    },
  },
  {
    name: 'remembers before the attempt that it may repeat an earlier one',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a' });
      const part = await leasePart(store, 1_000);

      await store.outbox.markPossibleDuplicate(part, 1_001);
      await store.outbox.settle(part, pending(1_002), report(1_001, 'retry'));

      assert.equal(known(await store.outbox.getPart(partId('a'))).possibleDuplicate, true);
      assert.equal((await leasePart(store, 1_002)).possibleDuplicate, true);
    },
  },
  {
    name: 'holds the whole connector with the attempt that asked for it',
    async run(open) {
      const store = await open();
      await enqueue(store, { key: 'a', conversation: 'a' });
      await enqueue(store, { key: 'b', conversation: 'b' });
      const { rows } = await store.outbox.lease(leaseRequest(1_000, { limit: 1 }));

      const settlement = pending(5_000, {
        code: 'rate_limited',
        deferral: true,
        holdConnector: { until: 5_000 },
      });
      await store.outbox.settle(only(rows), settlement, report(1_000, 'retry'));

      const state = only(await store.connectors.listQueueStates());
      assert.deepEqual([state.source, state.holdReason, state.holdUntil], [connector, 'rate_limited', 5_000]);
      assert.deepEqual(await store.outbox.lease(leaseRequest(4_999)), { rows: [], nextDueAt: 5_000 });
      assert.equal((await store.outbox.lease(leaseRequest(5_000))).rows.length, 2);
    },
  },
];
