import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeAll, closeLater } from '../../../test/support/egress.ts';
import { rawRequest } from '../../../test/support/hooks.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { openConnection, type RawConnection } from '../../../test/support/raw-http.ts';
import { RecordingLog } from '../../../test/support/recording-log.ts';
import { Histogram } from '../../lib/metrics.ts';
import { createIngressServer } from './server.ts';

let clock: ManualClock;
let log: RecordingLog;
let url: string;
let find: () => undefined;

/** The listener alone, on a clock that stands still, with no integration behind it. */
beforeEach(async () => {
  clock = new ManualClock();
  log = new RecordingLog();
  find = () => undefined;
  const server = createIngressServer({
    findIntegration: () => find(),
    receiver: { receive: () => Promise.reject(new Error('Nothing is received here.')) },
    isTrustedProxy: () => false,
    clock,
    log,
    acknowledgedIn: new Histogram(),
    settings: {
      headersTimeoutMs: 60_000,
      requestTimeoutMs: 60_000,
      bodiesBytesMax: 1_000_000,
      connectionsMax: 10,
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeLater(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(closeAll);

function isOver(connection: RawConnection): () => boolean {
  let over = false;
  void connection.ended.then(() => (over = true));
  return () => over;
}

describe('a sender that is refused', () => {
  const unfinished = rawRequest('POST /nowhere', { 'content-length': '1000' }, 'x'.repeat(500));

  it('hears of it before it has finished, and may finish', async () => {
    const connection = await openConnection(url);
    const over = isOver(connection);

    await connection.write(unfinished);
    const answer = await connection.response();
    const overTooEarly = over();
    await connection.write('x'.repeat(500));
    await connection.ended;

    expect(answer).toMatchObject({ status: 404 });
    expect(overTooEarly).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('is cut off when it takes too long to finish', async () => {
    const connection = await openConnection(url);

    await connection.write(unfinished);
    const answer = await connection.response();
    clock.advance(2_000);
    await connection.ended;

    expect(answer?.status).toBe(404);
  });

  it('is cut off when there is too much that it has to say', async () => {
    const connection = await openConnection(url);
    await connection.write(rawRequest('POST /nowhere', { 'content-length': '999999999' }));
    const answer = await connection.response();
    const over = isOver(connection);

    while (!over()) await Promise.race([connection.write('x'.repeat(0x10000)), connection.ended]);

    expect(answer?.status).toBe(404);
  });
});

describe('a connection on which something broke', () => {
  it('is over for writing at once, and soon for good', async () => {
    const connection = await openConnection(url, { allowHalfOpen: true });
    const closed = new Promise((resolve) => connection.socket.once('close', resolve));

    await connection.write('THIS IS NO HTTP\r\n\r\n');
    const answer = await connection.response();
    await connection.ended;
    const lingers = clock.pending;
    clock.advance(1_000);
    const writing = setInterval(() => connection.socket.write('x'), 10);
    await closed;
    clearInterval(writing);

    expect([answer?.status, lingers]).toEqual([400, 1]);
  });

  it('leaves no timer behind when the sender closes it', async () => {
    const connection = await openConnection(url);

    await connection.write('THIS IS NO HTTP\r\n\r\n');
    await connection.ended;
    connection.socket.destroy();
    while (clock.pending > 0) await new Promise(setImmediate);

    expect(clock.pending).toBe(0);
  });
});

describe('a bug', () => {
  it('costs one answer, says nothing of itself to the sender, and everything to the log', async () => {
    find = () => {
      throw new TypeError('nobody thought of this');
    };
    const connection = await openConnection(url);

    await connection.write(rawRequest('POST /hooks/x/aaaaaaaaaaaaaaaaaaaaaaaaaa', {}));
    const answer = await connection.response();
    find = () => undefined;
    const other = await openConnection(url);
    await other.write(rawRequest('GET /healthz', {}));

    expect(answer?.status).toBe(500);
    expect(answer?.body).not.toContain('thought');
    expect((await other.response())?.status).toBe(200);
    expect(log.lines).toMatchObject([
      { level: 'error', event: 'ingress.failed', error: { name: 'TypeError' } },
    ]);
  });
});
