import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { id, refuse, RunnerWorld, waitOf } from '../../test/support/runner-world.ts';
import type { ScriptedSession } from '../../test/support/scripted-adapter.ts';
import { AppError } from '../domain/errors.ts';

afterEach(closeAll);

describe('a connector that works', () => {
  it('is starting until its session is open, then running', async () => {
    const world = new RunnerWorld();
    const opening = Promise.withResolvers<ScriptedSession>();
    world.open = () => opening.promise;

    const runner = await world.startRunner();
    const before = [runner.state.state, runner.session];
    opening.resolve(world.session);
    await settled();

    expect(before).toEqual(['starting', undefined]);
    expect([runner.state.state, runner.session]).toEqual(['running', world.session]);
    expect(world.states).toEqual(['starting', 'running with session']);
  });

  it('writes each state into the journal', async () => {
    const world = new RunnerWorld();
    await world.startRunner();
    await world.break();

    const { items } = await world.store.journal.listJournal({ source: id }, { limit: 10 });

    expect(items.map(({ data, level }) => [data.state, level])).toEqual([
      ['backoff', 'warn'],
      ['running', 'info'],
      ['starting', 'info'],
    ]);
    expect(items[0]?.data).toMatchObject({ code: 'session_failed', detail: 'The line broke.' });
  });

  it('goes on when the journal cannot be written', async () => {
    const world = new RunnerWorld();
    world.faults.before('journal.append', () => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    const runner = await world.startRunner();

    expect(runner.state.state).toBe('running');
    expect(world.log.eventsAt('warn')).toContain('journal.failed');
  });
});

describe('a connector that only a person can help', () => {
  it.each([
    ['unauthenticated', 'unauthenticated'],
    ['not_found', 'credential_missing'],
    ['forbidden', 'connector_misconfigured'],
    ['config_invalid', 'connector_misconfigured'],
    ['invalid_request', 'connector_misconfigured'],
  ] as const)('is blocked by %s, and not tried again by itself', async (code, reason) => {
    const world = new RunnerWorld();
    world.open = refuse(code, 'What to do.');

    const runner = await world.startRunner();
    await world.clock.pass(24 * 3_600_000);

    expect(runner.state).toMatchObject({ state: 'blocked', code: reason, detail: 'What to do.' });
    expect(world.sessions).toHaveLength(1);
  });

  it('is blocked by a session that says so', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();

    await world.break({ kind: 'blocked', code: 'unauthenticated', detail: 'The token was revoked.' });

    expect(runner.state).toMatchObject({ state: 'blocked', code: 'unauthenticated' });
    expect(runner.session).toBeUndefined();
  });

  it('does not hold its claim meanwhile', async () => {
    const world = new RunnerWorld();
    world.open = refuse('unauthenticated');
    await world.startRunner();

    const { clock, store } = world;
    const claim = await store.connectors.claim(id, 'daemon-2', clock.now(), clock.now() + 1_000);

    expect(claim).toBeDefined();
  });

  it.each(['vault_locked', 'unavailable', 'timeout', 'internal', 'rate_limited', 'conflict'] as const)(
    'is not what %s means: that may pass',
    async (code) => {
      const world = new RunnerWorld();
      world.open = refuse(code);

      const runner = await world.startRunner();

      const reason = code === 'vault_locked' ? code : 'session_failed';
      expect(runner.state).toMatchObject({ state: 'backoff', code: reason });
    },
  );
});

describe('asked to try again now', () => {
  it('tries a blocked connector', async () => {
    const world = new RunnerWorld();
    world.open = refuse('unauthenticated');
    const runner = await world.startRunner();
    world.open = (session) => Promise.resolve(session);

    runner.retryNow();
    await settled();

    expect(runner.state.state).toBe('running');
  });

  it('ends the wait of one that failed, and forgets its failures', async () => {
    const world = new RunnerWorld();
    world.open = refuse('unavailable');
    const runner = await world.startRunner();
    await world.until(() => runner.state.state === 'crash_loop');

    runner.retryNow();
    await settled();

    expect([runner.state.state, waitOf(runner)]).toEqual(['backoff', 750]);
  });

  it('tries again at once when the try under way fails, because what it lacks may have come since', async () => {
    const world = new RunnerWorld();
    const opening = Promise.withResolvers<never>();
    world.open = () => opening.promise;
    const runner = await world.startRunner();
    world.open = (session) => Promise.resolve(session);

    runner.retryNow();
    opening.reject(new AppError('not_found', 'There is no credential.'));
    await settled();

    expect([runner.state.state, world.sessions.length]).toEqual(['running', 2]);
  });

  it('leaves a live session alone, and its later failure waits as any', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();

    runner.retryNow();
    await settled();
    const alive = [world.session.closeCalls, runner.state.state];
    await world.break();

    expect(alive).toEqual([0, 'running']);
    expect(runner.state.state).toBe('backoff');
  });
});

describe('a session that does not open', () => {
  it('is given up after a while, and closed when it opens too late', async () => {
    const world = new RunnerWorld();
    const opening = Promise.withResolvers<ScriptedSession>();
    world.open = () => opening.promise;
    const runner = await world.startRunner();
    const [late] = world.sessions;

    await world.clock.pass(5_000);
    const given = runner.state;
    world.open = (session) => Promise.resolve(session);
    await world.clock.pass(750);
    opening.resolve(late!);
    await settled();

    expect(given).toMatchObject({ state: 'backoff', code: 'session_failed' });
    expect(world.signals[0]?.aborted).toBe(true);
    expect(late?.closeCalls).toBe(1);
    expect([runner.session === world.session, world.session.closeCalls]).toEqual([true, 0]);
  });

  it('does not keep the daemon from stopping', async () => {
    const world = new RunnerWorld();
    world.open = () => new Promise(() => undefined);
    const runner = await world.startRunner();

    await runner.stop();

    expect(world.signals[0]?.aborted).toBe(true);
  });
});

describe('stopping', () => {
  it('resolves when the session is closed, and not before', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();
    const closing = Promise.withResolvers<undefined>();
    world.session.onClose = () => closing.promise;
    let stopped = false;

    const stopping = runner.stop().then(() => (stopped = true));
    await settled();
    const early = stopped;
    closing.resolve(undefined);
    await stopping;

    expect([early, world.session.closeCalls]).toEqual([false, 1]);
    expect(runner.session).toBeUndefined();
  });

  it.each([
    ['blocked', refuse('unauthenticated')],
    ['waiting', refuse('unavailable')],
  ])('does not wait for one that is %s', async (_state, open) => {
    const world = new RunnerWorld();
    world.open = open;
    const runner = await world.startRunner();

    await runner.stop();

    expect([world.sessions.length, world.clock.pending]).toEqual([1, 0]);
  });

  it('gives the claim to the next daemon at once', async () => {
    const world = new RunnerWorld();
    const runner = await world.startRunner();

    await runner.stop();
    const other = await world.startRunner('daemon-2');

    expect(other.state.state).toBe('running');
    await other.stop();
  });
});
