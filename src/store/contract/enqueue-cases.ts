import assert from 'node:assert/strict';
import { isAppError } from '../../domain/errors.ts';
import type { NewPart } from '../outbox-store.ts';
import { known, only, rejectsWith } from './checks.ts';
import { connector, gaugesOf, leaseRequest, messageId, newMessage, otherConnector, partId } from './data.ts';
import type { StoreCase } from './store-case.ts';

const whole: NewPart = {
  id: partId('whole'),
  message: messageId('whole'),
  key: 'api:tok_1:☃/ %2F',
  address: { connector, conversation: 'a/b', thread: '1.2', message: '9007199254740993' },
  operation: {
    op: 'send',
    text: 'tab\t𝕏 \u0000',
    extras: { blocks: [{ type: 'section', n: 0.1, none: null }] },
  },
  part: 1,
  parts: 1,
  origin: { kind: 'api', principal: 'tok_1' },
};

export const enqueueCases: readonly StoreCase[] = [
  {
    name: 'gives a worker the very part that was enqueued',
    async run(open) {
      const store = await open();

      const result = await store.outbox.enqueue([whole], 1_234, 10);

      assert.deepEqual(result, { message: whole.message, added: true });
      const { leaseId, ...row } = only((await store.outbox.lease(leaseRequest(2_000))).rows);
      assert.ok(leaseId.length > 0);
      assert.deepEqual(row, {
        id: whole.id,
        message: whole.message,
        key: whole.key,
        address: whole.address,
        operation: whole.operation,
        part: 1,
        parts: 1,
        lane: 'echo:default/a%2Fb/1.2',
        source: connector,
        attempt: 1,
        attempts: 1,
        deferrals: 0,
        possibleDuplicate: false,
        uncertain: false,
        createdAt: 1_234,
        firstAttemptAt: 2_000,
      });
    },
  },
  {
    name: 'shows a part as it stands',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue([whole], 1_234, 10);

      const record = known(await store.outbox.getPart(whole.id));
      assert.deepEqual(await store.outbox.getPartByKey(whole.key), record);
      assert.equal(await store.outbox.getPartByKey('no such key'), undefined);

      const { id, message, key, address, operation, part, parts, origin } = whole;
      assert.deepEqual(record, {
        ...{ id, message, key, address, operation, part, parts, origin },
        connector,
        lane: 'echo:default/a%2Fb/1.2',
        state: 'pending',
        attempts: 0,
        deferrals: 0,
        uncertain: false,
        possibleDuplicate: false,
        createdAt: 1_234,
        dueAt: 1_234,
        platformIds: [],
      });
      assert.equal(await store.outbox.getPart(partId('nothing')), undefined);
    },
  },
  {
    name: 'lists the parts of a message in order, and those of an event',
    async run(open) {
      const store = await open();
      const origin = { kind: 'turn', turn: 'turn_1' as never, event: 'evt_1' as never, slot: 0 } as const;
      await store.outbox.enqueue(newMessage({ key: 'a', parts: 3, origin }), 1_000, 10);
      await store.outbox.enqueue(newMessage({ key: 'b', origin, conversation: 'elsewhere' }), 1_000, 10);
      await store.outbox.enqueue(newMessage({ key: 'c' }), 1_000, 10);

      const ofMessage = await store.outbox.listPartsOfMessage(messageId('a'));
      const ofEvent = await store.outbox.listPartsOfEvent('evt_1' as never);

      assert.deepEqual(
        ofMessage.map(({ key }) => key),
        ['a:1', 'a:2', 'a:3'],
      );
      assert.deepEqual(
        ofEvent.map(({ key }) => key),
        ['a:1', 'a:2', 'a:3', 'b:1'],
      );
      assert.deepEqual(await store.outbox.listPartsOfMessage(messageId('nothing')), []);
    },
  },
  {
    name: 'answers a repeat with the message that has the keys, and adds nothing',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(newMessage({ key: 'a', parts: 2 }), 1_000, 10);

      const repeated = await store.outbox.enqueue(
        newMessage({ key: 'a', parts: 2, message: 'again' }),
        2_000,
        10,
      );

      assert.deepEqual(repeated, { message: messageId('a'), added: false });
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 2 });
      assert.deepEqual(await store.outbox.listPartsOfMessage(messageId('again')), []);
    },
  },
  {
    name: 'answers a repeat after delivery without sending it again, and leaves no lane behind',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(newMessage({ key: 'a' }), 1_000, 10);
      const delivered = { state: 'delivered', platformIds: ['p1'] } as const;
      const report = { at: 1_001, durationMs: 1, outcome: 'delivered' } as const;
      await store.outbox.settle(
        only((await store.outbox.lease(leaseRequest(1_000))).rows),
        delivered,
        report,
      );

      const repeated = await store.outbox.enqueue(newMessage({ key: 'a', message: 'again' }), 2_000, 10);

      assert.deepEqual(repeated, { message: messageId('a'), added: false });
      assert.equal((await store.stats.getLag(9_000)).outboxMs, 0);
      assert.deepEqual(await store.outbox.lease(leaseRequest(9_000)), { rows: [] });
    },
  },
  {
    name: 'refuses a key that was used for other words, another place, or more parts',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(newMessage({ key: 'a', parts: 2 }), 1_000, 10);

      const others = [
        newMessage({ key: 'a', parts: 2, message: 'x', text: 'other words' }),
        newMessage({ key: 'a', parts: 2, message: 'x', conversation: 'elsewhere' }),
        newMessage({ key: 'a', parts: 3, message: 'x' }),
        newMessage({ key: 'a', parts: 1, message: 'x' }),
      ];

      for (const parts of others) await rejectsWith(store.outbox.enqueue(parts, 2_000, 10), 'conflict');
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 2 });
      assert.deepEqual(await store.outbox.listPartsOfMessage(messageId('x')), []);
      assert.deepEqual(
        (await store.outbox.lease(leaseRequest(3_000))).rows.map(({ key }) => key),
        ['a:1'],
      );
    },
  },
  {
    name: 'stores all parts of a message or none',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(newMessage({ key: 'a' }), 1_000, 10);

      const mixed = [...newMessage({ key: 'b', parts: 2 }), ...newMessage({ key: 'a', text: 'other words' })];

      await rejectsWith(store.outbox.enqueue(mixed, 2_000, 10), 'conflict');
      assert.deepEqual(await store.outbox.listPartsOfMessage(messageId('b')), []);
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 1 });
      await rejectsWith(store.outbox.enqueue([], 2_000, 10), 'invalid_request');
    },
  },
  {
    name: 'takes one of many that enqueue the same key at the same moment',
    async run(open) {
      const store = await open();

      const calls = Array.from({ length: 20 }, (_none, index) =>
        store.outbox.enqueue(newMessage({ key: 'a', message: `m${index}` }), 1_000, 100),
      );

      const results = await Promise.all(calls);
      assert.equal(results.filter(({ added }) => added).length, 1);
      assert.equal(new Set(results.map(({ message }) => message)).size, 1);
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 1 });
    },
  },
  {
    name: 'refuses parts for a full connector, but not a repeat, and not another connector',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(newMessage({ key: 'a', parts: 2 }), 1_000, 2);

      await rejectsWith(store.outbox.enqueue(newMessage({ key: 'b' }), 1_000, 2), 'unavailable');
      const repeat = await store.outbox.enqueue(newMessage({ key: 'a', parts: 2, message: 'x' }), 1_000, 2);
      const other = await store.outbox.enqueue(newMessage({ key: 'c', connector: otherConnector }), 1_000, 2);

      assert.deepEqual([repeat.added, other.added], [false, true]);
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 2 });
    },
  },
  {
    name: 'counts what comes in at the same moment when it judges whether a connector is full',
    async run(open) {
      const store = await open();

      const calls = Array.from({ length: 6 }, (_none, index) =>
        store.outbox.enqueue(newMessage({ key: `k${index}` }), 1_000, 4),
      );

      const results = await Promise.allSettled(calls);
      const refused = results.filter((result) => result.status === 'rejected');
      assert.equal(refused.length, 2);
      assert.ok(refused.every(({ reason }) => isAppError(reason, 'unavailable')));
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 4 });
    },
  },
];
