import { expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import type { BatchReply } from './batch.ts';
import { Batcher, type BatcherOptions } from './batcher.ts';
import type { Call } from './sql/methods.ts';

/** A batcher whose batches are answered by hand. */
function batcherOn(options: Partial<BatcherOptions> = {}) {
  const batches: {
    readonly calls: readonly Call[];
    answer(reply?: Partial<BatchReply>): void;
    fail(error: unknown): void;
  }[] = [];
  const batcher = new Batcher({
    run: (calls) => {
      const { promise, resolve, reject } = Promise.withResolvers<BatchReply>();
      const replies = calls.map(({ method }) => ({ value: `did ${method}` }));
      batches.push({ calls, answer: (reply) => resolve({ replies, topics: [], ...reply }), fail: reject });
      return promise;
    },
    schedule: queueMicrotask,
    onTopics: () => undefined,
    batchMax: 3,
    waitingMax: 5,
    ...options,
  });
  const call = (method: string): Promise<unknown> => batcher.call({ part: 'meta', method, args: [] });
  const methodsOf = (index: number): string[] | undefined =>
    batches[index]?.calls.map(({ method }) => method);
  return { batcher, batches, call, methodsOf };
}

/** Lets everything happen that waits for nothing else. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

it('runs what is asked for in the same moment as one batch', async () => {
  const { batches, call, methodsOf } = batcherOn();

  const answers = Promise.all(['a', 'b', 'c'].map(call));
  await settle();
  batches[0]?.answer();

  expect(await answers).toEqual(['did a', 'did b', 'did c']);
  expect([batches.length, methodsOf(0)]).toEqual([1, ['a', 'b', 'c']]);
});

it('gathers what comes while a batch is under way into the next one, in order', async () => {
  const { batches, call, methodsOf } = batcherOn();
  void call('a');
  await settle();

  const later = ['b', 'c'].map(call);
  await settle();

  expect(batches.length).toBe(1);
  batches[0]?.answer();
  await settle();
  expect(methodsOf(1)).toEqual(['b', 'c']);
  batches[1]?.answer();
  expect(await Promise.all(later)).toEqual(['did b', 'did c']);
});

it('puts no more calls into a batch than it may', async () => {
  const { batches, call, methodsOf } = batcherOn();
  ['a', 'b', 'c', 'd'].forEach((method) => void call(method));
  await settle();

  batches[0]?.answer();
  await settle();

  expect([methodsOf(0), methodsOf(1)]).toEqual([['a', 'b', 'c'], ['d']]);
});

it('refuses calls while too many wait, and takes them again afterwards', async () => {
  const { batches, call } = batcherOn();
  void call('running');
  await settle();
  ['a', 'b', 'c', 'd', 'e'].forEach((method) => void call(method));

  await expect(call('f')).rejects.toMatchObject({ code: 'unavailable' });

  batches[0]?.answer();
  await settle();
  const taken = call('g');
  batches[1]?.answer();
  await settle();
  batches[2]?.answer();
  expect(await taken).toBe('did g');
});

it('fails every call of a batch that could not be run, and goes on with the next', async () => {
  const { batches, call } = batcherOn();
  const failing = Promise.allSettled([call('a'), call('b')]);
  await settle();
  const next = call('c');

  batches[0]?.fail(new AppError('unavailable', 'The disk is full.'));

  const results = await failing;
  expect(results.map((result) => result.status === 'rejected' && (result.reason as AppError).code)).toEqual([
    'unavailable',
    'unavailable',
  ]);
  await settle();
  batches[1]?.answer();
  expect(await next).toBe('did c');
});

it('fails the calls that failed, and answers the others of the batch', async () => {
  const { batches, call } = batcherOn();
  const results = Promise.allSettled(['a', 'b', 'c'].map(call));
  await settle();

  batches[0]?.answer({ replies: [{ value: 1 }, { error: new AppError('conflict', 'No.') }] });

  const [a, b, c] = await results;
  expect(a).toEqual({ status: 'fulfilled', value: 1 });
  expect(b).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
  expect(c).toMatchObject({ status: 'rejected', reason: { code: 'internal' } });
});

it('waits on closing for everything that was asked for, and refuses what comes later', async () => {
  const { batcher, batches, call } = batcherOn();
  const answers = Promise.all(['a', 'b', 'c', 'd'].map(call));
  let closed = false;

  const closing = batcher.close().then(() => (closed = true));
  await expect(call('e')).rejects.toMatchObject({ code: 'unavailable' });
  await settle();
  batches[0]?.answer();
  await settle();

  expect(closed).toBe(false);
  batches[1]?.answer();
  await closing;
  expect(await answers).toEqual(['did a', 'did b', 'did c', 'did d']);
});

it('closes at once when nothing is under way', async () => {
  const { batcher } = batcherOn();

  await expect(batcher.close()).resolves.toBeUndefined();
});

it('answers the callers before it tells listeners, once per batch', async () => {
  const order: string[] = [];
  const { batches, call } = batcherOn({ onTopics: (topics) => order.push([...topics].join(' ')) });
  const answered = call('a').then(() => order.push('answered'));
  await settle();

  batches[0]?.answer({ topics: ['inbox', 'journal', 'inbox'] });
  await answered;
  await settle();

  expect(order).toEqual(['answered', 'inbox journal']);
});
