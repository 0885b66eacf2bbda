import { DatabaseSync } from 'node:sqlite';
import { beforeAll, expect, it } from 'vitest';
import { runStoreCase, type StoreDriver } from '../contract/store-case.ts';
import { storeContractFor } from '../contract/store-contract.ts';
import { bindStore, storeMethods } from '../sql/methods.ts';
import type { Store } from '../store.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { createInlineSqlite } from './sqlite.fixture.ts';

/** What grows with history, or with what is pending. */
const growing =
  'inbox|outbox|delivery|journal|audit|activity|participation|lane|conversation|gap|note|approval|attachment|artifact|pairing_attempt|bot_turn';
const access = new RegExp(`^(SCAN|SEARCH) (${growing})\\b`);

/** Every way into a growing table, and why what it costs does not grow with it. */
const bounded: readonly (readonly [RegExp, string])[] = [
  [/^SEARCH \w+ USING INTEGER PRIMARY KEY \(rowid=\?\)$/, 'one row'],
  [/^SEARCH \w+ USING (COVERING )?INDEX sqlite_autoindex_\w+ \((id|key|lane)=\?\)( LEFT-JOIN)?$/, 'one row'],
  [/^SEARCH lane USING INDEX sqlite_autoindex_lane_1 \(queue=\? AND name=\?\)$/, 'one row'],
  [/^SEARCH activity USING .* \(minute=\? AND source=\? AND kind=\?\)$/, 'one row'],
  [
    /^SEARCH (note|pairing_attempt|attachment) USING .*sqlite_autoindex_\w+ \((source|connector|event_id)=\? AND (key|sender|id)=\?\)$/,
    'one row',
  ],
  [
    /^SEARCH bot_turn USING (COVERING )?INDEX sqlite_autoindex_bot_turn_1 \(connector=\? AND sender=\?( AND event_id=\?)?\)$/,
    'the turns of one bot, which are capped',
  ],
  [/^SEARCH approval USING INDEX approval_pending \(subject=\?\)$/, 'one row'],
  [
    /^SEARCH attachment USING INDEX .*\((event_id|artifact)=\?\)$/,
    'the attachments of one event or file, which are capped',
  ],
  [
    /^(SEARCH gap USING (COVERING )?INDEX gap_open \(source=\?\)|SCAN gap USING COVERING INDEX gap_open)$/,
    'one per connection that is down',
  ],
  [
    /^SEARCH conversation USING INDEX conversation_source \(source=\?\)$/,
    'the latest conversations to a limit; all of them, once, when their connector is removed',
  ],
  [
    /^SEARCH (note|pairing_attempt|bot_turn) USING (COVERING )?INDEX sqlite_autoindex_\w+ \((source|connector)=\?\)$/,
    'what a connector leaves behind, once, when it is removed',
  ],
  [/^SCAN lane$/, 'the lanes in which something is pending, once, when a daemon starts'],
  [/^SCAN artifact$/, 'every file that is kept, of which there are only so many'],
  [
    /^(SCAN|SEARCH) (gap|approval)( USING (COVERING )?INDEX gap_source \(source=\?.*)?$/,
    'in the order of the table, to a limit',
  ],
  [
    /^SEARCH \w+ USING (COVERING )?INDEX (note_expiry|bot_turn_expiry|pairing_attempt_age|approval_age|gap_ended|attachment_age|conversation_age|artifact_age) \(\w+<\?\)$/,
    'one slice of retention',
  ],
  [/^SEARCH inbox USING INDEX inbox_(dedupe|content) \(source=\? AND (dedupe|content)_key=\?\)$/, 'one row'],
  [/^SEARCH (outbox|journal)$/, 'the end of the table: max(seq)'],
  [
    /^SEARCH (in|out)box USING (COVERING )?INDEX (in|out)box_lane \(lane=\?( AND seq[<>]\?)?\)$/,
    'pending rows of one lane, to a limit',
  ],
  [
    /^SEARCH lane USING (COVERING )?INDEX lane_due \(queue=\? AND source=\?/,
    'lanes of one source in the order in which they are due',
  ],
  [/^SEARCH lane USING COVERING INDEX lane_due \(queue=\? AND source>\?\)$/, 'the next source: min(source)'],
  [
    /^SEARCH outbox USING INDEX outbox_message \(message_id=\?( AND part>\?)?\)$/,
    'the parts of one message, which are capped',
  ],
  [/^SEARCH outbox USING INDEX outbox_event \(event_id=\?\)$/, 'the parts of one turn, which are capped'],
  [
    /^SEARCH outbox USING INDEX outbox_platform \(source=\? AND first_platform_id=\?\)$/,
    'the parts under one platform id',
  ],
  [/^SEARCH inbox USING INDEX inbox_delivery \(delivery_id=\?\)$/, 'the events of one delivery'],
  [/^SEARCH journal USING INDEX journal_subject \(subject=\?\)$/, 'to a limit, in order'],
  [
    /^SEARCH (in|out)box USING INDEX (in|out)box_(full|tombstone) \(finished_at<\?\)$/,
    'one slice of retention',
  ],
  [/^SEARCH (in|out)box USING INDEX (in|out)box_dead \(finished_at<\?\)$/, 'one slice of retention'],
  [/^SEARCH participation USING INDEX participation_at \(at<\?\)$/, 'one slice of retention'],
  [
    /^(SCAN|SEARCH) (in|out)box USING INDEX (in|out)box_dead(_source)?( \(.*\))?$/,
    'a page of dead letters, in order',
  ],
  [/^SEARCH activity USING .* \(minute[<>]\?\)$/, 'one slice of retention, or the last hour'],
  [
    /^SEARCH delivery USING INDEX delivery_refused \(integration=\?( AND seq<\?)?\)$/,
    'the refused ones of one integration, which are capped',
  ],
  [/^SEARCH \w+ USING INTEGER PRIMARY KEY \(rowid[<>]\?\)$/, 'in the order of the table, to a limit'],
  [
    /^SEARCH \w+ USING (COVERING )?INDEX (journal_source|inbox_source|delivery_integration) \((source|integration)=\?/,
    'in the order of the table, to a limit',
  ],
];

/** Statements that read a table from its end or its beginning: in order, and no further than their limit. */
const fromTheEnd =
  /^select .* from (inbox|journal|audit)( where (state|kind) = \?)? order by seq desc limit (\?|1)( offset \?)?$/;
const slices =
  /^delete from (journal|audit) where at < \? and seq in \(select seq from \1 order by seq limit \?\)$/;

/** Sorts what an index does not give in order. */
const sorting: readonly (readonly [RegExp, string])[] = [
  [
    /^select name from lane where .* due_at > \? and lease_id is null order by name$/,
    'a drain touches every lane that waits',
  ],
];

interface PlanLine {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

const statements = new Set<string>();
const called = new Set<string>();
const db = new DatabaseSync(':memory:');

beforeAll(async () => {
  migrate(db, loadMigrations(), 0);
  const inline = createInlineSqlite((text) => statements.add(text.replaceAll(/\s+/g, ' ').trim()));
  const driver: StoreDriver = {
    ...inline,
    async createFixture() {
      const { open, cleanup } = await inline.createFixture();
      return { open: async () => noteCalls(await open()), cleanup };
    },
  };
  for (const { cases } of storeContractFor(driver)) {
    for (const storeCase of cases) await runStoreCase(driver, storeCase);
  }
});

function noteCalls(store: Store): Store {
  const parts = store as unknown as Record<
    string,
    Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  >;
  const noted = bindStore(({ part, method, args }) => {
    called.add(`${part}.${method}`);
    return parts[part]![method]!(...args);
  });
  return { ...store, ...noted };
}

function planOf(statement: string): PlanLine[] {
  return db.prepare(`explain query plan ${statement}`).all() as unknown as PlanLine[];
}

function queries(): string[] {
  return [...statements].filter((text) => !/^(begin|commit|rollback|savepoint|release)\b/.test(text));
}

it('exercises every method of the store in its contract', () => {
  const all = Object.entries(storeMethods).flatMap(([part, methods]) =>
    Object.keys(methods).map((method) => `${part}.${method}`),
  );

  expect([...called].toSorted()).toEqual(all.toSorted());
});

it('gets at what grows only in ways whose cost does not', () => {
  const unbounded = queries().flatMap((statement) =>
    planOf(statement)
      .filter(({ detail }) => access.test(detail) && !bounded.some(([pattern]) => pattern.test(detail)))
      .filter(() => !fromTheEnd.test(statement) && !slices.test(statement))
      .map(({ detail }) => `${detail}: ${statement}`),
  );

  expect(unbounded).toEqual([]);
});

it('sorts nothing that grows, but takes it in the order of an index', () => {
  const sorted = queries().filter((statement) => {
    const plan = planOf(statement);
    const sorts = plan.filter(({ detail }) => detail.startsWith('USE TEMP B-TREE'));
    return sorts.some(({ parent }) =>
      plan.some((line) => line.parent === parent && access.test(line.detail)),
    );
  });

  expect(sorted.filter((statement) => !sorting.some(([pattern]) => pattern.test(statement)))).toEqual([]);
});

it('prepares a number of statements that does not depend on what they are given', () => {
  expect(
    queries().filter((statement) => /\(\?(, \?)+\)$/.test(statement) && !/\bvalues\b/.test(statement)),
  ).toEqual([]);
});

it('keeps these ways whatever the tables hold: nothing gathers statistics, by which they could change', () => {
  const statistics = db.prepare(`select name from sqlite_master where name like 'sqlite_stat%'`).all();

  expect(statistics).toEqual([]);
  expect([...statements].filter((text) => /\b(analyze|optimize)\b/i.test(text))).toEqual([]);
});
