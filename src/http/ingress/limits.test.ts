import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../domain/limits.ts';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  addHook,
  deliveriesOf,
  eventsOf,
  githubHeaders,
  type HeaderList,
  type Hook,
  postGithub,
  pushBody,
  rawRequest,
  send,
} from '../../../test/support/hooks.ts';
import { openConnection } from '../../../test/support/raw-http.ts';

const bytesMax = 1_000;
let daemon: TestDaemon;
let hook: Hook;

beforeAll(async () => {
  daemon = await openDaemon();
  hook = await addHook(daemon, { id: 'capped', payloadBytesMax: bytesMax });
});
afterAll(closeAll);

/** A body of so many bytes, and the request that it makes when it is signed. */
async function sized(bytes: number): Promise<{ body: string; headers: Record<string, string> }> {
  const body = JSON.stringify({ pad: 'x'.repeat(bytes - '{"pad":""}'.length) });
  return { body, headers: await githubHeaders({ body }) };
}

function chunked(body: string, size = 64): string {
  const pieces = body.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
  return `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
}

function problemOf(body: string): { code: string; status: number; detail: string } {
  return JSON.parse(body) as { code: string; status: number; detail: string };
}

describe('a body', () => {
  it.each([
    ['at the cap', bytesMax, 202],
    ['one byte over it', bytesMax + 1, 413],
  ])('%s is measured by its bytes, however it is sent', async (_what, bytes, expected) => {
    const { body, headers } = await sized(bytes);
    const inPieces = { ...headers, 'transfer-encoding': 'chunked' };

    const whole = await send(hook.url, rawRequest(`POST ${hook.path}`, headers, body));
    const pieces = await send(hook.url, rawRequest(`POST ${hook.path}`, inPieces, chunked(body)));

    expect([whole.status, pieces.status]).toEqual([expected, expected]);
  });

  it('over the cap is refused with a reason, kept without its bytes, and makes no event', async () => {
    const large = await addHook(daemon, { id: 'large', payloadBytesMax: 10 });

    const { status, body } = await postGithub(large);

    expect({ status, code: body.code }).toEqual({ status: 413, code: 'payload_too_large' });
    expect(await deliveriesOf(daemon, 'large')).toMatchObject([
      { id: body.delivery, verdict: 'rejected', reason: 'payload_too_large', bodyBytes: 0 },
    ]);
    expect(await eventsOf(daemon, 'large')).toEqual([]);
  });

  it('that never ends is refused as soon as it is over the cap, and cut off', async () => {
    const connection = await openConnection(hook.url);
    const headers = { ...(await githubHeaders()), 'transfer-encoding': 'chunked' };
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let isOver = false;
    void connection.ended.then(() => (isOver = true));

    await connection.write(rawRequest(`POST ${hook.path}`, headers, ''));
    const answering = connection.response();
    while (!isOver) await Promise.race([connection.write(piece), connection.ended]);
    const answer = await answering;

    expect(answer?.status).toBe(413);
    expect(answer?.headers.get('connection')).toBe('close');
  });

  it('longer than its length header says ends where the header says', async () => {
    const { body, headers } = await sized(100);
    const lying = { ...headers, 'content-length': '50' };
    const connection = await openConnection(hook.url);

    await connection.write(rawRequest(`POST ${hook.path}`, lying, body));
    const first = await connection.response();
    await connection.ended;

    expect(first?.status).toBe(401);
    expect(problemOf(first?.body ?? '').code).toBe('signature_mismatch');
  });

  it('shorter than its length header says is no request at all', async () => {
    const { body, headers } = await sized(100);
    const connection = await openConnection(hook.url);
    const earlier = await deliveriesOf(daemon, 'capped');

    await connection.write(rawRequest(`POST ${hook.path}`, { ...headers, 'content-length': '200' }, body));
    connection.socket.end();
    const answer = await connection.response();

    expect(answer?.status ?? 400).toBe(400);
    expect(await deliveriesOf(daemon, 'capped')).toEqual(earlier);
  });

  it('that takes its time holds up no other', async () => {
    const body = JSON.stringify({ slow: true });
    const request = rawRequest(`POST ${hook.path}`, await githubHeaders({ body }), body);
    const slow = await openConnection(hook.url);

    await slow.write(request.subarray(0, -5));
    const other = await postGithub(hook, { body: '{"slow":false}' });
    await slow.write(request.subarray(-5));
    const answer = await slow.response();

    expect([other.status, answer?.status]).toEqual([202, 202]);
  });

  it('of more than all that is being read may have together is put off, and its room is given back', async () => {
    const small = await openDaemon({ config: { ingress: { bodiesBytesMax: 150 } } });
    const crowded = await addHook(small, { id: 'crowded' });
    const { body, headers } = await sized(100);
    const half = rawRequest(
      `POST ${crowded.path}`,
      { ...headers, 'content-length': '100' },
      body.slice(0, 90),
    );
    const waiting = await openConnection(small.ingressUrl);
    await waiting.write(half);
    // It has arrived once its room is taken, which shows in another one's lack of it.
    let refused = await send(crowded.url, rawRequest(`POST ${crowded.path}`, headers, body));
    while (refused.status === 202) {
      const other = await sized(100);
      refused = await send(crowded.url, rawRequest(`POST ${crowded.path}`, other.headers, other.body));
    }

    await waiting.write(body.slice(90));
    const first = await waiting.response();
    const second = await send(crowded.url, rawRequest(`POST ${crowded.path}`, headers, body));

    expect(refused).toMatchObject({ status: 503 });
    expect(refused.headers.get('retry-after')).toBe('30');
    expect([first?.status, second.status]).toEqual([202, 202]);
    await small.stop();
  });
});

describe('headers', () => {
  const filler = (count: number): HeaderList => Array.from({ length: count }, (_, i) => [`x-${i}`, 'x']);

  it('are counted', async () => {
    const own = Object.entries(await githubHeaders());
    // Beside its own: host and content-length.
    const room = limits.webhookHeadersMax - own.length - 2;

    const most = await send(hook.url, rawRequest(`POST ${hook.path}`, [...own, ...filler(room)], pushBody));
    const over = await send(
      hook.url,
      rawRequest(`POST ${hook.path}`, [...own, ...filler(room + 1)], pushBody),
    );

    expect(most.status).toBe(202);
    expect(over.status).toBe(431);
    expect(problemOf(over.body).detail).toBe('More than 100 headers.');
  });

  it('are counted also when all have the same name', async () => {
    const same: HeaderList = Array.from({ length: 200 }, () => ['x', 'y']);

    const { status } = await send(hook.url, rawRequest(`POST ${hook.path}`, same, pushBody));

    expect(status).toBe(431);
  });

  it.each([
    ['one that is long', [['x-long', 'x'.repeat(limits.webhookHeaderBytesMax)]] as HeaderList],
    ['many together', Array.from({ length: 90 }, (_, i) => [`x-${i}`, 'x'.repeat(300)] as const)],
  ])('are refused when there is too much of them: %s', async (_what, headers) => {
    const connection = await openConnection(hook.url);

    void connection.write(rawRequest(`POST ${hook.path}`, headers, pushBody));
    const answer = await connection.response();
    await connection.ended;

    expect(answer).toMatchObject({ status: 431, body: '' });
  });

  it('are refused as soon as they are too much, without waiting for their end', async () => {
    const connection = await openConnection(hook.url);

    void connection.write(`POST ${hook.path} HTTP/1.1\r\nx: ${'x'.repeat(limits.webhookHeaderBytesMax)}`);
    const answer = await connection.response();
    await connection.ended;

    expect(answer?.status).toBe(431);
  });

  it('after a body count for nothing', async () => {
    const { 'x-hub-signature-256': signature = '', ...headers } = await githubHeaders();
    const trailed = `${chunked(pushBody).slice(0, -2)}x-hub-signature-256: ${signature}\r\n\r\n`;
    const request = { ...headers, 'transfer-encoding': 'chunked', trailer: 'x-hub-signature-256' };

    const { status, body } = await send(hook.url, rawRequest(`POST ${hook.path}`, request, trailed));

    expect({ status, code: problemOf(body).code }).toEqual({ status: 401, code: 'signature_missing' });
  });
});

describe('an encoding', () => {
  it.each([
    ['content-encoding', 'gzip'],
    ['content-encoding', 'GZIP, br'],
    ['content-encoding', 'identity, zstd'],
    ['transfer-encoding', 'gzip, chunked'],
  ])('%s: %s is refused, and nothing of it is kept', async (name, value) => {
    const earlier = await deliveriesOf(daemon, 'capped');
    const body = name === 'transfer-encoding' ? chunked(pushBody) : pushBody;

    const answer = await send(
      hook.url,
      rawRequest(`POST ${hook.path}`, { ...(await githubHeaders()), [name]: value }, body),
    );

    expect([400, 415]).toContain(answer.status);
    expect(await deliveriesOf(daemon, 'capped')).toEqual(earlier);
  });

  it('that says nothing is let pass', async () => {
    const { status } = await postGithub(hook, {}, { 'content-encoding': 'identity' });

    expect(status).toBe(202);
  });

  it.each([
    [
      'two lengths',
      [
        ['content-length', '5'],
        ['content-length', '6'],
      ] as HeaderList,
    ],
    [
      'a length beside chunks',
      [
        ['content-length', '5'],
        ['transfer-encoding', 'chunked'],
      ] as HeaderList,
    ],
    ['a length that is no number', [['content-length', '-5']] as HeaderList],
    ['a length beyond all numbers', [['content-length', '99999999999999999999']] as HeaderList],
    ['chunks that are not the last encoding', [['transfer-encoding', 'chunked, gzip']] as HeaderList],
    ['a header that is folded', [['x-fold', 'a\r\n b']] as HeaderList],
    ['a name with a space', [['x-space ', 'a']] as HeaderList],
  ])('with %s is refused, so that no proxy can read it otherwise', async (_what, headers) => {
    const connection = await openConnection(hook.url);

    await connection.write(rawRequest(`POST ${hook.path}`, headers, '0\r\n\r\n'));
    const answer = await connection.response();
    await connection.ended;

    expect(answer).toMatchObject({ status: 400, body: '' });
  });
});
