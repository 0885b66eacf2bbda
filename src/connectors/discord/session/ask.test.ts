import { expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import type { RestAnswer, RestRequest } from '../rest/request.ts';
import { ask, type Told } from './ask.ts';
import { lost, ok, refused, SessionBench, wait } from './session.fixture.ts';

const patience = { triesMax: 4, waitMsMin: 100, waitMsMax: 5_000 };
const question: RestRequest = {
  method: 'GET',
  route: '/channels/{channel}',
  params: { channel: '1' },
  priority: 'background',
  auth: 'bot',
};

function asking(...answers: readonly RestAnswer[]) {
  const bench = new SessionBench();
  let nth = 0;
  bench.rest.answers.push(() => answers[Math.min(nth++, answers.length - 1)]);
  const signal = bench.closing.signal;
  const told = ask(question, patience, { rest: bench.rest, clock: bench.clock }, signal);
  return { bench, told: told.catch((error: unknown) => error as Told) };
}

it('tells what is answered', async () => {
  const { told } = asking(ok({ id: '1' }));

  expect(await told).toEqual({ kind: 'told', body: { id: '1' } });
});

it.each([400, 403, 404])('takes a %i for the answer, and asks no more', async (status) => {
  const { bench, told } = asking(refused(status));

  expect(await told).toEqual({ kind: 'refused', status });
  expect(bench.rest.requests).toHaveLength(1);
});

it('asks again with growing pauses', async () => {
  const { bench, told } = asking(lost, lost, ok(1));
  await settled();
  const counts: number[] = [];
  for (const ms of [99, 1, 199, 1]) {
    await bench.clock.pass(ms);
    counts.push(bench.rest.requests.length);
  }

  expect(counts).toEqual([1, 2, 2, 3]);
  expect(await told).toEqual({ kind: 'told', body: 1 });
});

it('waits as long as the platform asks, within its patience', async () => {
  const { bench, told } = asking(wait(3_000), wait(60_000), ok(1));
  await bench.clock.pass(2_999);
  const early = bench.rest.requests.length;
  await bench.clock.pass(5_001);

  expect(early).toBe(1);
  expect(await told).toMatchObject({ kind: 'told' });
});

it.each([
  ['never answers', lost],
  ['fails', refused(503)],
])('gives up on a platform that %s', async (_what, answer) => {
  const { bench, told } = asking(answer);
  await bench.clock.pass(60_000);

  expect(await told).toMatchObject({ code: 'unavailable' });
  expect(bench.rest.requests).toHaveLength(4);
});

it('says so when the platform does not take the token, and asks no more', async () => {
  const { bench, told } = asking(refused(401));

  expect(await told).toMatchObject({ code: 'unauthenticated' });
  expect(bench.rest.requests).toHaveLength(1);
});

it('ends at once when it is not wanted any more', async () => {
  const { bench, told } = asking(wait(5_000));
  await settled();

  bench.closing.abort('closing');

  expect(await told).toBe('closing');
  expect(bench.clock.pending).toBe(0);
});
