import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, closedPort, ok, openServer } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { AppError } from '../../../domain/errors.ts';
import { followUp, http, post, restAt, serve, signal } from './rest.fixture.ts';

afterEach(closeAll);

const never = (): void => undefined;

describe('a call', () => {
  it('carries the token, the user agent, the type and the body', async () => {
    const server = await serve(ok('{"id":"5"}'));

    const answer = await restAt(server.port).call(post({ auditReason: 'tidy ü' }), signal);

    expect(answer).toEqual({ kind: 'ok', status: 200, body: { id: '5' } });
    const [head, body] = (server.requests[0] ?? '').split('\r\n\r\n');
    expect(head).toMatch(/^POST \/api\/v10\/channels\/1\/messages HTTP/);
    expect(head).toContain('authorization: Bot the-token');
    expect(head).toContain('user-agent: DiscordBot (https://palyra.test, 1)');
    expect(head).toContain('content-type: application/json');
    expect(head).toContain('x-audit-log-reason: tidy%20%C3%BC');
    expect(body).toBe('{"content":"hello"}');
  });

  it('sends files as multipart', async () => {
    const server = await serve(ok('{"id":"5"}'));

    await restAt(server.port).call(
      post({ files: [{ name: 'a.txt', contentType: 'text/plain', bytes: Buffer.from('file!') }] }),
      signal,
    );

    expect(server.requests[0]).toMatch(/content-type: multipart\/form-data; boundary=palyra-/);
    expect(server.requests[0]).toMatch(
      /name="payload_json"[^]*{"content":"hello"}[^]*filename="a\.txt"[^]*file!/,
    );
  });

  it('without a credential carries none', async () => {
    const server = await serve(ok('{"id":"5"}'));

    await restAt(server.port, { token: () => Promise.reject(new Error('Not asked for.')) }).call(
      followUp('t'),
      signal,
    );

    expect(server.requests[0]).not.toMatch(/authorization/i);
  });

  it('passes on why there is no token, and sends nothing', async () => {
    const server = await serve(ok('{}'));
    const locked = new AppError('vault_locked', 'Locked.');

    const call = restAt(server.port, { token: () => Promise.reject(locked) }).call(post(), signal);

    await expect(call).rejects.toBe(locked);
    expect(server.requests).toEqual([]);
  });

  it('says of an error what is wrong with which field, and nothing that somebody wrote', async () => {
    const error = {
      code: 50035,
      message: 'Invalid Form Body: my secret diary',
      errors: {
        content: { _errors: [{ code: 'X', message: 'my secret diary' }] },
        'my secret': { _errors: [] },
      },
    };
    const server = await serve(http(400, error));

    const answer = await restAt(server.port).call(post(), signal);

    expect(answer).toEqual({
      kind: 'refused',
      status: 400,
      code: 50035,
      detail: 'Discord does not take the message as it is. Wrong: content. (HTTP 400, code 50035)',
      fields: ['content'],
      sent: true,
    });
  });

  it('shows no token of an interaction, whatever goes wrong', async () => {
    const server = await serve(
      http(404, { code: 10062, message: 'x' }),
      http(500, 'secret-of-the-interaction'),
    );
    const rest = restAt(server.port);
    const gone = restAt(await closedPort());

    const answers = [
      await rest.call(followUp('secret-of-the-interaction'), signal),
      await rest.call(followUp('secret-of-the-interaction'), signal),
      await gone.call(followUp('secret-of-the-interaction'), signal),
    ];

    expect(answers.map(({ kind }) => kind)).toEqual(['refused', 'failed', 'failed']);
    expect(JSON.stringify([answers, rest.snapshot()])).not.toContain('secret-of');
  });
});

describe('how far a call came', () => {
  it('is nowhere when nobody listens', async () => {
    const answer = await restAt(await closedPort()).call(post(), signal);

    expect(answer).toMatchObject({ kind: 'failed', sent: false });
  });

  it('is not known when the connection breaks before the answer', async () => {
    const server = await openServer((socket) => socket.destroy());

    const answer = await restAt(server.port).call(post(), signal);

    expect(answer).toMatchObject({ kind: 'failed', sent: true });
  });

  it('is not known when the answer breaks off, though it began well', async () => {
    const server = await openServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"id":'),
    );

    const answer = await restAt(server.port).call(post(), signal);

    expect(answer).toMatchObject({ kind: 'failed', sent: true, status: 200 });
  });

  it.each([500, 502, 503, 520])('is not known after a %i', async (status) => {
    const server = await serve(http(status, '<html>', { 'retry-after': '3' }));

    const answer = await restAt(server.port).call(post(), signal);

    expect(answer).toMatchObject({ kind: 'failed', sent: true, status, afterMs: 3_000 });
  });

  it('is nowhere when it was called off before, and not known when called off in the middle', async () => {
    const server = await openServer(never);
    const rest = restAt(server.port);
    const stop = new AbortController();

    const early = await rest.call(post(), AbortSignal.abort());
    const running = rest.call(post(), stop.signal);
    await server.arrived(1);
    stop.abort();

    expect(early).toMatchObject({ kind: 'failed', sent: false });
    expect(await running).toMatchObject({ kind: 'failed', sent: true });
  });

  it('is nowhere when the guard forbids it, and will not change', async () => {
    const server = await serve(ok('{}'));
    const policy = { hosts: ['127.0.0.1'], allowPrivate: false, allowHttp: true };

    const answer = await restAt(server.port, { policy }).call(post(), signal);

    expect(answer).toMatchObject({ kind: 'failed', sent: false, forbidden: true });
    expect(server.requests).toEqual([]);
  });

  it('is an answer, and a wrong address, when the server redirects', async () => {
    const server = await serve(http(301, '', { location: 'https://elsewhere.test/' }));

    const answer = await restAt(server.port).call(post(), signal);

    expect(answer).toMatchObject({
      kind: 'refused',
      status: 301,
      detail: expect.stringContaining('apiBaseUrl') as string,
    });
  });
});

describe('limits', () => {
  it('are not charged for a request that was not sent', async () => {
    const headers = {
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset-after': '60',
    };
    const server = await serve(http(200, { id: '5' }, headers));
    const rest = restAt(server.port);
    await rest.call(post(), signal);

    const unsent = await rest.call(post(), AbortSignal.abort());
    const answer = await rest.call(post(), signal);

    expect([unsent, answer]).toMatchObject([{ kind: 'failed', sent: false }, { kind: 'ok' }]);
  });

  it('hold back the next call here, so that nothing leaves', async () => {
    const clock = new ManualClock();
    const headers = {
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': '2.5',
      'x-ratelimit-bucket': 'b',
    };
    const server = await serve(http(200, { id: '5' }, headers));
    const rest = restAt(server.port, { clock });
    await rest.call(post(), signal);

    const held = await rest.call(post(), signal);
    clock.advance(2_500);
    const after = await rest.call(post(), signal);

    expect(held).toEqual({ kind: 'wait', afterMs: 2_500, scope: 'bucket', sent: false });
    expect(after.kind).toBe('ok');
    expect(server.requests).toHaveLength(2);
  });

  it('that the platform tells by a 429 are kept for as long', async () => {
    const clock = new ManualClock();
    const limited = http(
      429,
      { retry_after: 64.57, global: false },
      { 'retry-after': '65', 'x-ratelimit-scope': 'user' },
    );
    const server = await serve(limited, ok('{"id":"5"}'));
    const rest = restAt(server.port, { clock });

    const first = await rest.call(post(), signal);
    const held = await rest.call(post(), signal);
    clock.advance(65_000);
    const after = await rest.call(post(), signal);

    expect(first).toEqual({ kind: 'wait', afterMs: 65_000, scope: 'bucket', sent: true });
    expect(held).toEqual({ kind: 'wait', afterMs: 65_000, scope: 'bucket', sent: false });
    expect(after.kind).toBe('ok');
  });

  it('by the proxy before the API stop everything', async () => {
    const server = await serve(http(429, '<html>banned</html>', { 'retry-after': '900' }));
    const rest = restAt(server.port);

    const banned = await rest.call(post(), signal);
    const elsewhere = await rest.call(post({ params: { channel: '2' } }), signal);

    expect([banned, elsewhere]).toMatchObject([
      { kind: 'wait', afterMs: 900_000, scope: 'global', sent: true },
      { kind: 'wait', afterMs: 900_000, scope: 'global', sent: false },
    ]);
  });

  it('take an index that is not ready for a wait', async () => {
    const server = await serve(http(202, { code: 110000, message: 'x', retry_after: 2 }));

    const answer = await restAt(server.port).call(post({ method: 'GET', json: undefined }), signal);

    expect(answer).toEqual({ kind: 'wait', afterMs: 2_000, scope: 'bucket', sent: true });
  });
});
