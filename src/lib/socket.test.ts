import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeAll, closedPort, closeLater, failureOf, openServer } from '../../test/support/egress.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { testTls } from '../../test/support/test-tls.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from './clock.ts';
import { describeError } from './logger.ts';
import { Redactor } from './redact.ts';
import { checkSocketUrl, type ConnectSocketDeps, createConnectSocket, type SocketRequest } from './socket.ts';

afterEach(closeAll);

const lax = { hosts: ['127.0.0.1', '*.test'], allowPrivate: true, allowHttp: true };

async function openWsServer(greet: (peer: WebSocket) => void = () => undefined): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (peer) => {
    peer.on('error', () => undefined);
    greet(peer);
  });
  await once(server, 'listening');
  closeLater(() => {
    for (const peer of server.clients) peer.terminate();
    server.close();
  });
  return server;
}

function urlOf(server: WebSocketServer, host = '127.0.0.1'): string {
  return `ws://${host}:${(server.address() as AddressInfo).port}/path?query=1`;
}

function connect(
  url: string,
  given: Partial<SocketRequest> = {},
  deps: Partial<ConnectSocketDeps> = {},
): ReturnType<ReturnType<typeof createConnectSocket>> {
  return createConnectSocket({ redactor: new Redactor(), clock: systemClock, ...deps })({
    url,
    policy: lax,
    signal: new AbortController().signal,
    timeoutMs: 20_000,
    messageBytesMax: 1_000,
    ...given,
  });
}

/** The next `count` messages, as text. */
function messages(socket: Awaited<ReturnType<typeof connect>>, count: number): Promise<readonly string[]> {
  const got: string[] = [];
  return new Promise((resolve) => {
    socket.onMessage((data, isBinary) => {
      got.push(`${isBinary ? 'binary ' : ''}${data.toString()}`);
      if (got.length === count) resolve(got);
    });
  });
}

describe('an open socket', () => {
  it('carries text both ways, and does not miss what came before anybody listened', async () => {
    const server = await openWsServer((peer) => {
      peer.send('hello');
      peer.on('message', (data) => peer.send(Buffer.from(`you said ${(data as Buffer).toString()}`)));
    });

    const socket = await connect(urlOf(server));
    await new Promise((resolve) => setImmediate(resolve));
    const got = messages(socket, 2);
    socket.send('hé');

    expect(await got).toEqual(['hello', 'binary you said hé']);
  });

  it('asks for no compression of its own', async () => {
    const server = await openWsServer();
    const upgrade = once(server, 'connection') as Promise<[WebSocket, { headers: Record<string, string> }]>;

    await connect(urlOf(server));

    expect((await upgrade)[1].headers['sec-websocket-extensions']).toBeUndefined();
  });

  it('says with which code and words the other side closed', async () => {
    const server = await openWsServer((peer) => peer.close(4004, 'no good'));

    const socket = await connect(urlOf(server));
    socket.onMessage(() => undefined);

    expect(await socket.closed).toEqual({ code: 4004, reason: 'no good' });
  });

  it('ends with 1006 when the connection breaks', async () => {
    const server = await openWsServer((peer) => peer.terminate());

    const socket = await connect(urlOf(server));
    socket.onMessage(() => undefined);

    expect((await socket.closed).code).toBe(1006);
  });

  it('ends with 1009 at a message over the limit', async () => {
    const server = await openWsServer((peer) => peer.send('x'.repeat(1_001)));
    const got: Buffer[] = [];

    const socket = await connect(urlOf(server));
    socket.onMessage((data) => got.push(data));

    expect((await socket.closed).code).toBe(1009);
    expect(got).toEqual([]);
  });

  it('takes secrets out of the words of the other side', async () => {
    const server = await openWsServer((peer) => peer.close(4004, 'bad token made-up-token'));
    const redactor = new Redactor();
    redactor.add('made-up-token');

    const socket = await connect(urlOf(server), {}, { redactor });
    socket.onMessage(() => undefined);

    expect((await socket.closed).reason).toBe('bad token [secret]');
  });
});

describe('a paused socket', () => {
  it('reads no more than the chunk that it has, and goes on where it was', async () => {
    const count = 20_000;
    const text = 'x'.repeat(900);
    const server = await openWsServer((peer) => {
      for (let index = 0; index < count; index++) peer.send(`${index} ${text}`);
    });
    const got: number[] = [];

    const socket = await connect(urlOf(server));
    const first = new Promise<void>((resolve) => {
      socket.onMessage((data) => {
        socket.pause();
        got.push(Number(data.toString().split(' ')[0]));
        resolve();
      });
    });
    await first;
    for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
    const whilePaused = got.length;
    while (got.length < count) {
      socket.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(whilePaused).toBeLessThan(count / 10);
    expect(got).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it('can be closed all the same', async () => {
    const server = await openWsServer((peer) => peer.send('x'));

    // On a clock that stands still, so that nobody loses patience.
    const socket = await connect(urlOf(server), {}, { clock: new ManualClock() });
    socket.pause();
    socket.onMessage(() => undefined);
    socket.close(4900, 'bye');

    expect((await socket.closed).code).toBe(4900);
  });
});

describe('closing', () => {
  it('tells the other side the code, and hands on nothing more', async () => {
    const heard = Promise.withResolvers<readonly [number, string]>();
    const server = await openWsServer((peer) => {
      peer.on('close', (code, reason) => heard.resolve([code, reason.toString()]));
      peer.send('one');
    });
    const got: string[] = [];

    const socket = await connect(urlOf(server));
    socket.close(4900, 'restart');
    socket.onMessage((data) => got.push(data.toString()));
    socket.send('too late');
    await socket.closed;

    expect(await heard.promise).toEqual([4900, 'restart']);
    expect(got).toEqual([]);
  });

  it('does not wait for another side that says nothing', async () => {
    const server = await openWsServer((peer) => peer.pause());
    const clock = new ManualClock();

    const socket = await connect(urlOf(server), {}, { clock });
    socket.onMessage(() => undefined);
    socket.close(4900);
    clock.advance(2_000);

    expect((await socket.closed).code).toBe(1006);
    expect(clock.pending).toBe(0);
  });
});

describe('a URL that is not to be opened', () => {
  it.each([
    ['http://127.0.0.1/', 'invalid_request'],
    ['wss:127.0.0.1', 'invalid_request'],
    ['wss://user:made-up@127.0.0.1/', 'invalid_request'],
    ['wss://elsewhere.example/?token=made-up', 'forbidden'],
    ['', 'invalid_request'],
  ])('is refused: %s', async (url, code) => {
    const [failure, got, error] = await failureOf(connect(url));

    expect([failure, got]).toEqual(['refused', code]);
    expect(describeError(error)).not.toContain('made-up');
  });

  it('is refused when it is not encrypted, unless plain HTTP is allowed', () => {
    const strict = { hosts: ['gateway.test'], allowPrivate: false, allowHttp: false };

    expect(() => checkSocketUrl('ws://gateway.test/', strict)).toThrow('Only wss');
    expect(checkSocketUrl('WSS://gateway.test/?v=10#x', strict).href).toBe('https://gateway.test/?v=10');
  });

  it('is refused when its name stands for a private address', async () => {
    const server = await openWsServer();

    const [failure, code] = await failureOf(
      connect(
        urlOf(server, 'gateway.test'),
        { policy: { ...lax, allowPrivate: false } },
        { lookup: async () => ['127.0.0.1'] },
      ),
    );

    expect([failure, code]).toEqual(['refused', 'forbidden']);
    expect(server.clients.size).toBe(0);
  });
});

describe('an opening that fails', () => {
  it('says that nobody listens', async () => {
    const [failure, code, error] = await failureOf(
      connect(`ws://127.0.0.1:${await closedPort()}/?a=made-up`),
    );

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
    expect(error.message).toContain('ECONNREFUSED');
    expect(describeError(error)).not.toContain('made-up');
  });

  it('says what was answered instead, and does not go where it is sent', async () => {
    const elsewhere = await openWsServer();
    const server = await openServer((socket) =>
      socket.write(`HTTP/1.1 302 Found\r\nlocation: ${urlOf(elsewhere)}\r\ncontent-length: 0\r\n\r\n`),
    );

    const [failure, code, error] = await failureOf(connect(`ws://127.0.0.1:${server.port}/`));

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
    expect(error.message).toContain('answered 302');
    expect(elsewhere.clients.size).toBe(0);
  });

  it.each([
    [
      'a handshake that is none',
      'HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    ],
    ['something that is not HTTP', 'SSH-2.0-nothing\r\n\r\n'],
  ])('is an error with %s', async (_what, answer) => {
    const server = await openServer((socket) => socket.end(answer));

    const [failure, code] = await failureOf(connect(`ws://127.0.0.1:${server.port}/`));

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
  });

  it('gives up when the time is up', async () => {
    const clock = new ManualClock();
    const server = await openServer(() => undefined);

    const failing = failureOf(connect(`ws://127.0.0.1:${server.port}/`, { timeoutMs: 15_000 }, { clock }));
    await server.arrived(1);
    clock.advance(15_000);
    const [failure, code, error] = await failing;

    expect([failure, code]).toEqual(['not_sent', 'timeout']);
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+ opened no socket within 15000 ms\.$/);
    expect(clock.pending).toBe(0);
  });

  it('gives up when it is told to, with the reason that it was given', async () => {
    const controller = new AbortController();
    const server = await openServer(() => undefined);

    const failing = failureOf(connect(`ws://127.0.0.1:${server.port}/`, { signal: controller.signal }));
    await server.arrived(1);
    controller.abort(new AppError('conflict', 'The connector was stopped.'));

    expect((await failing)[1]).toBe('conflict');
  });

  it('insists on a certificate that it can verify, for the name that was asked for', async () => {
    const tls = createTlsServer(testTls).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    closeLater(() => tls.close());
    const server = new WebSocketServer({ server: tls });
    closeLater(() => {
      for (const peer of server.clients) peer.terminate();
      server.close();
    });
    const { port } = tls.address() as AddressInfo;
    const lookup = async (): Promise<readonly string[]> => ['127.0.0.1'];

    const untrusted = await failureOf(connect(`wss://agent.test:${port}/`, {}, { lookup }));
    const usual = getCACertificates();
    setDefaultCACertificates([...usual, testTls.cert]);
    closeLater(() => setDefaultCACertificates(usual));
    const socket = await connect(`wss://agent.test:${port}/`, {}, { lookup });
    const impostor = await failureOf(connect(`wss://other.test:${port}/`, {}, { lookup }));

    expect(untrusted.slice(0, 2)).toEqual(['not_sent', 'unavailable']);
    expect(impostor[2].message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    socket.terminate();
    expect((await socket.closed).code).toBe(1006);
  });
});
