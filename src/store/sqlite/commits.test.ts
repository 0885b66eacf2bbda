import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { accept, eventId } from '../contract/data.ts';
import type { Store } from '../store.ts';
import { openSqliteStore } from './open.ts';
import { temporaryDatabase } from './sqlite.fixture.ts';

const walHeaderBytes = 32;
const frameHeaderBytes = 24;

async function openStore(): Promise<{ store: Store; file: string }> {
  const { file, remove } = temporaryDatabase();
  const { store } = await openSqliteStore(file, 0, () => undefined);
  onTestFinished(async () => {
    await store.close();
    remove();
  });
  return { store, file };
}

/**
 * How many commits the write-ahead log holds: of each commit the last frame carries the size of the database
 * in its header, the others 0. See https://www.sqlite.org/fileformat2.html#walformat
 */
function countCommits(file: string): number {
  const wal = readFileSync(`${file}-wal`);
  const pageBytes = wal.readUInt32BE(8);
  let commits = 0;
  for (let at = walHeaderBytes; at + frameHeaderBytes <= wal.length; at += frameHeaderBytes + pageBytes) {
    if (wal.readUInt32BE(at + 4) > 0) commits++;
  }
  return commits;
}

it('commits what is asked for in one moment together', async () => {
  const { store, file } = await openStore();
  const before = countCommits(file);

  const keys = Array.from({ length: 500 }, (_none, index) => `k${index}`);
  await Promise.all(keys.map((key) => accept(store, [{ key }])));

  expect(countCommits(file) - before).toBe(1);
  expect(await store.inbox.getQueuePosition(eventId('k499'))).toMatchObject({ ahead: 499 });
});

it('has committed a call by the time when it is answered', async () => {
  const { store, file } = await openStore();
  const before = countCommits(file);

  const commits: number[] = [];
  for (const key of ['a', 'b', 'c']) {
    await accept(store, [{ key }]);
    commits.push(countCommits(file) - before);
  }

  expect(commits).toEqual([1, 2, 3]);
});

it('commits nothing for reads', async () => {
  const { store, file } = await openStore();
  const before = countCommits(file);

  await Promise.all([
    store.inbox.getEvent(eventId('a')),
    store.stats.listGauges(),
    store.journal.getJournalHead(),
  ]);

  expect(countCommits(file)).toBe(before);
});

it('refuses calls while too many wait, and stores all that it took', async () => {
  const { store } = await openStore();
  const calls = Array.from({ length: 20_500 }, (_none, index) => store.meta.putMeta('n', String(index)));

  const results = await Promise.allSettled(calls);

  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBe(500);
  expect(refused.every(({ reason }) => (reason as { code: string }).code === 'unavailable')).toBe(true);
  expect(await store.meta.getMeta('n')).toBe('19999');
});
