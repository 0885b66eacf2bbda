import assert from 'node:assert/strict';
import { limits } from '../../domain/limits.ts';
import type { AuditEntry, JournalEntry } from '../journal-store.ts';
import type { Store } from '../store.ts';
import { known, only, rejectsWith } from './checks.ts';
import { accept, connector, endOf, eventId, leaseRequest } from './data.ts';
import type { StoreCase } from './store-case.ts';

function entry(kind: string, rest: Partial<JournalEntry> = {}): JournalEntry {
  return { at: 1_000, kind, level: 'info', data: { n: 1, nested: { list: ['ä'] } }, ...rest };
}

function audit(action: string): AuditEntry {
  return { at: 1_000, principal: 'tok_1 admin', action, target: 'echo:default', detail: { enabled: true } };
}

/** The kinds of all entries, oldest first. */
async function kindsOf(store: Store): Promise<string[]> {
  return (await store.journal.readJournal({ limit: 1_000 })).map(({ kind }) => kind);
}

const following: readonly StoreCase[] = [
  {
    name: 'reads entries oldest first, each once, by what came before',
    async run(open) {
      const store = await open();
      await store.journal.append([entry('a.b', { source: 's', subject: 'x', level: 'warn' }), entry('b.b')]);
      await store.journal.append([entry('c.b')]);

      const first = await store.journal.readJournal({ limit: 2 });
      const rest = await store.journal.readJournal({ limit: 2, after: known(first.at(-1)).id });

      const { id: _id, ...whole } = known(first[0]);
      assert.deepEqual(whole, entry('a.b', { source: 's', subject: 'x', level: 'warn' }));
      assert.deepEqual(
        [...first, ...rest].map(({ kind }) => kind),
        ['a.b', 'b.b', 'c.b'],
      );
      assert.deepEqual(await store.journal.readJournal({ limit: 2, after: known(rest.at(-1)).id }), []);
    },
  },
  {
    name: 'reads on from the head that it names',
    async run(open) {
      const store = await open();

      const empty = await store.journal.getJournalHead();
      await store.journal.append([entry('a.b'), entry('b.b')]);
      const head = await store.journal.getJournalHead();
      await store.journal.append([entry('c.b')]);

      assert.equal(empty, '0');
      const rest = await store.journal.readJournal({ after: head, limit: 9 });
      assert.deepEqual(
        rest.map(({ kind }) => kind),
        ['c.b'],
      );
    },
  },
  {
    name: 'reads only one source, or one kind',
    async run(open) {
      const store = await open();
      await store.journal.append([
        entry('a.b', { source: 's' }),
        entry('b.b', { source: 's' }),
        entry('a.b', { source: 't' }),
        entry('a.b'),
      ]);

      const reads = [
        { source: 's' },
        { kind: 'a.b' },
        { source: 't', kind: 'a.b' },
        { source: 't', kind: 'b.b' },
      ];

      const counts = await Promise.all(
        reads.map((filter) => store.journal.readJournal({ ...filter, limit: 9 })),
      );
      assert.deepEqual(
        counts.map(({ length }) => length),
        [2, 3, 1, 0],
      );
    },
  },
  {
    name: 'refuses a place to read on from that it did not give out',
    async run(open) {
      const store = await open();

      await rejectsWith(store.journal.readJournal({ after: 'x', limit: 1 }), 'invalid_request');
      await rejectsWith(store.journal.listJournal({}, { limit: 1, cursor: '-1' }), 'invalid_request');
      await rejectsWith(store.journal.listAudit({ limit: 1, cursor: '1.5' }), 'invalid_request');
    },
  },
];

const listing: readonly StoreCase[] = [
  {
    name: 'lists entries newest first, page by page, by source and kind',
    async run(open) {
      const store = await open();
      const entries = Array.from({ length: 7 }, (_none, index) =>
        entry(index % 2 === 0 ? 'even.b' : 'odd.b', { at: index, source: index < 5 ? 's' : 't' }),
      );
      await store.journal.append(entries);

      const first = await store.journal.listJournal({ kind: 'even.b' }, { limit: 3 });
      const second = await store.journal.listJournal(
        { kind: 'even.b' },
        { limit: 3, cursor: known(first.next) },
      );
      const both = await store.journal.listJournal({ source: 's', kind: 'odd.b' }, { limit: 9 });

      assert.deepEqual(
        first.items.map(({ at }) => at),
        [6, 4, 2],
      );
      assert.deepEqual([second.items.map(({ at }) => at), second.next], [[0], undefined]);
      assert.deepEqual([both.items.map(({ at }) => at), both.next], [[3, 1], undefined]);
    },
  },
  {
    name: 'ends with the last page, also when that is full',
    async run(open) {
      const store = await open();
      await store.journal.append([entry('a.b'), entry('b.b')]);

      const exact = await store.journal.listJournal({}, { limit: 2 });

      assert.deepEqual([exact.items.length, exact.next], [2, undefined]);
    },
  },
  {
    name: 'finds a rare entry behind very many others, in pages that may be empty',
    async run(open) {
      const store = await open();
      await store.journal.append([entry('rare.b')]);
      const others = Array.from({ length: 2_500 }, () => entry('other.b'));
      for (let times = 0; times < 10; times++) await store.journal.append(others);

      const found: string[] = [];
      let pages = 0;
      for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
        const page = await store.journal.listJournal(
          { kind: 'rare.b' },
          { limit: 5, ...(cursor !== undefined && { cursor }) },
        );
        found.push(...page.items.map(({ kind }) => kind));
        cursor = page.next;
      }

      assert.deepEqual(found, ['rare.b']);
      assert.ok(pages > 1, 'one page must not look at everything');
    },
  },
  {
    name: 'tells everything about one subject, oldest first',
    async run(open) {
      const store = await open();
      await store.journal.append(['a.b', 'b.b', 'c.b'].map((kind) => entry(kind, { subject: 'x' })));
      await store.journal.append([entry('d.b', { subject: 'y' })]);

      const steps = await store.journal.listSubject('x', 2);

      assert.deepEqual(
        steps.map(({ kind }) => kind),
        ['a.b', 'b.b'],
      );
    },
  },
];

const recording: readonly StoreCase[] = [
  {
    name: 'keeps the audit newest first, with a journal entry that does not show the detail',
    async run(open) {
      const store = await open();
      await store.journal.appendAudit(audit('connector.put'));
      await store.journal.appendAudit(audit('connector.pause'));

      const first = await store.journal.listAudit({ limit: 1 });
      const second = await store.journal.listAudit({ limit: 1, cursor: known(first.next) });

      const { id, ...whole } = only(first.items);
      assert.ok(id.length > 0);
      assert.deepEqual(whole, audit('connector.pause'));
      assert.deepEqual([only(second.items).action, second.next], ['connector.put', undefined]);
      const [step] = await store.journal.listSubject('echo:default', 9);
      assert.deepEqual(
        [step?.kind, step?.data],
        ['admin.changed', { principal: 'tok_1 admin', action: 'connector.put' }],
      );
    },
  },
  {
    name: 'writes the steps of an event in the commits that make them',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      await accept(store, [{ key: 'b', dedupeKey: 'a' }]);
      const row = only((await store.inbox.lease(leaseRequest(1_000))).rows);
      await store.inbox.complete(row, endOf(1_001));

      const steps = await store.journal.listSubject('evt_a', 9);

      assert.deepEqual(
        steps.map(({ kind }) => kind),
        ['inbound.accepted', 'inbound.deduplicated', 'turn.ended'],
      );
      assert.ok(steps.every(({ source }) => source === connector));
    },
  },
  {
    name: 'counts every repeat of an event, and names the first ones only',
    async run(open) {
      const store = await open();
      await accept(store, [{ key: 'a' }]);
      const repeats = limits.repeatsNotedMax + 5;
      for (let index = 0; index < repeats; index++)
        await accept(store, [{ key: `b${index}`, dedupeKey: 'a' }]);

      const steps = await store.journal.listSubject('evt_a', 1_000);

      const noted = steps.filter(({ kind }) => kind === 'inbound.deduplicated');
      assert.equal(noted.length, limits.repeatsNotedMax);
      assert.equal(known(await store.inbox.getEvent(eventId('a'))).duplicates, repeats);
    },
  },
  {
    name: 'writes no step of what was refused',
    async run(open) {
      const store = await open();

      await rejectsWith(accept(store, [{ key: 'a' }], { depthMax: 0 }), 'unavailable');

      assert.deepEqual(await kindsOf(store), []);
    },
  },
];

export const journalCases: readonly StoreCase[] = [...following, ...listing, ...recording];
