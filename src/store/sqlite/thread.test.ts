import { expect, it, onTestFinished } from 'vitest';
import type { AppError } from '../../domain/errors.ts';
import { openSqliteStore } from './open.ts';
import { temporaryDatabase } from './sqlite.fixture.ts';
import { type StoreThread, startThread } from './thread.ts';

const start = { file: 'unused', role: 'writer', now: 0 } as const;

/** A thread that is ready at once and answers its first batch in the given way. */
function threadThat(onMessage: string): URL {
  const script = `
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (message) => { ${onMessage} });
    parentPort.postMessage({ kind: 'ready', migrations: [] });`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}

async function startDying(onMessage: string): Promise<{ thread: StoreThread; fatal: AppError[] }> {
  const fatal: AppError[] = [];
  const thread = await startThread(start, (error) => fatal.push(error), threadThat(onMessage));
  return { thread, fatal };
}

it.each([
  ['throws', `throw new Error('a bug')`],
  ['ends', 'process.exit(1)'],
])(
  'fails what is under way and everything later when the thread %s, and says so once',
  async (_how, onMessage) => {
    const { thread, fatal } = await startDying(onMessage);

    await expect(thread.run([])).rejects.toMatchObject({ code: 'unavailable' });

    await expect(thread.run([])).rejects.toMatchObject({ code: 'unavailable' });
    await thread.close();
    expect(fatal.map(({ code }) => code)).toEqual(['unavailable']);
  },
);

it('does not take it for dying that a thread ends because it is closed', async () => {
  const { thread, fatal } = await startDying(`if (message.kind === 'close') parentPort.close()`);

  await thread.close();
  await thread.close();

  expect(fatal).toEqual([]);
  await expect(thread.run([])).rejects.toMatchObject({ code: 'unavailable' });
});

it('fails to start with the reason that the thread gives, and leaves none running', async () => {
  const fatal: AppError[] = [];
  const opening = openSqliteStore('/nonexistent/palyra.sqlite', 0, (error) => fatal.push(error));

  await expect(opening).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The database file cannot be opened.',
  });
  expect(fatal).toEqual([]);
});

it('carries errors over with their code, their message and what the driver said', async () => {
  const { file, remove } = temporaryDatabase();
  const { store } = await openSqliteStore(file, 0, () => undefined);
  onTestFinished(async () => {
    await store.close();
    remove();
  });

  const bug = store.meta.putMeta('key', null as never);

  await expect(store.inbox.replay('evt_none' as never, 0)).rejects.toMatchObject({
    code: 'not_found',
    message: 'There is no event evt_none.',
  });
  await expect(bug).rejects.toMatchObject({ code: 'internal', cause: expect.stringContaining('NOT NULL') });
});
