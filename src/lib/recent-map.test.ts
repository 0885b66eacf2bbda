import { expect, it } from 'vitest';
import { RecentMap } from './recent-map.ts';

it('forgets what was set longest ago when it is full', () => {
  const map = new RecentMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);

  map.set('c', 4);

  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([3, undefined, 4, 2]);
});

it('forgets what it is told to', () => {
  const map = new RecentMap<string, number>(2);
  map.set('a', 1);

  map.delete('a');

  expect([map.get('a'), map.size]).toEqual([undefined, 0]);
});

it('lists what it remembers, the one that was set longest ago first', () => {
  const map = new RecentMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);

  expect([...map.values()]).toEqual([2, 3]);
});
