import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { AppError } from '../../../domain/errors.ts';
import { ScriptedGateway } from './gateway.fixture.ts';
import { openReady, openTestShard, token } from './shard.fixture.ts';
import { until } from './until.fixture.ts';

afterEach(closeAll);

describe('a new session', () => {
  it('is started with the intents, the shard and the token, in version 10', async () => {
    const gateway = await ScriptedGateway.open();
    openTestShard(gateway.url, { shard: [1, 3], intents: 33_281 });

    const [peer, identify] = await gateway.greet();

    expect(peer.path).toBe('/?v=10&encoding=json');
    expect(identify).toMatchObject({ op: 2, d: { token, intents: 33_281, shard: [1, 3] } });
  });

  it('is told, and hands on its dispatches in order with the point of each', async () => {
    const { gateway, test, peer } = await openReady();

    await peer.dispatchAll(2, 40);
    await until(() => test.committed.length === 40);

    expect(test.stateNames).toEqual(['ready']);
    expect(test.committed.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(test.committed[1]).toEqual({ type: 'MESSAGE_CREATE', data: { id: '2' }, seq: 2 });
    expect(test.points.at(-1)).toEqual({
      sessionId: 'session-1',
      seq: 40,
      resumeUrl: `${gateway.url}resume`,
    });
  });

  it('is resumed where it began when it names no URL for that', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url);
    const [peer] = await gateway.greet();

    await peer.say({ op: 0, t: 'READY', s: 1, d: { session_id: 'session-1' } });
    await until(() => test.points.length === 1);

    expect(test.points[0]?.resumeUrl).toBe(`${gateway.url}?v=10&encoding=json`);
  });

  it('waits for its turn, and is not started when the connection is gone meanwhile', async () => {
    const gateway = await ScriptedGateway.open();
    const turns: PromiseWithResolvers<unknown>[] = [];
    openTestShard(gateway.url, {
      identifyTurn: async () => {
        const turn = Promise.withResolvers();
        turns.push(turn);
        await turn.promise;
      },
    });
    const peer = await gateway.accept();
    await peer.hello();
    await until(() => turns.length === 1);

    peer.socket.close(4000);
    await peer.closed;
    turns[0]?.resolve(undefined);
    await new Promise((resolve) => setImmediate(resolve));

    expect(peer.received).toEqual([]);
  });
});

describe('a session of an earlier life', () => {
  it('is resumed behind its point, at its own URL, and what was missed is handed on', async () => {
    const gateway = await ScriptedGateway.open();
    const resume = { sessionId: 'old', seq: 40, resumeUrl: `${gateway.url}resume` };
    const test = openTestShard('ws://127.0.0.1:1/', { resume });

    const [peer, payload] = await gateway.greet();
    await peer.dispatchAll(41, 43);
    await peer.dispatch(44, 'RESUMED', {});
    await peer.dispatch(45);
    await until(() => test.committed.length === 5);

    expect(peer.path).toBe('/resume?v=10&encoding=json');
    expect(payload).toEqual({ op: 6, d: { token, session_id: 'old', seq: 40 } });
    expect(test.states).toEqual([{ state: 'resumed', at: test.clock.now(), replayed: 3 }]);
    expect(test.points.at(-1)).toEqual({ ...resume, seq: 45 });
  });

  it('is resumed at the general URL when the guard refuses its own', async () => {
    const gateway = await ScriptedGateway.open();
    const resume = { sessionId: 'old', seq: 40, resumeUrl: 'ws://elsewhere.example/' };
    const test = openTestShard(gateway.url, { resume });

    const [peer, payload] = await gateway.greet();

    expect(peer.path).toBe('/?v=10&encoding=json');
    expect(payload).toMatchObject({ op: 6, d: { seq: 40 } });
    expect(test.log.eventsAt('warn')).toEqual(['gateway.resume_url_refused']);
  });

  it('is resumed at the general URL when nobody answers at its own', async () => {
    const gateway = await ScriptedGateway.open();
    const resume = { sessionId: 'old', seq: 40, resumeUrl: 'ws://127.0.0.1:1/' };
    const test = openTestShard(gateway.url, { resume });

    for (let attempt = 0; attempt < 3; attempt++) await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(payload).toMatchObject({ op: 6, d: { session_id: 'old', seq: 40 } });
  });
});

describe('a dispatch that has to wait for others', () => {
  it('is told of when it comes, and is committed in its order all the same', async () => {
    const told: string[] = [];
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url, {
      onWaiting: ({ seq }, sessionId) => told.push(`${sessionId} ${seq}`),
    });
    const [peer] = await gateway.greet();
    await peer.ready('session-1', gateway.url);
    await until(() => test.committed.length === 1 && test.shard.snapshot().waiting === 0);
    test.hold();

    await peer.dispatchAll(2, 3);
    await until(() => test.shard.snapshot().seqReceived === 3);
    const early = [...told];
    test.release();
    await until(() => test.committed.length === 3);

    expect(early).toEqual(['session-1 3']);
    expect(told).toEqual(early);
  });
});

describe('the sequence number', () => {
  it('of a heartbeat is that of the newest dispatch that is committed', async () => {
    const { test, peer } = await openReady();
    test.hold();

    await peer.dispatchAll(2, 9);
    await until(() => test.shard.snapshot().seqReceived === 9);
    await peer.say({ op: 1 });
    const before = await peer.next([1]);
    test.release();
    await until(() => test.shard.snapshot().waiting === 0);
    await peer.say({ op: 1 });
    const after = await peer.next([1]);

    expect([before, after]).toEqual([
      { op: 1, d: 1 },
      { op: 1, d: 9 },
    ]);
  });

  it('of a heartbeat is null before anything of the session is committed', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url);
    test.hold();
    const [peer] = await gateway.greet();

    await peer.ready('session-1', gateway.url);
    await until(() => test.held === 1);
    await peer.say({ op: 1 });

    expect(await peer.next([1])).toEqual({ op: 1, d: null });
  });

  it('of a resume is that of the newest dispatch that came, which waits until it is committed', async () => {
    const { gateway, test, peer } = await openReady();
    test.hold();
    await peer.dispatchAll(2, 9);
    await until(() => test.shard.snapshot().seqReceived === 9);

    peer.socket.terminate();
    await until(() => test.stateNames.includes('disconnected'));
    for (let second = 0; second < 120; second++) test.clock.advance(1_000);
    const connectionsBefore = gateway.peers.length;
    test.release();
    await test.skipWait();
    const [again, payload] = await gateway.greet();
    await again.dispatch(10, 'RESUMED', {});
    await until(() => test.committed.length === 10);

    expect(connectionsBefore).toBe(1);
    expect(payload).toEqual({ op: 6, d: { token, session_id: 'session-1', seq: 9 } });
    expect(test.committed.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('stays where it is when a commit fails: the shard is lost, and the session can be resumed', async () => {
    const { test, peer } = await openReady();
    test.hold();

    await peer.dispatchAll(2, 5);
    await until(() => test.shard.snapshot().seqReceived === 5);
    test.release(new AppError('unavailable', 'The disk is full.'));

    expect(await test.shard.closed).toEqual({
      kind: 'lost',
      code: 'session_failed',
      detail: 'What the gateway sent could not be stored. The disk is full.',
    });
    expect(await peer.closed).toBe(4900);
    expect(test.points.map(({ seq }) => seq)).toEqual([1]);
    expect(test.shard.snapshot()).toMatchObject({ state: 'ended', seqCommitted: 1 });
  });

  it('is that of the dispatch before when the gateway gives none', async () => {
    const { test, peer } = await openReady();

    await peer.dispatch(7);
    await peer.say({ op: 0, t: 'VOICE_CHANNEL_EFFECT_SEND', s: null, d: {} });
    await until(() => test.committed.length === 3);

    expect(test.committed.map(({ seq }) => seq)).toEqual([1, 7, 7]);
  });
});

describe('stopping', () => {
  it('leaves a session that the next life resumes, with nothing lost and nothing twice', async () => {
    const { gateway, test, peer } = await openReady();
    await peer.dispatchAll(2, 5);
    await until(() => test.points.at(-1)?.seq === 5);

    await test.shard.close();
    const next = openTestShard(gateway.url, { resume: test.points.at(-1)! });
    const [, payload] = await gateway.greet();

    expect(await peer.closed).toBe(4900);
    expect(await test.shard.closed).toEqual({ kind: 'closed' });
    expect(test.stateNames).toEqual(['ready', 'disconnected']);
    expect(test.states.at(-1)).toMatchObject({ resumable: true });
    expect(payload).toMatchObject({ op: 6, d: { session_id: 'session-1', seq: 5 } });
    expect(test.clock.pending).toBe(0);
    expect(next.stateNames).toEqual([]);
  });

  it('commits what has come, as far as that is done within five seconds', async () => {
    const { test, peer } = await openReady();
    test.hold();
    await peer.dispatchAll(2, 5);
    await until(() => test.shard.snapshot().seqReceived === 5);

    const closing = test.shard.close();
    await peer.closed;
    test.release();
    await closing;

    expect(test.points.at(-1)?.seq).toBe(5);
  });

  it('does not wait for a store that does not answer', async () => {
    const { test, peer } = await openReady();
    test.hold();
    await peer.dispatchAll(2, 5);
    await until(() => test.shard.snapshot().seqReceived === 5);

    const closing = test.shard.close();
    await peer.closed;
    test.clock.advance(5_000);
    await closing;

    expect(await test.shard.closed).toEqual({ kind: 'closed' });
    expect(test.points.at(-1)?.seq).toBe(1);
    expect(test.clock.pending).toBe(0);
  });

  it.each(['connecting', 'greeted', 'waiting'] as const)('works while it is %s', async (when) => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(when === 'waiting' ? 'ws://127.0.0.1:1/' : gateway.url);
    if (when === 'greeted') await gateway.greet();
    if (when === 'waiting') await test.reaches('waiting');

    await Promise.all([test.shard.close(), test.shard.close()]);

    expect(await test.shard.closed).toEqual({ kind: 'closed' });
    expect(test.shard.snapshot().state).toBe('ended');
    expect(test.clock.pending).toBe(0);
  });
});

describe('a command', () => {
  it('is sent in a live session, 115 times in a minute', async () => {
    const { test, peer } = await openReady();

    const results = Array.from({ length: 116 }, () => test.shard.send(3, { status: 'idle' }));
    await until(() => peer.received.filter(({ op }) => op === 3).length === 114);

    // Identify counts too.
    expect(results.filter(({ kind }) => kind === 'sent')).toHaveLength(114);
    expect(results.at(-1)).toEqual({ kind: 'wait', afterMs: 60_000 });
  });

  it('leaves room for heartbeats, and a flood of requests for them does not break the limit', async () => {
    const { test, peer } = await openReady();
    for (let send = 0; send < 115; send++) test.shard.send(3, {});

    for (let request = 0; request < 50; request++) await peer.say({ op: 1 });
    await peer.dispatch(2);
    await until(() => test.committed.length === 2);

    expect(peer.received.filter(({ op }) => op === 1)).toHaveLength(5);
    expect(peer.received).toHaveLength(120);
  });

  it('is refused when it is over 4096 bytes, and where there is no session', async () => {
    const { test, peer } = await openReady();

    const long = test.shard.send(3, 'é'.repeat(2_048));
    peer.socket.terminate();
    await test.reaches('waiting');
    const offline = test.shard.send(3, {});

    expect(long).toMatchObject({ kind: 'refused', code: 'platform_rejected' });
    expect(offline).toMatchObject({ kind: 'refused', code: 'connector_offline' });
  });
});

it('tells of its health', async () => {
  const { test, peer } = await openReady();

  test.clock.advance(20_000);
  await peer.next([1]);
  test.clock.advance(80);
  await peer.ack();
  await until(() => test.shard.snapshot().latencyMs === 80);
  test.clock.advance(3_000);

  expect(test.shard.snapshot()).toEqual({
    shard: [0, 1],
    state: 'live',
    since: expect.any(Number),
    reconnects: 0,
    identified: 1,
    resumed: 0,
    heartbeatAckAgeMs: 3_000,
    latencyMs: 80,
    lastEventAt: test.clock.now() - 23_080,
    seqReceived: 1,
    seqCommitted: 1,
    waiting: 0,
    paused: false,
  });
});
