import { expect, it } from 'vitest';
import { Hearing } from './hearing.ts';

const lost = (at: number, detail = 'It broke.') =>
  ({ state: 'disconnected', at, detail, resumable: true }) as const;

function two(whyNow?: string): Hearing {
  const hearing = new Hearing();
  for (const name of ['0/2', '1/2']) hearing.expect(name, 10, () => whyNow);
  return hearing;
}

it('hears the platform once every connection is up, since the last of them is', () => {
  const hearing = two();
  const none = hearing.reception;
  hearing.note('0/2', { state: 'ready', at: 20 });
  const one = hearing.reception;
  hearing.note('1/2', { state: 'resumed', at: 30, replayed: 0 });

  const detail = (count: string, name: string): string =>
    `${count} connections to the gateway down, the first ${name}: It has not come up yet.`;
  expect(none).toEqual({ ok: false, since: 10, detail: detail('2 of 2', '0/2') });
  expect(one).toEqual({ ok: false, since: 10, detail: detail('1 of 2', '1/2') });
  expect(hearing.reception).toEqual({ ok: true, since: 30 });
});

it('does not hear what has waited for a minute to be stored', () => {
  const hearing = two();
  for (const name of ['0/2', '1/2']) hearing.note(name, { state: 'ready', at: 20 });

  const detail = 'What the gateway tells cannot be stored, and waits.';
  expect(hearing.receptionAt(60_100, 100)).toEqual({ ok: true, since: 20 });
  expect(hearing.receptionAt(60_101, 100)).toEqual({ ok: false, since: 100, detail });
  expect(hearing.receptionAt(60_101, Infinity)).toEqual({ ok: true, since: 20 });
});

it('does not hear it since the first connection broke that is not back', () => {
  const hearing = two();
  for (const name of ['0/2', '1/2']) hearing.note(name, { state: 'ready', at: 20 });

  hearing.note('0/2', lost(30));
  hearing.note('1/2', lost(40, 'It broke too.'));
  const both = hearing.reception;
  hearing.note('0/2', { state: 'resumed', at: 50, replayed: 3 });

  expect(both).toMatchObject({ ok: false, since: 30 });
  expect(hearing.reception).toEqual({
    ok: false,
    since: 40,
    detail: '1 of 2 connections to the gateway down, the first 1/2: It broke too.',
  });
});

it('counts a connection that waits for its first turn since the last turn that was given', () => {
  const hearing = two();
  hearing.queued('0/2');
  hearing.queued('1/2');

  hearing.turned('0/2', 100);
  hearing.note('0/2', { state: 'ready', at: 110 });
  const behind = hearing.reception;
  hearing.turned('1/2', 200);
  hearing.queued('1/2');
  hearing.turned('1/2', 300);

  expect(behind).toMatchObject({ ok: false, since: 100 });
  // It had its turn, and did not come up: the next one is no excuse.
  expect(hearing.reception).toMatchObject({ ok: false, since: 200 });
});

it('counts a connection that gets no turn since it began to wait', () => {
  const hearing = two();
  hearing.queued('0/2');
  hearing.queued('1/2');

  hearing.turned('1/2');
  hearing.turned('0/2', 100);

  expect(hearing.reception).toMatchObject({ ok: false, since: 10 });
});

it('counts a connection that was up since it broke, whoever gets a turn', () => {
  const hearing = two();
  for (const name of ['0/2', '1/2']) hearing.note(name, { state: 'ready', at: 20 });

  for (const name of ['0/2', '1/2']) hearing.note(name, lost(30));
  hearing.queued('1/2');
  hearing.queued('0/2');
  hearing.turned('0/2', 100);

  expect(hearing.reception).toMatchObject({ ok: false, since: 30 });
});

it('says what a connection waits out now, rather than how it broke', () => {
  const hearing = two('There are no session starts left.');

  hearing.note('0/2', { state: 'ready', at: 20 });
  hearing.note('1/2', lost(30));

  expect(hearing.reception).toMatchObject({
    detail: '1 of 2 connections to the gateway down, the first 1/2: There are no session starts left.',
  });
});
