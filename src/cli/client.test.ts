import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, closedPort, closeLater } from '../../test/support/egress.ts';
import { errorTable } from '../domain/errors.ts';
import { type ApiClient, createClient } from './client.ts';

afterEach(closeAll);

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A client whose daemon answers by `handler`. */
async function clientOf(handler: Handler, path = ''): Promise<ApiClient> {
  const server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeLater(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const adminUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return createClient({ adminUrl, token: 'palyra_token' });
}

function answer(status: number, body: unknown): Handler {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

describe('a call', () => {
  it('says what it wants as the contract has it', async () => {
    const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = [];
    const api = await clientOf(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      answer(200, { ok: true })(request, response);
    }, '/behind/a/proxy/');

    await api('PUT /secrets/{scope}/{key}', {
      params: { scope: 'channel:echo:default', key: 'a/../b?' },
      body: { value: 'x' },
    });
    await api('GET /dead-letters', { query: { limit: 5 } });
    await api('POST /messages', {
      idempotencyKey: 'k1',
      body: { connector: 'echo:default', conversation: 'r', operation: { op: 'typing' } },
    });

    expect(seen.map(({ method, url }) => [method, url])).toEqual([
      ['PUT', '/behind/a/proxy/admin/v1/secrets/channel%3Aecho%3Adefault/a%2F..%2Fb%3F'],
      ['GET', '/behind/a/proxy/admin/v1/dead-letters?limit=5'],
      ['POST', '/behind/a/proxy/admin/v1/messages'],
    ]);
    expect(seen[0]?.body).toBe('{"value":"x"}');
    expect(seen[2]?.headers).toMatchObject({ 'idempotency-key': 'k1', authorization: 'Bearer palyra_token' });
  });

  it.each(Object.entries(errorTable))('throws the %s that the daemon answers', async (code, { status }) => {
    const api = await clientOf(answer(status, { code, detail: 'Do this.' }));

    await expect(api('GET /status')).rejects.toMatchObject({ code, message: 'Do this.' });
  });

  it.each([
    ['no JSON', (_request, response) => response.writeHead(502).end('<html>bad gateway</html>')],
    ['a code that there is not', answer(502, { code: 'constructor', status: 502 })],
    ['nothing', (_request, response) => response.writeHead(502).end()],
  ] satisfies [string, Handler][])('throws what a proxy in between answers: %s', async (_what, handler) => {
    const api = await clientOf(handler);

    await expect(api('GET /status')).rejects.toMatchObject({
      code: 'internal',
      message: 'The daemon answered 502.',
    });
  });

  it('fails when the answer breaks off', async () => {
    const api = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
    });

    await expect(api('GET /status')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('broke off'),
    });
  });

  it('fails when nobody listens, and shows no token', async () => {
    const api = createClient({ adminUrl: `http://127.0.0.1:${await closedPort()}`, token: 'palyra_token' });

    const error: unknown = await api('GET /status').catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'unavailable' });
    expect((error as Error).message).not.toContain('palyra_token');
  });
});

describe('the event stream', () => {
  it('gives each entry once, however the bytes are cut', async () => {
    const entries = [{ id: '1', text: 'é\n\n😀' }, { id: '2' }, { id: '3' }];
    const bytes = Buffer.from(
      `: connected\n\n${entries.map((entry) => `id: ${entry.id}\nevent: x\ndata: ${JSON.stringify(entry)}\n\n`).join(': still here\n\n')}`,
    );
    const api = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    });

    const seen: unknown[] = [];
    for await (const entry of api.stream({}, new AbortController().signal)) seen.push(entry);

    expect(seen).toEqual(entries);
  });

  it('throws what the daemon answers instead', async () => {
    const api = await clientOf(answer(403, { code: 'forbidden', detail: 'No.' }));

    const first = api.stream({}, new AbortController().signal).next();

    await expect(first).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('ends when its signal aborts', async () => {
    const stop = new AbortController();
    const api = await clientOf((_request, response) => {
      response.writeHead(200);
      response.write('data: {"id":"1"}\n\n');
    });

    const stream = api.stream({ after: '7' }, stop.signal);
    const first = await stream.next();
    stop.abort();

    expect(first.value).toEqual({ id: '1' });
    await expect(stream.next()).rejects.toThrow();
  });
});
