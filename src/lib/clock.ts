/** The only source of time. Everything that waits or asks for the time gets one handed in. */
export interface Clock {
  /** Unix ms. May jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds that only grow, from an arbitrary start: for durations. */
  monotonic(): number;
  /** Calls `action` once after `ms`. Returns the way to cancel. */
  after(ms: number, action: () => void): () => void;
}

/** Node's timers overflow above this and would fire at once. */
const timerMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, Math.min(Math.max(ms, 0), timerMsMax));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` aborts; the caller looks at the signal. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A signal that aborts with `reason` after `ms`, or when one of `parents` does. Call `clear` when the work is over. */
export function deadline(
  clock: Clock,
  ms: number,
  reason: () => unknown,
  ...parents: readonly AbortSignal[]
): { readonly signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const cancel = clock.after(ms, () => controller.abort(reason()));
  const signal = parents.length === 0 ? controller.signal : AbortSignal.any([controller.signal, ...parents]);
  return { signal, clear: cancel };
}

/** Settles like `work`, or rejects with the signal's reason when that comes first. */
export async function rejectOnAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Settles like `work`. When `signal` aborts, whoever does the work has `graceMs` left to say how far it came;
 * then this rejects with the signal's reason.
 */
export async function rejectAfterGrace<Value>(
  work: Promise<Value>,
  signal: AbortSignal,
  clock: Clock,
  graceMs: number,
): Promise<Value> {
  const over = new AbortController();
  let cancel = (): void => undefined;
  const onAbort = (): void => {
    cancel = clock.after(graceMs, () => over.abort(signal.reason));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await rejectOnAbort(work, over.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    cancel();
  }
}
