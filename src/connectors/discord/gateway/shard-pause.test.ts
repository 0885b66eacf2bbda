import { afterEach, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import type { Compression } from './gateway-url.ts';
import { openReady } from './shard.fixture.ts';
import { until } from './until.fixture.ts';

afterEach(closeAll);

/** Beyond what the buffers of both ends hold, so that only not reading keeps it out. */
const count = 4_000;
const padding = 'x'.repeat(8_000);
const waitingMax = 256;

it.each<Compression>(['none', 'zlib-stream'])(
  'does not read more than it can hold while the store is slow, and drops nothing (%s)',
  async (compress) => {
    const { test, peer } = await openReady({ compress });
    let waitingSeen = 0;
    test.hold();

    for (let seq = 2; seq <= count; seq++)
      await peer.dispatch(seq, 'MESSAGE_CREATE', { padding: noise(seq) });
    await until(() => test.shard.snapshot().paused);
    for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
    const paused = test.shard.snapshot();
    const unsent = peer.socket.bufferedAmount;
    test.release();
    await until(() => {
      waitingSeen = Math.max(waitingSeen, test.shard.snapshot().waiting);
      return test.committed.length === count;
    });

    expect(paused).toMatchObject({ paused: true, waiting: waitingMax, seqReceived: waitingMax + 1 });
    expect(unsent).toBeGreaterThan(0);
    expect(waitingSeen).toBeLessThanOrEqual(waitingMax);
    expect(test.committed.map(({ seq }) => seq)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
    expect(test.shard.snapshot()).toMatchObject({ paused: false, waiting: 0, seqCommitted: count });
  },
);

it('does not take a connection for dead that it does not read, and keeps it alive', async () => {
  const { gateway, test, peer } = await openReady();
  test.hold();
  for (let seq = 2; seq <= count; seq++) void peer.dispatch(seq, 'MESSAGE_CREATE', { padding });
  await until(() => test.shard.snapshot().paused);

  for (let minute = 0; minute < 10; minute++) {
    test.clock.advance(60_000);
    await peer.next([1]);
    void peer.ack();
  }
  test.release();
  await until(() => test.committed.length === count);

  expect(gateway.peers).toHaveLength(1);
  expect(peer.received.filter(({ op }) => op === 1)).toHaveLength(15);
  expect(test.stateNames).toEqual(['ready']);
});

it('notices that the connection is gone when it goes on reading, and resumes behind what it has', async () => {
  const { gateway, test, peer } = await openReady();
  test.hold();
  for (let seq = 2; seq <= count; seq++) void peer.dispatch(seq, 'MESSAGE_CREATE', { padding });
  await until(() => test.shard.snapshot().paused);

  peer.socket.terminate();
  test.release();
  await until(() => test.stateNames.includes('disconnected'));
  await test.skipWait();
  const [again, payload] = await gateway.greet();
  const resumedBehind = (payload.d as { seq: number }).seq;
  for (let seq = resumedBehind + 1; seq <= count; seq++) await again.dispatch(seq);
  await until(() => test.committed.length >= count);

  expect(resumedBehind).toBeGreaterThan(waitingMax);
  expect(test.committed.map(({ seq }) => seq)).toEqual(
    Array.from({ length: count }, (_, index) => index + 1),
  );
});

it('stops while it is paused', async () => {
  const { test, peer } = await openReady();
  test.hold();
  for (let seq = 2; seq <= count; seq++) void peer.dispatch(seq, 'MESSAGE_CREATE', { padding });
  await until(() => test.shard.snapshot().paused);

  const closing = test.shard.close();
  test.clock.advance(5_000);
  await closing;

  expect(await test.shard.closed).toEqual({ kind: 'closed' });
  expect(test.points.at(-1)?.seq).toBe(1);
});

/** Text that does not get much shorter when it is compressed. */
function noise(seed: number): string {
  let state = seed;
  let text = '';
  while (text.length < padding.length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += state.toString(36);
  }
  return text;
}
