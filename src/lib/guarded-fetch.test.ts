import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
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
import type { TcpServer } from '../../test/support/tcp-server.ts';
import { testTls } from '../../test/support/test-tls.ts';
import { describeError } from './logger.ts';
import { Redactor } from './redact.ts';

afterEach(closeAll);

const publicOnly = { hosts: ['agent.test'], allowPrivate: false, allowHttp: true };

describe('an answer', () => {
  it('has status, headers and body', async () => {
    const server = await openServer((socket) => socket.write(ok('héllo', 'X-Twice: a\r\nx-twice: b\r\n')));

    const response = await client()(request(`http://127.0.0.1:${server.port}/path?query=1`));

    expect(response.status).toBe(200);
    expect(response.headers['x-twice']).toBe('a, b');
    expect(await response.text()).toBe('héllo');
    expect(server.requests[0]).toMatch(/^GET \/path\?query=1 HTTP\/1\.1\r\n/);
  });

  it('comes after any number of hints that it is under way', async () => {
    const server = await openServer((socket) =>
      socket.write(
        `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('done')}`,
      ),
    );

    const response = await client()(request(`http://127.0.0.1:${server.port}/`));

    expect(await response.text()).toBe('done');
  });

  it('can be read once', async () => {
    const server = await openServer((socket) => socket.write(ok('once')));
    const response = await client()(request(`http://127.0.0.1:${server.port}/`));

    await response.bytes();

    await expect(response.bytes()).rejects.toThrow('can be read once');
  });

  it('is handed on as it came: nothing asks for compression, nothing is decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const server = await openServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    });

    const response = await client()(request(`http://127.0.0.1:${server.port}/`));

    expect(Buffer.from(await response.bytes())).toEqual(bomb);
    expect(server.requests[0]).not.toMatch(/accept-encoding/i);
  });

  it(
    'can come over IPv6',
    {
      skip: !Object.values(networkInterfaces())
        .flat()
        .some((net) => net?.address === '::1'),
    },
    async () => {
      const server = await openServer((socket) => socket.write(ok('six')), '::1');

      const response = await client()(request(`http://[::1]:${server.port}/`));

      expect(await response.text()).toBe('six');
    },
  );

  it('that is discarded frees its connection and takes its timer with it', async () => {
    const clock = new ManualClock();
    const server = await openServer((socket) => socket.write(ok('x'.repeat(10_000))));
    const guardedFetch = client({ clock });

    const first = await guardedFetch(request(`http://127.0.0.1:${server.port}/`));
    first.discard();
    await idle();
    expect(clock.pending).toBe(0);
    const second = await guardedFetch(request(`http://127.0.0.1:${server.port}/`));

    expect(await second.text()).toHaveLength(10_000);
    expect(server.connections()).toBe(1);
  });

  it('that is discarded and long ends with its connection', async () => {
    const server = await openServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n');
      socket.write(Buffer.alloc(200_000));
    });
    const response = await client()(request(`http://127.0.0.1:${server.port}/`));
    const [socket] = server.sockets;

    response.discard();

    await closed(socket);
    expect(server.requests).toHaveLength(1);
  });

  it('does not run far ahead of its reader', async () => {
    const size = 64 * 1024 * 1024;
    const server = await openServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size));
    });

    const response = await client()(request(`http://127.0.0.1:${server.port}/`, { responseBytesMax: size }));
    for (let round = 0; round < 20; round++) await idle();
    const [socket] = server.sockets;

    expect(socket?.writableLength).toBeGreaterThan(size / 2);
    expect(await response.bytes()).toHaveLength(size);
  });

  it('takes its timer with it', async () => {
    const clock = new ManualClock();
    const server = await openServer((socket) => socket.write(ok('done')));

    const response = await client({ clock })(request(`http://127.0.0.1:${server.port}/`));
    await response.bytes();
    await new Promise(setImmediate);

    expect(clock.pending).toBe(0);
  });
});

describe('the address', () => {
  it('that was checked is the one that is connected to, though the name changes its mind', async () => {
    const checked = await openServer((socket) => socket.write(ok('checked')));
    await openServer((socket) => socket.write(ok('rebound')), '127.0.0.2', checked.port);
    const answers = ['127.0.0.1', '127.0.0.2'];
    let asked = 0;

    const response = await client({ lookup: async () => [answers[asked++] ?? ''] })(
      request(`http://agent.test:${checked.port}/`),
    );

    expect(await response.text()).toBe('checked');
    expect(asked).toBe(1);
  });

  it.each([[['127.0.0.1']], [['127.0.0.1', '8.8.8.8']], [['::ffff:127.0.0.1']]])(
    'is refused when the name stands for %j',
    async (addresses) => {
      const server = await openServer((socket) => socket.write(ok('private')));
      const guardedFetch = client({ lookup: async () => addresses });

      const [failure, code, error] = await failureOf(
        guardedFetch(request(`http://agent.test:${server.port}/`, { policy: publicOnly })),
      );

      expect([failure, code, error.message]).toEqual([
        'refused',
        'forbidden',
        'Not sent to agent.test: its address is private or reserved.',
      ]);
      expect(server.connections()).toBe(0);
    },
  );

  it('is checked for a strict request even when a lax one has a connection open', async () => {
    const server = await openServer((socket) => socket.write(ok('private')));
    const guardedFetch = client({ lookup: async () => ['127.0.0.1'] });
    const url = `http://agent.test:${server.port}/`;
    await (await guardedFetch(request(url))).bytes();

    const [failure] = await failureOf(guardedFetch(request(url, { policy: publicOnly })));

    expect(failure).toBe('refused');
    expect(server.requests).toHaveLength(1);
  });

  it('changes nothing about the name that the certificate must carry', async () => {
    const server = createTlsServer(testTls, (_request, response) => response.end('secure')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    closeLater(() => server.close());
    const { port } = server.address() as AddressInfo;
    const usual = getCACertificates();
    setDefaultCACertificates([...usual, testTls.cert]);
    closeLater(() => setDefaultCACertificates(usual));
    const guardedFetch = client({ lookup: async () => ['127.0.0.1'] });

    const response = await guardedFetch(request(`https://agent.test:${port}/`));
    const impostor = await failureOf(guardedFetch(request(`https://other.test:${port}/`)));

    expect(await response.text()).toBe('secure');
    expect(impostor.slice(0, 2)).toEqual(['not_sent', 'unavailable']);
    expect(impostor[2].message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('a redirect', () => {
  const redirecting = (location: () => string, status = 302): Promise<TcpServer> =>
    openServer((socket, _request, nth) =>
      socket.write(
        nth === 1
          ? `HTTP/1.1 ${status} Found\r\nlocation: ${location()}\r\ncontent-length: 4\r\n\r\ngone`
          : ok('arrived'),
      ),
    );
  const credentials = {
    authorization: 'Bearer secret',
    cookie: 'a=b',
    'x-api-key': 'secret',
    'user-agent': 'palyra',
  };

  it('is the answer, unless the caller wants it followed', async () => {
    const server = await redirecting(() => '/next');

    const response = await client()(request(`http://127.0.0.1:${server.port}/`));

    expect(response.status).toBe(302);
    expect(await response.text()).toBe('gone');
  });

  it('keeps credentials on the same origin and drops them on the way to another', async () => {
    const other = await openServer((socket) => socket.write(ok('elsewhere')));
    const server = await openServer((socket, _request, nth) =>
      socket.write(
        `HTTP/1.1 302 Found\r\nlocation: ${nth === 1 ? '/two' : `http://127.0.0.1:${other.port}/three`}\r\ncontent-length: 0\r\n\r\n`,
      ),
    );

    const response = await client()(
      request(`http://127.0.0.1:${server.port}/one`, { headers: credentials, redirectsMax: 2 }),
    );

    expect(await response.text()).toBe('elsewhere');
    expect(server.requests[1]).toMatch(/authorization: Bearer secret/);
    expect(other.requests[0]).toMatch(/user-agent: palyra/);
    expect(other.requests[0]).not.toMatch(/secret|cookie/);
  });

  it.each([
    ['a host that is not on the list', 'http://elsewhere.example/', 'forbidden'],
    ['the same without its scheme', '//elsewhere.example/', 'forbidden'],
    ['another scheme', 'file:///etc/passwd', 'invalid_request'],
    ['an oddly written address', 'http://0x7f.1/', 'invalid_request'],
    ['a URL with credentials', 'http://user:password@127.0.0.1/', 'invalid_request'],
    ['nowhere', 'http://', 'invalid_request'],
  ])('to %s is refused', async (_what, location, code) => {
    const server = await redirecting(() => location);

    const [failure, refusal] = await failureOf(
      client()(request(`http://127.0.0.1:${server.port}/`, { redirectsMax: 3 })),
    );

    expect([failure, refusal]).toEqual(['refused', code]);
    expect(server.requests).toHaveLength(1);
  });

  it('is refused after the last that is allowed', async () => {
    const server = await openServer((socket) =>
      socket.write('HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n'),
    );

    const [failure] = await failureOf(
      client()(request(`http://127.0.0.1:${server.port}/`, { redirectsMax: 3 })),
    );

    expect(failure).toBe('refused');
    expect(server.requests).toHaveLength(4);
  });

  it('does not make it look as if nothing had been sent when the next hop cannot be reached', async () => {
    const gone = await closedPort();
    const server = await redirecting(() => `http://127.0.0.1:${gone}/`, 303);

    const [failure] = await failureOf(
      client()(request(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x', redirectsMax: 1 })),
    );

    expect(failure).toBe('answer_lost');
  });
});

describe('a request', () => {
  it.each([
    ['a host of its own', { host: 'internal.test' }],
    ['a length of its own', { 'Content-Length': '1' }],
    ['a wish for compression', { 'accept-encoding': 'gzip' }],
    ['a line break in a value', { 'x-a': 'b\r\nx-c: d' }],
    ['a line break in a name', { 'x-a\r\nx-c': 'd' }],
    ['a null character', { 'x-a': '\0' }],
  ])('with %s in its headers is refused', async (_what, headers) => {
    const server = await openServer((socket) => socket.write(ok('')));

    const [failure, code] = await failureOf(
      client()(request(`http://127.0.0.1:${server.port}/`, { headers })),
    );

    expect([failure, code]).toEqual(['refused', 'invalid_request']);
    expect(server.requests).toHaveLength(0);
  });

  it('that fails gives away nothing of its path, query, headers or body', async () => {
    const secret = 'tok-5f3c9a7e21';
    const redactor = new Redactor();
    redactor.add(secret);
    const broken = await openServer((socket) => socket.end(`nonsense ${secret}\r\n\r\n`));
    const closed = await closedPort();
    const silent = await openServer((socket) => socket.destroy());
    const guardedFetch = client({ redactor, lookup: () => Promise.reject(new Error(`lookup of ${secret}`)) });
    const path = `bot${secret}/send?key=${secret}#${secret}`;
    const urls = [
      `http://127.0.0.1:${broken.port}/${path}`,
      `http://127.0.0.1:${closed}/${path}`,
      `http://127.0.0.1:${silent.port}/${path}`,
      `https://127.0.0.1:${closed}/${path}`,
      `http://elsewhere.example/${path}`,
      `http://agent.test/${path}`,
      `http://user:${secret}@agent.test/`,
      `http://agent.test/\n${secret}`,
      `http://[${secret}]/`,
    ];

    for (const url of urls) {
      const [, , error] = await failureOf(
        guardedFetch(request(url, { method: 'POST', headers: { authorization: secret }, body: secret })),
      );

      expect(describeError(error)).not.toContain(secret);
    }
  });
});
