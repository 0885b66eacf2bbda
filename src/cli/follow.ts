import { isSettled } from '../domain/trace.ts';
import { sleep } from '../lib/clock.ts';
import type { Answer } from './client.ts';
import type { CommandContext } from './context.ts';

const pollMs = 100;

/** Waits until nothing more will happen to a thing by itself, or `timeoutMs` are over. */
export async function followTrace(
  { api, world }: CommandContext,
  id: string,
  timeoutMs: number,
): Promise<Answer<'GET /traces/{id}'>> {
  const until = world.clock.now() + timeoutMs;
  for (;;) {
    const trace = await api('GET /traces/{id}', { params: { id } });
    if (isSettled(trace.state) || world.clock.now() >= until || world.interrupted.aborted) return trace;
    await sleep(world.clock, pollMs, world.interrupted);
  }
}
