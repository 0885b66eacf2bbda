import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { lost, refuse, RunnerWorld, waitOf } from '../../test/support/runner-world.ts';

afterEach(closeAll);

describe('a session that breaks', () => {
  it('is closed, and a new one opens after a wait', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    const [first] = world.sessions;

    await world.break();
    const waiting = [runner.state.state, waitOf(runner), runner.session];
    await world.clock.pass(749);
    const early = world.sessions.length;
    await world.clock.pass(1);

    expect(waiting).toEqual(['backoff', 750, undefined]);
    expect([first?.closeCalls, early, world.sessions.length]).toEqual([1, 1, 2]);
    expect([runner.state.state, runner.restarts]).toEqual(['running', 1]);
  });

  it('waits longer each time, and very long when the breaker opens', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    const seen: unknown[] = [];

    for (let failure = 1; failure <= 3; failure++) {
      await world.break();
      seen.push([runner.state.state, waitOf(runner)]);
      await world.clock.pass(waitOf(runner) ?? 0);
    }

    expect(seen).toEqual([
      ['backoff', 750],
      ['backoff', 1_500],
      ['crash_loop', 100_000],
    ]);
  });

  it('opens the breaker again at once when the one try after it fails too', async () => {
    const world = new RunnerWorld();
    world.open = refuse('unavailable');
    const runner = await world.startRunner();
    await world.until(() => runner.state.state === 'crash_loop');
    const tries = world.sessions.length;

    await world.clock.pass(100_000);

    expect(world.sessions.length).toBe(tries + 1);
    expect([runner.state.state, waitOf(runner)]).toEqual(['crash_loop', 100_000]);
  });

  it('starts to count anew after a session that lived long enough', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    await world.break();
    await world.clock.pass(750);
    await world.break();
    await world.clock.pass(1_500);

    await world.clock.pass(60_000);
    await world.break();

    expect([runner.state.state, waitOf(runner)]).toEqual(['backoff', 750]);
  });

  it('does not count anew after one that lived a moment less', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    await world.break();
    await world.clock.pass(750);

    await world.clock.pass(59_999);
    await world.break();

    expect(waitOf(runner)).toBe(1_500);
  });

  it('is not opened before the platform allows it', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();

    await world.break({ ...lost, afterMs: 30_000 });
    await world.clock.pass(29_999);
    const early = world.sessions.length;
    await world.clock.pass(1);

    expect([early, world.sessions.length, runner.state.state]).toEqual([1, 2, 'running']);
  });

  it('is opened again when it ends as if somebody had asked for that', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();

    await world.break({ kind: 'closed' });

    expect(runner.state).toMatchObject({ state: 'backoff', code: 'session_ended' });
  });

  it('is opened again when its end is an error, which it must not be', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();

    world.session.fail(new TypeError('a user’s text'));
    await settled();

    expect(runner.state).toMatchObject({ state: 'backoff', code: 'session_failed' });
    expect(JSON.stringify(runner.state)).not.toContain('a user’s text');
    expect(world.log.eventsAt('error')).toContain('connector.failed');
  });

  it('costs its own restart and no more when its code throws outside of any call', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    const [first] = world.sessions;

    runner.crash(new TypeError('out of the blue'));
    await settled();
    const after = runner.state;
    await world.clock.pass(750);

    expect(after).toMatchObject({ state: 'backoff', code: 'session_failed' });
    expect([first?.closeCalls, runner.state.state]).toEqual([1, 'running']);
  });

  it('does not keep the next one waiting because it cannot close', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    world.session.onClose = () => new Promise(() => undefined);

    await world.break();
    await world.clock.pass(5_000 + 750);

    expect([world.sessions.length, runner.state.state]).toEqual([2, 'running']);
    expect(world.log.eventsAt('warn')).toContain('connector.close_failed');
  });
});
