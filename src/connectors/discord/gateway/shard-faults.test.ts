import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { closeCodes, fatalDetail } from './close-codes.ts';
import { ScriptedGateway } from './gateway.fixture.ts';
import { openReady, openTestShard, token } from './shard.fixture.ts';
import { until } from './until.fixture.ts';

afterEach(closeAll);

/** Codes that a server can put into a close frame. */
const sendable = [...closeCodes].filter(([code]) => code >= 4000 || code === 1000 || code === 1001);

describe('a session that the gateway closes', () => {
  it.each(sendable.filter(([, { then }]) => then !== 'fatal'))(
    'with %i goes on as its class says',
    async (code, { then }) => {
      const { gateway, test, peer } = await openReady();
      await peer.dispatch(2);

      peer.socket.close(code, 'for the test');
      await test.skipWait();
      const [again, payload] = await gateway.greet();

      expect(test.states.at(-1)).toMatchObject({
        state: 'disconnected',
        closeCode: code,
        resumable: then === 'resume',
        detail: expect.stringContaining(String(code)),
      });
      expect(again.path.startsWith(then === 'resume' ? '/resume?' : '/?')).toBe(true);
      expect(payload).toMatchObject(
        then === 'resume' ? { op: 6, d: { session_id: 'session-1', seq: 2 } } : { op: 2 },
      );
    },
  );

  it.each(sendable.filter(([, { then }]) => then === 'fatal'))(
    'with %i is over until a person helps',
    async (code, { reason }) => {
      const { gateway, test, peer } = await openReady();

      peer.socket.close(code, `for ${token}`);

      expect(await test.shard.closed).toEqual({
        kind: 'blocked',
        code: reason,
        detail: fatalDetail(code, { intents: 513, shard: [0, 1] }),
      });
      expect(gateway.peers).toHaveLength(1);
      expect(test.shard.snapshot().state).toBe('ended');
      expect(test.clock.pending).toBe(0);
    },
  );

  it('without a code is resumed', async () => {
    const { gateway, test, peer } = await openReady();

    peer.socket.terminate();
    await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(payload).toMatchObject({ op: 6, d: { seq: 1 } });
  });

  it('counts with all that came before its end', async () => {
    const { test, peer } = await openReady({ compress: 'zlib-stream' });
    const frames: Buffer[] = [];
    for (let seq = 2; seq <= 200; seq++)
      frames.push(await peer.compress(JSON.stringify({ op: 0, t: 'MESSAGE_CREATE', s: seq, d: {} })));

    for (const frame of frames) peer.socket.send(frame);
    peer.socket.close(4009);
    await until(() => test.stateNames.length === 2);

    expect(test.committed).toHaveLength(200);
  });
});

describe('what the gateway asks for', () => {
  it('is a new connection: it is made at once, and the session resumed', async () => {
    const { gateway, test, peer } = await openReady();

    await peer.say({ op: 7 });
    const [, payload] = await gateway.greet();

    expect(await peer.closed).toBe(4900);
    expect(payload).toMatchObject({ op: 6, d: { session_id: 'session-1' } });
    expect(test.stateNames).toEqual(['ready', 'disconnected']);
  });

  it('is waited for when it is asked again and again', async () => {
    const { gateway, test, peer } = await openReady();

    await peer.say({ op: 7 });
    const second = await gateway.accept();
    await second.say({ op: 7 });
    const wait = await test.skipWait();
    const third = await gateway.accept();
    await third.say({ op: 7 });

    expect(wait).toBe(1_500);
    expect(await test.skipWait()).toBe(3_000);
  });

  it('is understood before the greeting', async () => {
    const gateway = await ScriptedGateway.open();
    const resume = { sessionId: 'old', seq: 40, resumeUrl: gateway.url };
    openTestShard(gateway.url, { resume });

    const peer = await gateway.accept();
    await peer.say({ op: 7 });
    const [, payload] = await gateway.greet();

    expect(payload).toMatchObject({ op: 6, d: { session_id: 'old', seq: 40 } });
  });

  it('is to resume: the session is kept', async () => {
    const { gateway, test, peer } = await openReady();

    await peer.say({ op: 9, d: true });
    await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(payload).toMatchObject({ op: 6, d: { session_id: 'session-1' } });
  });

  it('is not to resume: the session is forgotten, and a new one started after 1 to 5 s', async () => {
    const gateway = await ScriptedGateway.open();
    const resume = { sessionId: 'old', seq: 40, resumeUrl: `${gateway.url}resume` };
    const test = openTestShard(gateway.url, { resume });

    const [peer] = await gateway.greet();
    await peer.say({ op: 9, d: false });
    const wait = await test.skipWait();
    const [again, payload] = await gateway.greet();
    await again.ready('new', gateway.url);
    await until(() => test.points.length === 1);

    expect(wait).toBe(3_000);
    expect(again.path).toBe('/?v=10&encoding=json');
    expect(payload.op).toBe(2);
    expect(test.states).toEqual([{ state: 'ready', at: test.clock.now() }]);
    expect(test.points).toEqual([{ sessionId: 'new', seq: 1, resumeUrl: gateway.url }]);
  });

  it('is a heartbeat: it is sent at once', async () => {
    const { peer } = await openReady();

    await peer.say({ op: 1 });

    expect(await peer.next([1])).toEqual({ op: 1, d: 1 });
  });
});

describe('a session that cannot be resumed, though nobody says so', () => {
  it('is given up after three connections that were closed without a word', async () => {
    const { gateway, test, peer } = await openReady();
    peer.socket.terminate();
    const ops: number[] = [];

    for (let attempt = 0; attempt < 4; attempt++) {
      await test.skipWait();
      const [next, { op }] = await gateway.greet();
      ops.push(op);
      next.socket.close(4000);
    }

    expect(ops).toEqual([6, 6, 6, 2]);
  });
});

describe('a connection that looks alive and is not', () => {
  it('is closed, and the session resumed', async () => {
    const { gateway, test, peer } = await openReady();

    test.clock.advance(20_000);
    await peer.next([1]);
    await peer.ack();
    await until(() => test.shard.snapshot().latencyMs !== undefined);
    test.clock.advance(40_000);
    await peer.next([1]);
    test.clock.advance(40_000);
    await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(await peer.closed).toBe(4900);
    expect(test.states.at(-1)).toMatchObject({ detail: 'A heartbeat was not acknowledged.' });
    expect(payload).toMatchObject({ op: 6, d: { session_id: 'session-1' } });
  });

  it('is let go of when it does not even close', async () => {
    const { gateway, test, peer } = await openReady();

    peer.socket.pause();
    test.clock.advance(20_000);
    test.clock.advance(40_000);
    test.clock.advance(2_000);
    await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(payload).toMatchObject({ op: 6 });
  });

  it.each([
    ['does not greet', false, 20_000],
    ['gives no session', true, 300_000],
  ])('is ended when it %s in time', async (_what, greets, ms) => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url);
    const peer = greets ? (await gateway.greet(1_000_000))[0] : await gateway.accept();

    // An answer shows that the other end has the connection, too.
    await peer.say({ op: 1 });
    await peer.next([1]);
    test.clock.advance(ms - 1);
    await new Promise((resolve) => setImmediate(resolve));
    const before = test.shard.snapshot().state;
    test.clock.advance(1);

    expect(before).toBe(greets ? 'starting' : 'connecting');
    expect(await peer.closed).toBe(4900);
  });
});

describe('the wait before the next connection', () => {
  it('doubles with every connection that does not live long, up to a minute', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url);
    const waits: number[] = [];

    for (let attempt = 0; attempt < 9; attempt++) {
      const [peer] = await gateway.greet();
      await peer.ready(`session-${attempt}`, gateway.url);
      await test.reaches('live');
      peer.socket.close(4000);
      waits.push(await test.skipWait());
    }

    expect(waits).toEqual([750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000]);
  });

  it('begins anew after a session that lived for a minute', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url);
    const waits: number[] = [];

    for (const lives of [0, 0, 59_000, 60_000, 0]) {
      const [peer] = await gateway.greet(600_000);
      await peer.ready('session', gateway.url);
      await test.reaches('live');
      test.clock.advance(lives);
      peer.socket.close(4000);
      waits.push(await test.skipWait());
    }

    expect(waits).toEqual([750, 1_500, 3_000, 750, 1_500]);
  });

  it('is five seconds at least after sending too much', async () => {
    const { test, peer } = await openReady();

    peer.socket.close(4008);

    expect(await test.skipWait()).toBe(5_000);
  });
});
