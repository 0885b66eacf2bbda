import { expect, it } from 'vitest';
import { Hearing } from './hearing.ts';

const lost = (at: number, detail = 'It broke.') =>
  ({ state: 'disconnected', at, detail, resumable: true }) as const;

function two(): Hearing {
  const hearing = new Hearing();
  for (const name of ['0/2', '1/2']) hearing.expect(name, 10);
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
