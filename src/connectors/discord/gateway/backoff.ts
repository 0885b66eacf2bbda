const waitMsFirst = 1_000;
const waitMsMax = 60_000;

/**
 * How long to wait after so many failures in a row: doubling up to a minute, and half of it by chance, so that
 * many clients do not come back at once. `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(waitMsMax, waitMsFirst * 2 ** Math.min(failures, 16));
  return Math.round(full * (0.5 + random() / 2));
}
