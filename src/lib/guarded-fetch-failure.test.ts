import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  client,
  closeAll,
  closed,
  closedPort,
  closeLater,
  failureOf,
  idle,
  ok,
  openServer,
  request,
} from '../../test/support/egress.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { testTls } from '../../test/support/test-tls.ts';
import { AppError } from '../domain/errors.ts';

afterEach(closeAll);

describe('a failure', () => {
  it('before there is a connection is known not to have been sent', async () => {
    const port = await closedPort();

    const [failure, code, error] = await failureOf(
      client()(request(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x' })),
    );

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
    expect(error.message).toBe(`No connection to 127.0.0.1:${port} (ECONNREFUSED).`);
  });

  it.each([
    [
      'the name is not known',
      () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })),
    ],
    ['the name has no address', () => Promise.resolve([])],
  ])('because %s is known not to have been sent', async (_what, lookup) => {
    const [failure, code] = await failureOf(client({ lookup })(request('http://agent.test/')));

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
  });

  it('because the far side does not speak TLS is known not to have been sent', async () => {
    const plain = await openServer(() => undefined);
    const guardedFetch = client();
    const talking = guardedFetch(request(`https://127.0.0.1:${plain.port}/`));
    while (plain.sockets.size === 0) await new Promise(setImmediate);
    for (const socket of plain.sockets) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');

    const [failure, code] = await failureOf(talking);

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
  });

  it('because the certificate cannot be trusted is known not to have been sent', async () => {
    let handled = 0;
    const server = createTlsServer(testTls, (_request, response) => {
      handled += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closeLater(() => server.close());

    const [failure, code] = await failureOf(
      client()(request(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`)),
    );

    expect([failure, code, handled]).toEqual(['not_sent', 'unavailable', 0]);
  });

  it.each([
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
    ['closed', (socket: Socket) => socket.end()],
    ['answered with nonsense', (socket: Socket) => socket.end('220 smtp.example.org ESMTP\r\n')],
  ])(
    'of a request that was written and then %s may have been applied, and is not sent again',
    async (_what, misbehave) => {
      const server = await openServer(misbehave);

      const [failure, code] = await failureOf(
        client()(request(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' })),
      );

      expect([failure, code]).toEqual(['answer_lost', 'unavailable']);
      expect(server.requests).toHaveLength(1);
    },
  );

  it('of a second request on a connection that dies under it may have been applied, and is not sent again', async () => {
    const server = await openServer((socket, _request, nth) =>
      nth === 1 ? socket.write(ok('first')) : socket.destroy(),
    );
    const guardedFetch = client();
    const post = request(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' });
    await (await guardedFetch(post)).bytes();

    await idle();

    const [failure] = await failureOf(guardedFetch(post));

    expect(failure).toBe('answer_lost');
    expect(server.requests).toHaveLength(2);
    expect(server.connections()).toBe(1);
  });

  it('is none when the server closed the connection between two requests', async () => {
    const server = await openServer((socket, _request, nth) => socket.write(ok(`answer ${nth}`)));
    const guardedFetch = client();
    const post = request(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' });
    await (await guardedFetch(post)).bytes();
    const [kept] = server.sockets;
    kept?.end();
    await closed(kept);

    const response = await guardedFetch(post);

    expect(await response.text()).toBe('answer 2');
    expect(server.connections()).toBe(2);
  });

  it.each([
    ['by length', 'content-length: 100\r\n'],
    ['by length, on a connection that closes', 'content-length: 100\r\nconnection: close\r\n'],
    ['in chunks', 'transfer-encoding: chunked\r\n'],
    ['in chunks, on a connection that closes', 'transfer-encoding: chunked\r\nconnection: close\r\n'],
  ])('in the middle of an answer that is framed %s shows when the body is read', async (_what, headers) => {
    for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
      const server = await openServer((socket) =>
        socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n4\r\nhalf\r\n`),
      );
      const response = await client()(request(`http://127.0.0.1:${server.port}/`));
      for (const socket of server.sockets) end(socket);

      const [failure, code] = await failureOf(response.bytes());

      expect([failure, code]).toEqual(['answer_lost', 'unavailable']);
    }
  });

  it('for a body over the limit comes as soon as it is over, and ends the connection', async () => {
    const server = await openServer((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\n${'x'.repeat(0x400)}\r\n`),
    );
    const response = await client()(request(`http://127.0.0.1:${server.port}/`, { responseBytesMax: 1_023 }));

    const [failure, code] = await failureOf(response.bytes());

    expect([failure, code]).toEqual(['answer_lost', 'too_large']);
    for (const socket of server.sockets) await closed(socket);
  });

  it('does not come for a body of exactly the limit', async () => {
    const server = await openServer((socket) => socket.write(ok('x'.repeat(1_024))));

    const response = await client()(request(`http://127.0.0.1:${server.port}/`, { responseBytesMax: 1_024 }));

    expect(await response.bytes()).toHaveLength(1_024);
  });
});

describe('time', () => {
  it('runs out while the name is looked up: nothing was sent', async () => {
    const clock = new ManualClock();
    const lookup = Promise.withResolvers<undefined>();
    const guardedFetch = client({
      clock,
      lookup: () => {
        lookup.resolve(undefined);
        return new Promise(() => undefined);
      },
    });
    const asked = failureOf(guardedFetch(request('http://agent.test/', { timeoutMs: 5_000 })));
    await lookup.promise;

    clock.advance(5_000);

    expect((await asked).slice(0, 2)).toEqual(['not_sent', 'timeout']);
  });

  it('runs out before the answer begins', async () => {
    const clock = new ManualClock();
    const server = await openServer(() => undefined);
    const asked = failureOf(
      client({ clock })(request(`http://127.0.0.1:${server.port}/`, { timeoutMs: 5_000 })),
    );
    await server.arrived(1);

    clock.advance(5_000);

    const [failure, code, error] = await asked;
    expect([failure, code]).toEqual(['answer_lost', 'timeout']);
    expect(error.message).toBe(`127.0.0.1:${server.port} gave no complete answer within 5000 ms.`);
  });

  it('runs out in the middle of a body that trickles', async () => {
    const clock = new ManualClock();
    const server = await openServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n'),
    );
    const response = await client({ clock })(
      request(`http://127.0.0.1:${server.port}/`, { timeoutMs: 5_000 }),
    );
    const seen: string[] = [];
    const reading = failureOf(
      (async () => {
        for await (const chunk of response.body) {
          seen.push(Buffer.from(chunk).toString());
          if (seen.length === 3) clock.advance(5_000);
          for (const socket of server.sockets) socket.write('1\r\nx\r\n');
        }
      })(),
    );

    expect((await reading).slice(0, 2)).toEqual(['answer_lost', 'timeout']);
    expect(seen.join('')).toMatch(/^x{3,}$/);
    for (const socket of server.sockets) await closed(socket);
  });

  it('runs out for a body that nobody reads, and its connection ends', async () => {
    const clock = new ManualClock();
    const server = await openServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
    );
    await client({ clock })(request(`http://127.0.0.1:${server.port}/`, { timeoutMs: 5_000 }));
    const [socket] = server.sockets;

    clock.advance(5_000);

    await closed(socket);
    expect(server.requests).toHaveLength(1);
  });

  it('is cut short by the caller, whose reason is kept', async () => {
    const server = await openServer(() => undefined);
    const stop = new AbortController();
    const asked = failureOf(client()(request(`http://127.0.0.1:${server.port}/`, { signal: stop.signal })));
    await server.arrived(1);

    stop.abort(new AppError('lease_lost', 'Another worker has it.'));

    const [failure, code, error] = await asked;
    expect([failure, code, error.message]).toEqual(['answer_lost', 'lease_lost', 'Another worker has it.']);
  });

  it('that the caller had cut short before the start sends nothing', async () => {
    const server = await openServer((socket) => socket.write(ok('too late')));

    const [failure, code] = await failureOf(
      client()(request(`http://127.0.0.1:${server.port}/`, { signal: AbortSignal.abort() })),
    );

    expect([failure, code]).toEqual(['not_sent', 'unavailable']);
    expect(server.connections()).toBe(0);
  });

  it('ends for everything that is under way when the client is closed', async () => {
    const server = await openServer(() => undefined);
    const guardedFetch = client();
    const asked = failureOf(guardedFetch(request(`http://127.0.0.1:${server.port}/`)));
    await server.arrived(1);

    await guardedFetch.close();

    expect((await asked)[0]).toBe('answer_lost');
    expect((await failureOf(guardedFetch(request(`http://127.0.0.1:${server.port}/`))))[0]).toBe('not_sent');
  });
});
