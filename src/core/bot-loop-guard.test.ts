import { expect, it } from 'vitest';
import type { EventId } from '../domain/ids.ts';
import { BotLoopGuard } from './bot-loop-guard.ts';

function event(name: number | string): EventId {
  return `evt_${name}` as EventId;
}

it('counts the turns of bots by lane', () => {
  const guard = new BotLoopGuard();

  guard.sawBot('a', event(1));
  guard.sawBot('a', event(2));
  guard.sawBot('b', event(3));

  expect([guard.count('a', event(9)), guard.count('b', event(9)), guard.count('c', event(9))]).toEqual([
    2, 1, 0,
  ]);
});

it('counts a turn once, however often it is tried, and never against itself', () => {
  const guard = new BotLoopGuard();

  for (let attempt = 1; attempt <= 5; attempt++) guard.sawBot('a', event(1));

  expect([guard.count('a', event(1)), guard.count('a', event(2))]).toEqual([0, 1]);
});

it('begins again when a person speaks', () => {
  const guard = new BotLoopGuard();
  guard.sawBot('a', event(1));

  guard.sawPerson('a');

  expect(guard.count('a', event(2))).toBe(0);
});

it('remembers a bounded number of turns, and of lanes', () => {
  const guard = new BotLoopGuard();
  for (let turn = 0; turn < 100; turn++) guard.sawBot('a', event(turn));

  for (let lane = 0; lane < 10_000; lane++) guard.sawBot(`lane-${lane}`, event(lane));

  expect([guard.count('a', event('x')), guard.count('lane-0', event('x'))]).toEqual([0, 1]);
});
