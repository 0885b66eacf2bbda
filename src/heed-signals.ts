import type { Clock } from './lib/clock.ts';

/**
 * A terminal signals every process of the command, and npm and the launcher pass on what they get: what comes
 * this soon after the first signal is the same wish.
 */
const sameWishMs = 500;

/** What to do with each signal that asks a process to stop: `stop` the first time, `insist` when another comes later. */
export function heedSignals(
  clock: Pick<Clock, 'monotonic'>,
  stop: () => void,
  insist: () => void,
): () => void {
  let firstAt: number | undefined;
  return () => {
    const now = clock.monotonic();
    if (firstAt === undefined) {
      firstAt = now;
      stop();
    } else if (now - firstAt > sameWishMs) insist();
  };
}
