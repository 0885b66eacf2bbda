import assert from 'node:assert/strict';
import { type AgentId, type RuleId, turnIdOf } from '../../domain/ids.ts';
import type { LeasedEvent, Suspension } from '../inbox-store.ts';
import type { Store } from '../store.ts';
import { known, only, rejectsWith } from './checks.ts';
import {
  accept,
  connector,
  endOf,
  eventId,
  gaugesOf,
  leaseRequest,
  messageId,
  newMessage,
  otherConnector,
  partId,
} from './data.ts';
import type { StoreCase } from './store-case.ts';

const rule = 'r1' as RuleId;
const agent = 'a1' as AgentId;
const turn = turnIdOf(eventId('a'));

async function leaseOne(store: Store, now: number): Promise<LeasedEvent> {
  return only((await store.inbox.lease(leaseRequest(now))).rows);
}

function suspension(rest: Partial<Suspension> = {}): Suspension {
  return { at: 1_000, until: 5_000, rule, agent, answerPlan: { responsePrefix: '> ' }, ...rest };
}

/** The parts of an answer, as a turn makes them. */
function answer(slot: number, text = 'answer'): ReturnType<typeof newMessage> {
  const origin = { kind: 'turn', turn, event: eventId('a'), slot } as const;
  return newMessage({ key: `${turn}:${slot}`, message: `answer${slot}`, origin, text, parts: 2 });
}

export const turnCases: readonly StoreCase[] = [
  {
    name: 'ends an event together with everything that its turn sends',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);

      await store.inbox.complete(
        await leaseOne(store, 1_000),
        endOf(2_000, { rule, agent, detail: 'why', parts: [...answer(0), ...answer(1)] }),
      );

      const record = known(await store.inbox.getEvent(eventId('a')));
      assert.deepEqual(
        [
          record.state,
          record.reason,
          record.detail,
          record.rule,
          record.agent,
          record.finishedAt,
          record.leased,
        ],
        ['done', 'answered', 'why', rule, agent, 2_000, false],
      );
      const parts = await store.outbox.listPartsOfEvent(eventId('a'));
      assert.deepEqual(
        parts.map(({ key, state, createdAt }) => [key, state, createdAt]),
        [`${turn}:0:1`, `${turn}:0:2`, `${turn}:1:1`, `${turn}:1:2`].map((key) => [key, 'pending', 2_000]),
      );
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 4 });
      assert.deepEqual(await gaugesOf(store, 'inbox'), {});
    },
  },
  {
    name: 'leaves the event as it was when what its turn sends cannot be stored',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(newMessage({ key: 'taken' }), 1_000, 10);
      await accept(store, [{ key: 'a' }]);
      const lease = await leaseOne(store, 1_000);

      const parts = [...answer(0), ...newMessage({ key: 'taken', text: 'other words' })];

      await rejectsWith(store.inbox.complete(lease, endOf(2_000, { parts })), 'conflict');
      assert.deepEqual(await store.outbox.listPartsOfEvent(eventId('a')), []);
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 1 });
      await store.inbox.complete(lease, endOf(2_001));
    },
  },
  {
    name: 'stores nothing of a turn whose lease is lost',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      const stale = only((await store.inbox.lease(leaseRequest(1_000, { leaseMs: 10 }))).rows);
      const owner = await leaseOne(store, 1_010);

      await rejectsWith(
        store.inbox.complete(stale, endOf(1_011, { parts: answer(0, 'stale') })),
        'lease_lost',
      );
      await store.inbox.complete(owner, endOf(1_012, { parts: answer(0, 'good') }));

      const [first] = await store.outbox.listPartsOfEvent(eventId('a'));
      assert.deepEqual(known(first).operation, { op: 'send', text: 'good' });
    },
  },
  {
    name: 'lets the first answer stand when a turn answers the same slot again in other words',
    async run(open) {
      const store = await open();
      await store.outbox.enqueue(answer(0, 'first'), 1_000, 10);
      await accept(store, [{ key: 'a' }]);

      const again = answer(0, 'second').map((part) => ({
        ...part,
        message: messageId('second'),
        id: partId(`second${part.part}`),
      }));
      await store.inbox.complete(await leaseOne(store, 1_000), endOf(2_000, { parts: again }));

      const parts = await store.outbox.listPartsOfEvent(eventId('a'));
      assert.deepEqual(
        parts.map(({ message, operation }) => [message, operation]),
        [messageId('answer0'), messageId('answer0')].map((id) => [id, { op: 'send', text: 'first' }]),
      );
      assert.deepEqual(await gaugesOf(store, 'outbox'), { pending: 2 });
    },
  },
  {
    name: 'remembers why the last attempt failed',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);

      const retry = {
        at: 1_001,
        dueAt: 4_000,
        reason: 'agent_timeout',
        detail: 'slow',
        rule,
        agent,
      } as const;
      await store.inbox.retry(await leaseOne(store, 1_000), retry);

      const record = known(await store.inbox.getEvent(eventId('a')));
      assert.deepEqual(
        [
          record.state,
          record.reason,
          record.detail,
          record.dueAt,
          record.attempts,
          record.rule,
          record.agent,
        ],
        ['pending', 'agent_timeout', 'slow', 4_000, 1, rule, agent],
      );
    },
  },
  {
    name: 'keeps the lane closed while an agent has the turn',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }, { key: 'b' }]);
      const lease = await leaseOne(store, 1_000);

      await store.inbox.suspend(lease, suspension());

      const record = known(await store.inbox.getEvent(eventId('a')));
      assert.deepEqual([record.state, record.awaiting, record.leased], ['pending', true, false]);
      assert.deepEqual(record.answerPlan, { responsePrefix: '> ' });
      assert.deepEqual(await store.inbox.lease(leaseRequest(4_999)), { rows: [], nextDueAt: 5_000 });
      assert.deepEqual(await store.inbox.extend([lease], 99_000), [lease.leaseId]);
      await rejectsWith(store.inbox.complete(lease, endOf(1_002)), 'lease_lost');
    },
  },
  {
    name: 'ends a suspended turn once, by the agent’s post, after a restart too',
    async run(open) {
      const before = await open();
      await accept(before, [{ key: 'a' }, { key: 'b' }]);
      await before.inbox.suspend(await leaseOne(before, 1_000), suspension());
      await before.close();
      const store = await open();
      await store.maintenance.endClaims(1_999);

      assert.deepEqual((await store.inbox.lease(leaseRequest(1_999))).rows, []);
      const first = await store.inbox.resume(turn, 'post 1', endOf(2_000, { parts: answer(0) }));
      const again = await store.inbox.resume(turn, 'post 1', endOf(2_001, { parts: answer(1) }));

      assert.deepEqual([first, again], [{ repeated: false }, { repeated: true }]);
      await rejectsWith(store.inbox.resume(turn, 'post 2', endOf(2_002)), 'conflict');
      const record = known(await store.inbox.getEvent(eventId('a')));
      assert.deepEqual(
        [record.state, record.awaiting, record.rule, record.agent],
        ['done', false, rule, agent],
      );
      assert.equal((await store.outbox.listPartsOfEvent(eventId('a'))).length, 2);
      assert.equal((await leaseOne(store, 2_000)).eventId, 'evt_b');
    },
  },
  {
    name: 'refuses a post for a turn that does not wait for one',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);

      await rejectsWith(store.inbox.resume(turn, 'p', endOf(1_000)), 'conflict');
      await leaseOne(store, 1_000);
      await rejectsWith(store.inbox.resume(turn, 'p', endOf(1_001)), 'conflict');
      await rejectsWith(store.inbox.resume(turnIdOf(eventId('no')), 'p', endOf(1_001)), 'not_found');
      assert.deepEqual(await gaugesOf(store, 'inbox'), { pending: 1 });
    },
  },
  {
    name: 'gives a suspended turn to a worker again when the agent’s time has run out',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      await store.inbox.suspend(await leaseOne(store, 1_000), suspension());

      const row = await leaseOne(store, 5_000);

      assert.deepEqual([row.eventId, row.overdue, row.attempt, row.interrupted], ['evt_a', true, 2, false]);
      await rejectsWith(store.inbox.resume(turn, 'late', endOf(5_001)), 'conflict');
    },
  },
  {
    name: 'runs nothing beside a suspended turn, not even an older event that is replayed',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'old' }, { key: 'a' }]);
      await store.inbox.complete(
        await leaseOne(store, 1_000),
        endOf(1_000, { state: 'dead', reason: 'agent_failed' }),
      );
      await store.inbox.suspend(await leaseOne(store, 1_001), suspension());

      await store.inbox.replay(eventId('old'), 1_002);

      assert.deepEqual((await store.inbox.lease(leaseRequest(4_999))).rows, []);
      await store.inbox.resume(turn, 'p', endOf(4_999));
      assert.equal((await leaseOne(store, 4_999)).eventId, 'evt_old');
    },
  },
  {
    name: 'does not take a lease away when a turn whose time has run out is answered late',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'old' }, { key: 'a' }]);
      await store.inbox.complete(
        await leaseOne(store, 1_000),
        endOf(1_000, { state: 'dead', reason: 'agent_failed' }),
      );
      await store.inbox.suspend(await leaseOne(store, 1_001), suspension());
      await store.inbox.replay(eventId('old'), 1_002);
      const replayed = await leaseOne(store, 5_000);

      await store.inbox.resume(turn, 'late', endOf(5_001));

      assert.equal(replayed.eventId, 'evt_old');
      assert.deepEqual((await store.inbox.lease(leaseRequest(5_002))).rows, []);
      await store.inbox.complete(replayed, endOf(5_003));
      assert.deepEqual(await gaugesOf(store, 'inbox'), {});
      assert.deepEqual(await store.inbox.lease(leaseRequest(99_000)), { rows: [] });
    },
  },
  {
    name: 'tells how many events stand before one, and which is at the head',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }, { key: 'b' }, { key: 'x', conversation: 'x' }, { key: 'c' }]);

      const positions = await Promise.all(
        ['a', 'c', 'x'].map((key) => store.inbox.getQueuePosition(eventId(key))),
      );

      assert.deepEqual(positions, [
        { ahead: 0, head: 'evt_a' },
        { ahead: 2, head: 'evt_a' },
        { ahead: 0, head: 'evt_x' },
      ]);
      await rejectsWith(store.inbox.getQueuePosition(eventId('no')), 'not_found');
    },
  },
  {
    name: 'lists events newest first, page by page, by source and state, and says which are out',
    async run(open) {
      const store = await open();
      await accept(
        store,
        ['a', 'b', 'c', 'd'].map((key) => ({ key, conversation: key })),
      );
      await accept(store, [{ key: 'z', source: otherConnector }]);
      const { rows } = await store.inbox.lease(leaseRequest(1_000, { limit: 2, sources: [connector] }));
      await store.inbox.complete(known(rows[0]), endOf(1_000));

      const first = await store.inbox.listEvents({ source: connector }, { limit: 3 });
      const second = await store.inbox.listEvents(
        { source: connector },
        { limit: 3, cursor: known(first.next) },
      );
      const done = await store.inbox.listEvents({ state: 'done' }, { limit: 9 });

      assert.deepEqual(
        first.items.map(({ id, leased }) => [id, leased]),
        [
          ['evt_d', false],
          ['evt_c', false],
          ['evt_b', true],
        ],
      );
      assert.deepEqual([second.items.map(({ id }) => id), second.next], [['evt_a'], undefined]);
      assert.deepEqual(
        done.items.map(({ id }) => id),
        ['evt_a'],
      );
      await rejectsWith(store.inbox.listEvents({}, { limit: 1, cursor: 'x' }), 'invalid_request');
    },
  },
];
