import assert from 'node:assert/strict';
import type { InboundEvent, InboundMessageEvent } from '../../domain/inbound-event.ts';
import type { LeasedEvent, NewEvent } from '../inbox-store.ts';
import type { Store } from '../store.ts';
import { known, only } from './checks.ts';
import { accept, connector, endOf, eventId, gaugesOf, leaseRequest, newEvent } from './data.ts';
import type { StoreCase } from './store-case.ts';

async function leaseOne(store: Store, now: number): Promise<LeasedEvent> {
  return only((await store.inbox.lease(leaseRequest(now))).rows);
}

const message = (key: string): InboundMessageEvent => newEvent({ key }).event as InboundMessageEvent;
const { sender } = message('a');
const edit = { type: 'message.edited' } as const;

/** Something that became of the message `of`. */
function revision(key: string, of: string, change: object): NewEvent {
  const { event, ...rest } = newEvent({ key });
  const address = { ...message(key).address, message: of };
  return { ...rest, event: { ...event, address, ...change } as InboundEvent };
}

async function statesOf(store: Store, ...keys: readonly string[]): Promise<readonly string[]> {
  const records = await Promise.all(keys.map((key) => store.inbox.getEvent(eventId(key))));
  return records.map((record) => `${record?.state} ${record?.reason ?? ''}`.trim());
}

/** What waits behind an event, and what becomes of a message while it waits. */
export const waitingCases: readonly StoreCase[] = [
  {
    name: 'hands out a message as its author has left it, and ends what changed it',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }, { key: 'b' }]);
      await store.inbox.accept({
        ...{ at: 1_000, source: connector, depthMax: 10_000 },
        events: [
          revision('e1', 'a', { ...edit, text: 'good' }),
          revision('other', 'b', { ...edit, text: 'not of a' }),
          revision('e2', 'a', { ...edit, text: 'better' }),
          revision('eve', 'a', { ...edit, text: 'foreign', sender: { ...sender, id: 'echo:user:eve' } }),
        ],
      });

      const leased = await leaseOne(store, 1_100);
      const again = known(await store.inbox.getEvent(eventId('a'))).event;

      assert.deepEqual(leased.event, { ...message('a'), text: 'better' });
      assert.deepEqual(again, leased.event);
      assert.deepEqual(await statesOf(store, 'e1', 'e2', 'other', 'eve', 'b'), [
        'ignored revision_applied',
        'ignored revision_applied',
        'pending',
        'pending',
        'pending',
      ]);
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 4 });
      const steps = await store.journal.listSubject(eventId('a'), 10);
      assert.deepEqual(steps.at(-1)?.data, { by: [eventId('e1'), eventId('e2')] });
    },
  },
  {
    name: 'hands out a message that was deleted as one that was, for a later attempt too',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      const first = await leaseOne(store, 1_000);
      const wasRevised = await store.inbox.hasRevision(eventId('a'));
      const events = [revision('d', 'a', { type: 'message.deleted' })];
      await store.inbox.accept({ at: 1_500, source: connector, depthMax: 10_000, events });
      const isRevised = await store.inbox.hasRevision(eventId('a'));
      await store.inbox.retry(first, { at: 1_600, dueAt: 2_000, reason: 'agent_unavailable' });

      const second = await leaseOne(store, 2_000);
      await store.inbox.retry(second, { at: 2_100, dueAt: 3_000, reason: 'agent_unavailable' });
      const third = await leaseOne(store, 3_000);

      assert.deepEqual([wasRevised, isRevised], [false, true]);
      assert.deepEqual(
        [first.event, second.event, third.event],
        [message('a'), { ...message('a'), deleted: true }, { ...message('a'), deleted: true }],
      );
      assert.equal(await store.inbox.hasRevision(eventId('a')), false);
    },
  },
  {
    name: 'lists what waits in a lane, its head first, and not what has ended',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'done' }, { key: 'b' }, { key: 'c' }, { key: 'd' }]);
      await accept(store, [{ key: 'elsewhere', conversation: 'other' }]);
      const [ended] = (await store.inbox.lease(leaseRequest(1_000))).rows.filter(
        ({ eventId: id }) => id === eventId('done'),
      );
      await store.inbox.complete(known(ended), endOf(1_100));

      const waiting = await store.inbox.listWaiting(known(ended).lane, 2);

      assert.deepEqual(
        waiting.map(({ eventId: id, source, acceptedAt, event }) => [
          id,
          source,
          acceptedAt,
          event.dedupeKey,
        ]),
        [
          [eventId('b'), connector, 1_000, 'b'],
          [eventId('c'), connector, 1_000, 'c'],
        ],
      );
    },
  },
];
