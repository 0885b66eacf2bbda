import { deflateSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { AppError, type ErrorCode } from '../../../domain/errors.ts';
import { describeError } from '../../../lib/logger.ts';
import { Secret } from '../../../lib/secret.ts';
import { ScriptedGateway } from './gateway.fixture.ts';
import { createIdentifyGate } from './identify-gate.ts';
import { openReady, openTestShard, token } from './shard.fixture.ts';
import { until } from './until.fixture.ts';

afterEach(closeAll);

describe('data that cannot be read', () => {
  it.each([
    ['no JSON', 'made-up nonsense'],
    ['a dispatch without a type', '{"op":0,"s":3}'],
    ['a READY without a session', '{"op":0,"t":"READY","s":3,"d":{}}'],
  ])('ends the connection, and the session is resumed: %s', async (_what, text) => {
    const { gateway, test, peer } = await openReady();
    await peer.dispatch(2);

    peer.socket.send(text);
    void peer.dispatch(3);
    await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(await peer.closed).toBe(4900);
    expect(payload).toMatchObject({ op: 6, d: { seq: 2 } });
    expect(test.committed.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('is a dispatch before READY', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url);
    const [peer] = await gateway.greet();

    await peer.dispatch(1);
    await test.reaches('waiting');

    expect(test.shard.snapshot().lastDisconnect?.detail).toBe('A dispatch came before READY.');
    expect(test.committed).toEqual([]);
  });

  it('does not keep a session that begins with it again and again', async () => {
    const { gateway, test, peer } = await openReady({ compress: 'zlib-stream' });
    const bomb = deflateSync(Buffer.alloc(40 * 1_024 * 1_024), { level: 9 });
    const ops: number[] = [];

    peer.socket.send(bomb);
    for (let attempt = 0; attempt < 4; attempt++) {
      await test.skipWait();
      const [next, { op }] = await gateway.greet();
      ops.push(op);
      next.socket.send(bomb);
    }

    expect(ops).toEqual([6, 6, 6, 2]);
  });

  it.each([
    ['none', 8 * 1_024 * 1_024 + 1],
    ['zlib-stream', 512 * 1_024 + 1],
  ] as const)('is a frame over the limit (%s)', async (compress, size) => {
    const { gateway, test, peer } = await openReady({ compress });

    peer.socket.send(Buffer.alloc(size));
    await test.skipWait();
    const [, payload] = await gateway.greet();

    expect(await peer.closed).toBe(1009);
    expect(payload).toMatchObject({ op: 6, d: { seq: 1 } });
  });

  it('is no message that is cut into several frames', async () => {
    const { test, peer } = await openReady({ compress: 'zlib-stream' });

    for (let seq = 2; seq <= 5; seq++) {
      const text = JSON.stringify({
        op: 0,
        t: 'MESSAGE_CREATE',
        s: seq,
        d: { text: 'é'.repeat(3_000 * seq) },
      });
      const frame = await peer.compress(text);
      for (let at = 0; at < frame.length; at += 7) peer.socket.send(frame.subarray(at, at + 7));
    }
    await until(() => test.committed.length === 5);

    expect(peer.path).toContain('compress=zlib-stream');
    expect(test.committed.at(-1)?.data).toEqual({ text: 'é'.repeat(15_000) });
  });
});

describe('what cannot be had', () => {
  const fails = (code: ErrorCode) => async (): Promise<never> => {
    throw new AppError(code, 'The message.');
  };

  it.each([
    ['url', 'unauthenticated', { kind: 'blocked', code: 'unauthenticated' }],
    ['token', 'not_found', { kind: 'blocked', code: 'credential_missing' }],
    ['token', 'vault_locked', { kind: 'lost', code: 'vault_locked' }],
  ] as const)('ends the shard: %s %s', async (what, code, end) => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url, { [what]: fails(code) });

    if (what === 'token') await (await gateway.accept()).hello();

    expect(await test.shard.closed).toEqual({ ...end, detail: 'The message.' });
  });

  it.each([
    ['is no URL of a socket', 'https://127.0.0.1/'],
    ['is not on the list of allowed hosts', 'ws://elsewhere.example/'],
  ])('is a gateway whose URL %s', async (_what, url) => {
    const test = openTestShard(url);

    expect(await test.shard.closed).toMatchObject({ kind: 'blocked', code: 'connector_misconfigured' });
  });

  it('is tried again when the API does not answer', async () => {
    const gateway = await ScriptedGateway.open();
    let asked = 0;
    const test = openTestShard(gateway.url, {
      url: async () => {
        if (++asked < 3) throw new AppError('unavailable', 'No answer.');
        return gateway.url;
      },
    });

    await test.skipWait();
    await test.skipWait();

    expect((await gateway.greet())[1].op).toBe(2);
  });

  it('is a start of a session beyond the budget: the shard says why it waits, and begins when there are more', async () => {
    const gateway = await ScriptedGateway.open();
    const limit = { remaining: 9, resetAfterMs: 3_600_000, maxConcurrency: 1 };
    const clock = new ManualClock();
    const gate = createIdentifyGate({ clock, limit: async () => limit });
    const test = openTestShard(gateway.url, { identifyTurn: (signal) => gate.turn(0, signal) }, clock);

    const peer = await gateway.accept();
    await peer.hello();
    await test.reaches('waiting');
    const waiting = test.shard.snapshot();
    limit.remaining = 1_000;
    const waitMs = await test.skipWait();

    expect(waiting.detail).toContain('Only 9 session starts are left today');
    expect(waitMs).toBe(3_600_000);
    expect(peer.received).toEqual([]);
    expect((await gateway.greet())[1].op).toBe(2);
    expect(test.shard.snapshot()).not.toHaveProperty('detail');
  });

  it('is a token that is too long to be one', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url, { token: async () => new Secret(token.repeat(300)) });

    await (await gateway.accept()).hello();
    const end = await test.shard.closed;

    expect(end).toMatchObject({ kind: 'blocked', code: 'unauthenticated' });
    expect(JSON.stringify(end)).not.toContain(token);
  });

  it('is a listener that throws: that is a bug, and the shard is lost', async () => {
    const gateway = await ScriptedGateway.open();
    const test = openTestShard(gateway.url, {
      onState: () => {
        throw new Error('a bug');
      },
    });

    const [peer] = await gateway.greet();
    await peer.ready('session-1', gateway.url);

    expect(await test.shard.closed).toMatchObject({ kind: 'lost', code: 'internal_error' });
    expect(await peer.closed).toBe(4900);
  });
});

it('never shows the token, whatever goes wrong', async () => {
  const faults: readonly ((given: Awaited<ReturnType<typeof openReady>>) => Promise<unknown>)[] = [
    async ({ peer }) => peer.socket.close(4004, token),
    async ({ peer }) => peer.socket.close(4000, token),
    async ({ peer }) => peer.socket.send(`{"op":0,"t":"${token}"`),
    async ({ peer }) => peer.say({ op: 9, d: token }),
    async ({ test, peer }) => {
      test.hold();
      await peer.dispatch(2);
      await until(() => test.held === 1);
      test.release(new Error('The disk is full.'));
    },
  ];
  for (const fault of faults) {
    const opened = await openReady();
    await fault(opened);
    const { test } = opened;
    await until(() => test.shard.snapshot().state === 'waiting' || test.shard.snapshot().state === 'ended');
    await test.close();

    const shown = JSON.stringify([
      test.log.lines.map((line) => ({ ...line, error: describeError(line.error) })),
      test.states,
      test.shard.snapshot(),
      await test.shard.closed,
      test.points,
    ]);
    expect(shown).not.toContain(token);
    expect(test.log.lines.length).toBeGreaterThan(0);
  }
});
