import assert from 'node:assert/strict';
import type { GapId, GapRecord } from '../../domain/gap.ts';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import type { NewEvent } from '../inbox-store.ts';
import type { Store } from '../store.ts';
import { accept, connector, newEvent, otherConnector } from './data.ts';
import type { StoreCase } from './store-case.ts';

function heardAt(key: string, conversation: string, position: string): NewEvent {
  const made = newEvent({ key, conversation });
  return { ...made, event: { ...made.event, position } as InboundEvent };
}

function hear(store: Store, events: readonly NewEvent[], at: number): Promise<unknown> {
  return store.inbox.accept({ at, source: connector, depthMax: 100, events });
}

function gap(id: string, rest: Partial<GapRecord> = {}): GapRecord {
  return {
    id: `gap_${id}` as GapId,
    connector,
    scope: 'shard 0',
    fromAt: 1_000,
    cause: 'The socket closed.',
    state: 'open',
    recovered: 0,
    duplicates: 0,
    skipped: 0,
    ...rest,
  };
}

const conversations: readonly StoreCase[] = [
  {
    name: 'remembers how far each conversation was heard, the latest first',
    async run(open) {
      const store = await open();
      await hear(store, [heardAt('a', 'one', '99')], 1_000);
      await hear(store, [heardAt('b', 'two', '100')], 2_000);

      const heard = await store.platforms.listConversations(connector, 10);

      assert.deepEqual(
        heard.map(({ conversation, position, seenAt, direct }) => [conversation, position, seenAt, direct]),
        [
          ['two', '100', 2_000, false],
          ['one', '99', 1_000, false],
        ],
      );
      assert.equal((await store.platforms.listConversations(connector, 1)).length, 1);
      assert.deepEqual(await store.platforms.listConversations(otherConnector, 10), []);
    },
  },
  {
    name: 'never moves a position back, whatever order messages come in',
    async run(open) {
      const store = await open();
      await hear(store, [heardAt('a', 'one', '1000'), heardAt('b', 'one', '999')], 1_000);
      await hear(store, [heardAt('c', 'one', '0998')], 2_000);

      const [first] = await store.platforms.listConversations(connector, 10);
      assert.equal(first?.position, '1000');

      await hear(store, [heardAt('d', 'one', '1001')], 3_000);
      assert.equal((await store.platforms.listConversations(connector, 10))[0]?.position, '1001');
    },
  },
];

const notes: readonly StoreCase[] = [
  {
    name: 'keeps notes until they expire, each connector its own',
    async run(open) {
      const store = await open();
      await store.platforms.putNote(connector, { key: 'k', value: 'first', expiresAt: 50 });
      await store.platforms.putNote(connector, { key: 'k', value: 'second', expiresAt: 100 });
      await store.platforms.putNote(otherConnector, { key: 'k', value: 'other' });

      assert.equal(await store.platforms.getNote(connector, 'k', 99), 'second');
      assert.equal(await store.platforms.getNote(connector, 'k', 100), undefined);
      assert.equal(await store.platforms.getNote(otherConnector, 'k', 1_000), 'other');
      await store.platforms.removeNote(otherConnector, 'k');
      assert.equal(await store.platforms.getNote(otherConnector, 'k', 1_000), undefined);
    },
  },
  {
    name: 'commits notes with the events they belong to, or not at all',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }], { notes: [{ key: 'n', value: 'v' }] });

      assert.equal(await store.platforms.getNote(connector, 'n', 1), 'v');
      const refused = accept(store, [{ key: 'b' }], { notes: [{ key: 'n', value: 'w' }], depthMax: 1 });
      await assert.rejects(refused);
      assert.equal(await store.platforms.getNote(connector, 'n', 1), 'v');
    },
  },
];

const gaps: readonly StoreCase[] = [
  {
    name: 'keeps a gap open until it is closed, and lists the newest first',
    async run(open) {
      const store = await open();
      await store.platforms.putGap(gap('a'));
      await store.platforms.putGap(gap('b', { fromAt: 2_000 }));
      await store.platforms.putGap(gap('c', { connector: otherConnector }));
      const closed = gap('a', { state: 'read_back', toAt: 3_000, recovered: 2, duplicates: 1, detail: 'd' });
      await store.platforms.putGap(closed);

      assert.deepEqual(await store.platforms.getGap(closed.id), closed);
      assert.deepEqual(
        (await store.platforms.listOpenGaps(connector)).map(({ id }) => id),
        ['gap_b'],
      );
      assert.equal(await store.platforms.countOpenGaps(connector), 1);
      assert.equal(await store.platforms.countOpenGaps(), 2);
      const all = await store.platforms.listGaps({}, { limit: 10 });
      assert.deepEqual(
        all.items.map(({ id }) => id),
        ['gap_c', 'gap_b', 'gap_a'],
      );
      const own = await store.platforms.listGaps({ connector, state: 'read_back' }, { limit: 10 });
      assert.deepEqual(own.items, [closed]);
    },
  },
  {
    name: 'forgets the conversations and notes of a connector that is removed, and closes its gaps',
    async run(open) {
      const store = await open();
      await hear(store, [heardAt('a', 'one', '9')], 1_000);
      await store.platforms.putNote(connector, { key: 'k', value: 'v' });
      const ended = gap('b', { state: 'read_back', toAt: 1_500 });
      const elsewhere = gap('c', { connector: otherConnector });
      for (const each of [gap('a'), ended, elsewhere]) await store.platforms.putGap(each);

      await store.connectors.removeConnector(connector, 2_000);

      assert.deepEqual(await store.platforms.listConversations(connector, 10), []);
      assert.equal(await store.platforms.getNote(connector, 'k', 1), undefined);
      assert.deepEqual((await store.platforms.listGaps({}, { limit: 10 })).items, [
        elsewhere,
        ended,
        gap('a', { state: 'skipped', toAt: 2_000, detail: 'The connector was removed.' }),
      ]);
    },
  },
];

export const platformCases: readonly StoreCase[] = [...conversations, ...notes, ...gaps];
