import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon, until } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  addHook,
  deliveriesOf,
  githubHeaders,
  type Hook,
  postGithub,
  pushBody,
  rawRequest,
} from '../../../test/support/hooks.ts';
import { openConnection, type RawConnection } from '../../../test/support/raw-http.ts';

let daemon: TestDaemon;
let hook: Hook;

beforeAll(async () => {
  daemon = await openDaemon({
    config: { ingress: { headersTimeoutMs: 100, requestTimeoutMs: 200 } },
  });
  hook = await addHook(daemon, { id: 'slow' });
});
afterAll(closeAll);

async function openWith(data: Buffer | string): Promise<RawConnection> {
  const connection = await openConnection(daemon.ingressUrl);
  await connection.write(data);
  return connection;
}

describe('a sender', () => {
  it.each([
    ['says nothing', () => ''],
    ['stops in the request line', () => `POST ${hook.path} HT`],
    ['stops in its headers', () => `POST ${hook.path} HTTP/1.1\r\nhost: x\r\nx-a: b`],
    ['stops before its body', () => rawRequest(`POST ${hook.path}`, { 'content-length': '5' })],
    ['stops in its body', () => rawRequest(`POST ${hook.path}`, { 'content-length': '50' }, 'some')],
    [
      'stops in a chunk',
      () => rawRequest(`POST ${hook.path}`, { 'transfer-encoding': 'chunked' }, '5\r\nhe'),
    ],
  ])('that %s is told so, and let go', async (_what, data) => {
    const connection = await openWith(data());

    const answer = await connection.response();
    await connection.ended;

    expect(answer).toMatchObject({ status: 408, body: '' });
    expect(connection.rest).toBe('');
  });

  it('that drips is let go too', async () => {
    const connection = await openWith(`POST ${hook.path} HTTP/1.1\r\nhost: x\r\n`);
    let isOver = false;
    void connection.ended.then(() => (isOver = true));
    const answering = connection.response();

    for (let line = 0; !isOver; line++) {
      await connection.write(`x-${line}: y\r\n`);
      await Promise.race([connection.ended, new Promise((resolve) => setTimeout(resolve, 20))]);
    }

    expect((await answering)?.status).toBe(408);
  });

  it('that is let go leaves nothing behind', async () => {
    expect(await deliveriesOf(daemon, 'slow')).toEqual([]);
  });

  it('that never closes its side is cut off', async () => {
    const connection = await openConnection(daemon.ingressUrl, { allowHalfOpen: true });
    const closed = new Promise((resolve) => connection.socket.once('close', resolve));

    await connection.write('THIS IS NO HTTP\r\n\r\n');
    const answer = await connection.response();
    await connection.ended;
    // Whoever goes on writing learns that nobody is there.
    const writing = setInterval(() => connection.socket.write('x'), 20);
    await closed;
    clearInterval(writing);

    expect(answer?.status).toBe(400);
  });

  it('that goes away in the middle of its body is forgotten', async () => {
    const connection = await openWith(rawRequest(`POST ${hook.path}`, { 'content-length': '50' }, 'some'));

    connection.socket.resetAndDestroy();
    const { status } = await postGithub(hook);

    expect(status).toBe(202);
    expect(daemon.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('connections', () => {
  it('are taken up to so many, and again when others have ended', async () => {
    const narrow = await openDaemon({ config: { ingress: { connectionsMax: 5 } } });
    const opened: RawConnection[] = [];
    const refused = new Set<RawConnection>();
    while (opened.length < 12) {
      const connection = await openConnection(narrow.ingressUrl);
      opened.push(connection);
      void connection.ended.then(() => refused.add(connection));
    }
    await until(() => refused.size === 7 || undefined);

    const taken = opened.filter((connection) => !refused.has(connection));
    await Promise.all(taken.map((connection) => connection.write(rawRequest('GET /healthz', {}))));
    const answers = await Promise.all(taken.map((connection) => connection.response()));
    for (const { socket } of taken) socket.destroy();
    const after = await until(() => fetch(`${narrow.ingressUrl}/healthz`).catch(() => undefined));

    expect(answers.map((answer) => answer?.status)).toEqual([200, 200, 200, 200, 200]);
    expect(after.status).toBe(200);
    await narrow.stop();
  });
});

describe('a sender that asks before it writes', () => {
  const asking = async (path: string, more: Record<string, string> = {}): Promise<RawConnection> =>
    openWith(
      rawRequest(`POST ${path}`, {
        ...(await githubHeaders()),
        'content-length': String(pushBody.length),
        expect: '100-continue',
        ...more,
      }),
    );

  it('is told to go on, and is answered', async () => {
    const connection = await asking(hook.path);

    const leave = await connection.response();
    await connection.write(pushBody);
    const answer = await connection.response();

    expect([leave?.status, answer?.status]).toEqual([100, 202]);
  });

  it.each([
    ['to a wrong address', () => '/hooks/slow/not-the-token-of-this-hook', {}, 404],
    ['for too much', () => hook.path, { 'content-length': '99999999' }, 413],
    ['for an encoding', () => hook.path, { 'content-encoding': 'gzip' }, 415],
    ['for what nobody knows', () => hook.path, { expect: 'a miracle' }, 417],
  ])('%s is refused before it has written', async (_what, path, more, status) => {
    const connection = await asking(path(), more);

    const answer = await connection.response();

    expect(answer?.status).toBe(status);
    expect(answer?.headers.get('connection')).toBe('close');
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status, title: expect.any(String) });
  });
});

describe('a sender that closes its side when it has said all', () => {
  it('gets every answer, and then the end', async () => {
    const connection = await openConnection(daemon.ingressUrl, { allowHalfOpen: true });
    const headers = await githubHeaders();

    connection.socket.end(
      Buffer.concat([
        rawRequest(`POST ${hook.path}`, headers, pushBody),
        rawRequest(`POST ${hook.path}`, headers, pushBody),
        rawRequest('POST /nowhere', {}),
      ]),
    );
    const answers = [await connection.response(), await connection.response(), await connection.response()];
    await connection.ended;

    expect(answers.map((answer) => answer?.status)).toEqual([202, 202, 404]);
  });

  it('has a connection that ends', async () => {
    const silent = await openConnection(daemon.ingressUrl, { allowHalfOpen: true });
    const answered = await openConnection(daemon.ingressUrl, { allowHalfOpen: true });

    silent.socket.end();
    await answered.write(rawRequest('GET /healthz', {}));
    const answer = await answered.response();
    answered.socket.end();
    await Promise.all([silent.ended, answered.ended]);

    expect([silent.rest, answer?.status, answered.rest]).toEqual(['', 200, '']);
  });

  it('before it has said all is told so', async () => {
    const connection = await openConnection(daemon.ingressUrl, { allowHalfOpen: true });

    connection.socket.end(rawRequest(`POST ${hook.path}`, { 'content-length': '50' }, 'some'));
    const answer = await connection.response();
    await connection.ended;

    expect(answer?.status).toBe(400);
  });
});
