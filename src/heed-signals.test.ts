import { expect, it } from 'vitest';
import { ManualClock } from '../test/support/manual-clock.ts';
import { heedSignals } from './heed-signals.ts';

it('stops once, takes what follows at once for the same wish, and a later signal for impatience', () => {
  const clock = new ManualClock();
  const heard: string[] = [];
  const onSignal = heedSignals(
    clock,
    () => heard.push('stop'),
    () => heard.push('insist'),
  );

  onSignal();
  onSignal();
  clock.advance(500);
  onSignal();
  const soon = [...heard];
  clock.advance(1);
  onSignal();

  expect(soon).toEqual(['stop']);
  expect(heard).toEqual(['stop', 'insist']);
});
