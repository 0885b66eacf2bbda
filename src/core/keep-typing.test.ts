import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { ConnectorSession } from '../connectors/connector.ts';
import type { Address } from '../domain/address.ts';
import { keepTyping } from './keep-typing.ts';

const place = { connector: 'echo:default', conversation: 'room' } as Address;

function typing(longestMs = 60_000, idleMsMax = longestMs) {
  const clock = new ManualClock();
  const shownAt: number[] = [];
  const begunAt = clock.now();
  let session: Pick<ConnectorSession, 'typing'> | undefined = {
    typing: async () => void shownAt.push(clock.now() - begunAt),
  };
  const { progressed, stop } = keepTyping(place, {
    clock,
    findSession: () => session as ConnectorSession | undefined,
    everyMs: 8_000,
    idleMsMax,
    longestMs,
  });
  return { clock, shownAt, progressed, stop, use: (next: typeof session) => (session = next) };
}

it('is shown again and again as long as the turn lasts, and not after it', async () => {
  const { clock, shownAt, stop } = typing();
  await clock.pass(20_000);

  stop();
  await clock.pass(100_000);

  expect(shownAt).toEqual([0, 8_000, 16_000]);
  expect(clock.pending).toBe(0);
});

it('ends by itself, however long the turn lasts', async () => {
  const { clock, shownAt } = typing(20_000);

  await clock.pass(1_000_000);

  expect(shownAt).toEqual([0, 8_000, 16_000]);
  expect(clock.pending).toBe(0);
});

it('is not shown while nothing comes of the turn, and again when something does', async () => {
  const { clock, shownAt, progressed, stop } = typing(100_000, 15_000);
  await clock.pass(10_000);
  progressed();
  await clock.pass(30_000);
  const shownBefore = [...shownAt];

  progressed();
  await clock.pass(10_000);
  stop();

  expect(shownBefore).toEqual([0, 8_000, 16_000, 24_000]);
  expect(shownAt.slice(4)).toEqual([48_000]);
});

it('goes on when it could not be shown', async () => {
  const { clock, shownAt, use } = typing();
  use({ typing: () => Promise.reject(new Error('No budget.')) });
  await clock.pass(8_000);
  use({
    typing: () => {
      throw new Error('A bug.');
    },
  });
  await clock.pass(8_000);
  use(undefined);
  await clock.pass(8_000);
  use({});
  await clock.pass(8_000);

  use({ typing: async () => void shownAt.push(-1) });
  await clock.pass(8_000);

  expect(shownAt.at(-1)).toBe(-1);
});

it('tells the platform when it is over', async () => {
  const { clock, stop, use } = typing();
  let wasAborted = false;
  use({
    typing: (_address, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          wasAborted = true;
          resolve();
        }),
      ),
  });
  await clock.pass(8_000);

  stop();

  expect(wasAborted).toBe(true);
});
