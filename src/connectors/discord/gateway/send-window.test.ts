import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { SendWindow } from './send-window.ts';

function takeAll(window: SendWindow, what: 'heartbeat' | 'command', count: number): readonly number[] {
  return Array.from({ length: count }, () => window.take(what));
}

it('lets 115 commands go in a minute, and says when the next one may', () => {
  const clock = new ManualClock();
  const window = new SendWindow(clock);

  const granted = takeAll(window, 'command', 115);
  clock.advance(20_000);

  expect(granted.every((ms) => ms === 0)).toBe(true);
  expect(window.take('command')).toBe(40_000);
  clock.advance(40_000);
  expect(window.take('command')).toBe(0);
});

it('keeps five sends for heartbeats', () => {
  const clock = new ManualClock();
  const window = new SendWindow(clock);
  takeAll(window, 'command', 115);

  const beats = takeAll(window, 'heartbeat', 6);

  expect(beats).toEqual([0, 0, 0, 0, 0, 60_000]);
});

it('never lets more than 120 sends go within any minute', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('heartbeat' as const, 'command' as const), fc.nat(900)), {
        maxLength: 600,
        size: 'max',
      }),
      (sends) => {
        const clock = new ManualClock();
        const window = new SendWindow(clock);
        const sentAt: number[] = [];

        for (const [what, ms] of sends) {
          clock.advance(ms);
          if (window.take(what) === 0) sentAt.push(clock.monotonic());
        }

        for (const at of sentAt)
          expect(sentAt.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(
            120,
          );
      },
    ),
    { numRuns: 20 },
  ));
