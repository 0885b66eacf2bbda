import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { CommandContext } from './context.ts';
import { followTrace, requireEnd, type Trace } from './follow.ts';

function trace(state: Trace['state'], settled: boolean): Trace {
  return { id: 'evt_1', state, settled, reason: 'queued', steps: [], parts: [] };
}

/** Answers with each trace in turn, and with the last for ever. */
function context(clock: ManualClock, traces: readonly Trace[], interrupted?: AbortSignal) {
  let asked = 0;
  const api = () => Promise.resolve(traces[Math.min(asked++, traces.length - 1)]);
  const world = { clock, interrupted: interrupted ?? new AbortController().signal };
  return { context: { api, world } as unknown as CommandContext, asked: () => asked };
}

describe('following a trace', () => {
  it('ends when nothing more will happen by itself', async () => {
    const clock = new ManualClock();
    const { context: world, asked } = context(clock, [
      trace('waiting', false),
      trace('delivering', false),
      trace('delivered', true),
    ]);

    const followed = followTrace(world, 'evt_1', 60_000);
    await clock.pass(1_000);

    expect((await followed).state).toBe('delivered');
    expect(asked()).toBe(3);
    expect(clock.pending).toBe(0);
  });

  it('ends when the time is over, with how things stand', async () => {
    const clock = new ManualClock();
    const { context: world } = context(clock, [trace('waiting', false)]);

    const followed = followTrace(world, 'evt_1', 500);
    await clock.pass(600);

    expect((await followed).state).toBe('waiting');
  });

  it('ends at once with Ctrl-C', async () => {
    const ctrlC = new AbortController();
    const clock = new ManualClock();
    const { context: world } = context(clock, [trace('running', false)], ctrlC.signal);

    const followed = followTrace(world, 'evt_1', 60_000);
    await clock.pass(50);
    ctrlC.abort();

    expect((await followed).state).toBe('running');
    expect(clock.pending).toBe(0);
  });
});

describe('the end that a command wants', () => {
  it('is one of those that are good', () => {
    expect(() => requireEnd('It', trace('done', true), ['delivered', 'done'])).not.toThrow();
  });

  it('has failed when it is another', () => {
    expect(() => requireEnd('The message', trace('dead', true), ['delivered'])).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: 'The message ended as dead (queued). See: palyra why evt_1',
      }),
    );
  });

  it('is late when there is none yet', () => {
    expect(() => requireEnd('The message', trace('waiting', false), ['delivered'])).toThrow(
      expect.objectContaining({
        code: 'timeout',
        message: 'The message is still waiting (queued). See: palyra why evt_1',
      }),
    );
  });
});
