import { AppError } from '../domain/errors.ts';
import type { TraceState } from '../domain/trace.ts';
import { sleep } from '../lib/clock.ts';
import type { Answer } from './client.ts';
import type { CommandContext } from './context.ts';

export type Trace = Answer<'GET /traces/{id}'>;

const pollMs = 100;

/** Waits until nothing more will happen to a thing by itself, or `timeoutMs` are over. */
export async function followTrace(
  { api, world }: CommandContext,
  id: string,
  timeoutMs: number,
): Promise<Trace> {
  const { clock, interrupted } = world;
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const trace = await api('GET /traces/{id}', { params: { id } });
    if (trace.settled || clock.monotonic() >= until || interrupted.aborted) return trace;
    await sleep(clock, pollMs, interrupted);
  }
}

/** @throws AppError `unavailable` when it came to another end than these, `timeout` when it came to none yet. */
export function requireEnd(what: string, trace: Trace, good: readonly TraceState[]): void {
  const { id, state, reason, settled } = trace;
  if (good.includes(state)) return;
  throw settled
    ? new AppError('unavailable', `${what} ended as ${state} (${reason}). See: palyra why ${id}`)
    : new AppError('timeout', `${what} is still ${state} (${reason}). See: palyra why ${id}`);
}
