import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { Heartbeat } from './heartbeat.ts';

function startHeartbeat({
  chance = 0.5,
  canSend = () => true,
}: { readonly chance?: number; readonly canSend?: () => boolean } = {}): {
  clock: ManualClock;
  heartbeat: Heartbeat;
  sentAt: readonly number[];
  zombieAt: readonly number[];
} {
  const clock = new ManualClock();
  const start = clock.now();
  const sentAt: number[] = [];
  const zombieAt: number[] = [];
  const heartbeat = new Heartbeat({
    intervalMs: 40_000,
    clock,
    random: () => chance,
    send: () => {
      if (canSend()) sentAt.push(clock.now() - start);
      return canSend();
    },
    onZombie: () => zombieAt.push(clock.now() - start),
  });
  return { clock, heartbeat, sentAt, zombieAt };
}

it('beats first after a random part of the interval, then once per interval', () => {
  const { clock, heartbeat, sentAt } = startHeartbeat({ chance: 0.25 });

  for (let second = 0; second < 100; second++) {
    clock.advance(1_000);
    heartbeat.acknowledge();
  }

  expect(sentAt).toEqual([10_000, 50_000, 90_000]);
});

it('takes a connection for dead when a beat is not acknowledged before the next', () => {
  const { clock, heartbeat, sentAt, zombieAt } = startHeartbeat();

  clock.advance(30_000);
  heartbeat.acknowledge();
  clock.advance(200_000);

  expect(sentAt).toEqual([20_000, 60_000]);
  expect(zombieAt).toEqual([100_000]);
  expect(clock.pending).toBe(0);
});

it('measures how long an acknowledgement takes', () => {
  const { clock, heartbeat } = startHeartbeat();

  const before = [heartbeat.latencyMs, heartbeat.ackedAt];
  clock.advance(20_120);
  heartbeat.acknowledge();
  clock.advance(5_000);
  heartbeat.acknowledge();

  expect(before).toEqual([undefined, undefined]);
  expect(heartbeat.latencyMs).toBe(120);
  expect(heartbeat.ackedAt).toBe(clock.monotonic());
});

it('does not hold the silence of a paused connection against it', () => {
  const { clock, heartbeat, sentAt, zombieAt } = startHeartbeat();

  clock.advance(25_000);
  heartbeat.pause();
  clock.advance(155_000);

  expect(sentAt).toEqual([20_000, 60_000, 100_000, 140_000, 180_000]);
  expect(zombieAt).toEqual([]);
});

it('gives a connection a whole interval of reading after a pause', () => {
  const { clock, heartbeat, zombieAt } = startHeartbeat();

  clock.advance(25_000);
  heartbeat.pause();
  clock.advance(10_000);
  heartbeat.resume();
  clock.advance(50_000);
  const early = [...zombieAt];
  clock.advance(50_000);

  expect(early).toEqual([]);
  expect(zombieAt).toEqual([100_000]);
});

it('expects no acknowledgement of a beat that the limit of sends held back', () => {
  let canSend = false;
  const { clock, sentAt, zombieAt } = startHeartbeat({ canSend: () => canSend });

  clock.advance(90_000);
  canSend = true;
  clock.advance(40_000);

  expect(zombieAt).toEqual([]);
  expect(sentAt).toEqual([100_000]);
});

it('is over when it is stopped', () => {
  const { clock, heartbeat } = startHeartbeat();

  heartbeat.stop();

  expect(clock.pending).toBe(0);
});
