import assert from 'node:assert/strict';
import { isAppError } from '../../domain/errors.ts';
import type { InboundCommand } from '../../domain/inbound-event.ts';
import { known, only, rejectsWith } from './checks.ts';
import {
  accept,
  connector,
  endOf,
  eventId,
  gaugesOf,
  leaseRequest,
  newEvent,
  otherConnector,
} from './data.ts';
import type { StoreCase } from './store-case.ts';

const command: InboundCommand = {
  type: 'command',
  source: connector,
  dedupeKey: 'snow ☃ / %2F "quoted"',
  lane: 'echo:default/a%2Fb/thread',
  occurredAt: 1,
  address: { connector, conversation: 'a/b', thread: 'thread', message: '9007199254740993' },
  sender: { id: 'echo:user:1', display: '\u0000 𝕏 \ud83d', kind: 'bot', verified: false, roles: ['r'] },
  direct: true,
  guild: 'echo:guild:1',
  name: 'do',
  args: { nested: { list: [1, null, true, { deep: '' }] }, empty: {} },
};

export const inboxAcceptCases: readonly StoreCase[] = [
  {
    name: 'gives a worker the very event that was accepted',
    async run(open) {
      const store = await open();
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const events = [{ id: eventId('1'), traceId, event: command }];

      const accepted = await store.inbox.accept({ at: 1_234, source: connector, depthMax: 10, events });

      assert.deepEqual(accepted, [{ id: 'evt_1', duplicate: false }]);
      const { leaseId, ...row } = only((await store.inbox.lease(leaseRequest(2_000))).rows);
      assert.ok(leaseId.length > 0);
      assert.deepEqual(row, {
        event: command,
        eventId: 'evt_1',
        source: connector,
        lane: command.lane,
        traceId,
        acceptedAt: 1_234,
        attempt: 1,
        firstAttemptAt: 2_000,
        interrupted: false,
        overdue: false,
      });
    },
  },
  {
    name: 'answers a repeat with the id of the first, and counts it',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'first', dedupeKey: 'k' }]);

      const repeated = await accept(store, [{ key: 'again', dedupeKey: 'k', conversation: 'elsewhere' }]);

      assert.deepEqual(repeated, [{ id: 'evt_first', duplicate: true }]);
      assert.equal(known(await store.inbox.getEvent(eventId('first'))).duplicates, 1);
      assert.equal(await store.inbox.getEvent(eventId('again')), undefined);
      const found = await store.inbox.findEvent(connector, 'k');
      assert.equal(known(found).id, eventId('first'));
      assert.equal(await store.inbox.findEvent(connector, 'another'), undefined);
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 1 });
    },
  },
  {
    name: 'recognises a repeat after the first has ended, and does not run it again',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'first', dedupeKey: 'k' }]);
      await store.inbox.complete(only((await store.inbox.lease(leaseRequest(1_000))).rows), endOf(1_000));

      const repeated = await accept(store, [{ key: 'again', dedupeKey: 'k' }]);

      assert.deepEqual(repeated, [{ id: 'evt_first', duplicate: true }]);
      assert.deepEqual(await store.inbox.lease(leaseRequest(9_000)), { rows: [] });
    },
  },
  {
    name: 'recognises a repeat within one call',
    async run(open) {
      const store = await open();

      const accepted = await accept(store, [
        { key: 'a', dedupeKey: 'k' },
        { key: 'b', dedupeKey: 'k' },
        { key: 'c' },
      ]);

      assert.deepEqual(accepted, [
        { id: 'evt_a', duplicate: false },
        { id: 'evt_a', duplicate: true },
        { id: 'evt_c', duplicate: false },
      ]);
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 2 });
    },
  },
  {
    name: 'takes the same key from another source as another event',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a', dedupeKey: 'k', contentKey: 'c' }]);

      const accepted = await accept(store, [
        { key: 'b', dedupeKey: 'k', contentKey: 'c', source: otherConnector },
      ]);

      assert.deepEqual(accepted, [{ id: 'evt_b', duplicate: false }]);
    },
  },
  {
    name: 'recognises a repeat by its contents under another key',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a', contentKey: 'c' }]);

      const accepted = await accept(store, [{ key: 'b', contentKey: 'c' }, { key: 'd' }, { key: 'e' }]);

      assert.deepEqual(accepted, [
        { id: 'evt_a', duplicate: true, reason: 'duplicate_content' },
        { id: 'evt_d', duplicate: false },
        { id: 'evt_e', duplicate: false },
      ]);
      const steps = await store.journal.listSubject('evt_a', 9);
      assert.deepEqual(
        steps.map(({ kind, data }) => [kind, data.code]),
        [
          ['inbound.accepted', undefined],
          ['inbound.deduplicated', 'duplicate_content'],
        ],
      );
    },
  },
  {
    name: 'leaves no lane behind for a repeat that opened one',
    async run(open) {
      const store = await open();

      await accept(store, [
        { key: 'a', dedupeKey: 'k', conversation: 'one' },
        { key: 'b', dedupeKey: 'k', conversation: 'two' },
      ]);

      assert.equal((await store.stats.getLag(5_000)).inboxMs, 4_000);
      await store.inbox.complete(only((await store.inbox.lease(leaseRequest(5_000))).rows), endOf(5_000));
      assert.equal((await store.stats.getLag(9_000)).inboxMs, 0);
    },
  },
  {
    name: 'takes one of many that bring the same event at the same moment',
    async run(open) {
      const store = await open();

      const calls = Array.from({ length: 30 }, (_none, index) =>
        accept(store, [{ key: `c${index}`, dedupeKey: 'k', conversation: `v${index}` }]),
      );

      const accepted = (await Promise.all(calls)).flat();
      assert.equal(accepted.filter(({ duplicate }) => !duplicate).length, 1);
      assert.equal(new Set(accepted.map(({ id }) => id)).size, 1);
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 1 });
    },
  },
  {
    name: 'takes one of two daemons’ copies of the same event',
    concurrent: true,
    async run(open) {
      const handles = [await open(), await open()];
      const keys = Array.from({ length: 20 }, (_none, index) => `k${index}`);

      const calls = handles.flatMap((store, daemon) =>
        keys.map((dedupeKey) => accept(store, [{ key: `${dedupeKey}_${daemon}`, dedupeKey }])),
      );

      const accepted = (await Promise.all(calls)).flat();
      assert.equal(accepted.filter(({ duplicate }) => !duplicate).length, keys.length);
      assert.deepEqual(await gaugesOf(known(handles[0]), 'inbox'), { pending: keys.length });
    },
  },
  {
    name: 'keeps the order of a call, and of calls after each other, within a lane',
    async run(open) {
      const store = await open();
      await Promise.all([
        accept(store, [{ key: 'a' }, { key: 'x', conversation: 'x' }, { key: 'b' }]),
        accept(store, [{ key: 'c' }]),
      ]);
      await accept(store, [{ key: 'd' }]);

      const order: string[] = [];
      for (let now = 1_000; now < 1_004; now++) {
        for (const row of (await store.inbox.lease(leaseRequest(now))).rows) {
          if (row.eventId !== eventId('x')) order.push(row.eventId);
          await store.inbox.complete(row, endOf(now));
        }
      }

      assert.deepEqual(order, ['evt_a', 'evt_b', 'evt_c', 'evt_d']);
    },
  },
  {
    name: 'keeps an event that is refused, with its reason, and gives it to nobody',
    async run(open) {
      const store = await open();

      await accept(store, [{ key: 'a', refusal: 'message_oversized' }]);

      const record = known(await store.inbox.getEvent(eventId('a')));
      assert.deepEqual(
        [record.state, record.reason, record.finishedAt],
        ['ignored', 'message_oversized', 1_000],
      );
      assert.deepEqual(await store.inbox.lease(leaseRequest(2_000)), { rows: [] });
      assert.deepEqual(await gaugesOf(store, 'inbox'), {});
      assert.deepEqual(await accept(store, [{ key: 'b', dedupeKey: 'a' }]), [
        { id: 'evt_a', duplicate: true },
      ]);
    },
  },
  {
    name: 'refuses another event under an id that is in use, instead of calling it a repeat',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);

      const sameId = { ...newEvent({ key: 'b' }), id: eventId('a') };

      const request = { at: 1_000, source: connector, depthMax: 10, events: [sameId] };
      await rejectsWith(store.inbox.accept(request), 'conflict');
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 1 });
    },
  },
  {
    name: 'keeps the cursor that came with events, and one that came alone',
    async run(open) {
      const store = await open();

      const before = await store.connectors.getCursor(connector);
      await accept(store, [{ key: 'a' }], { cursor: 'offset 1' });
      const withEvents = await store.connectors.getCursor(connector);
      await accept(store, [], { cursor: '' });

      assert.deepEqual([before, withEvents], [undefined, 'offset 1']);
      assert.equal(await store.connectors.getCursor(connector), '');
      assert.equal(await store.connectors.getCursor(otherConnector), undefined);
    },
  },
  {
    name: 'refuses events of a full source, cursor and all, until one has ended',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }, { key: 'b' }]);

      const refused = accept(store, [{ key: 'c' }], { depthMax: 2, cursor: 'later' });

      await rejectsWith(refused, 'unavailable');
      assert.equal(await store.inbox.getEvent(eventId('c')), undefined);
      assert.equal(await store.connectors.getCursor(connector), undefined);
      await accept(store, [{ key: 'd', source: otherConnector }], { depthMax: 2 });
      await store.inbox.complete(
        only((await store.inbox.lease(leaseRequest(1_000, { sources: [connector] }))).rows),
        endOf(1_000),
      );
      await accept(store, [{ key: 'c' }], { depthMax: 2 });
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 2 });
    },
  },
  {
    name: 'counts what comes in at the same moment when it judges whether a source is full',
    async run(open) {
      const store = await open();

      const calls = Array.from({ length: 6 }, (_none, index) =>
        accept(store, [{ key: `k${index}` }], { depthMax: 4 }),
      );

      const results = await Promise.allSettled(calls);
      const refused = results.filter((result) => result.status === 'rejected');
      assert.equal(refused.length, 2);
      assert.ok(refused.every(({ reason }) => isAppError(reason, 'unavailable')));
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 4 });
    },
  },
  {
    name: 'refuses what comes under a stale claim, cursor and all',
    async run(open) {
      const store = await open();
      const stale = known(await store.connectors.claim(connector, 'left', 0, 1_000));
      const claim = known(await store.connectors.claim(connector, 'right', 1_000, 2_000));

      await rejectsWith(accept(store, [{ key: 'a' }], { claim: stale, cursor: 'stale' }), 'lease_lost');
      await accept(store, [{ key: 'b' }], { claim, cursor: 'good' });

      assert.equal(await store.inbox.getEvent(eventId('a')), undefined);
      assert.equal(await store.connectors.getCursor(connector), 'good');
    },
  },
];
