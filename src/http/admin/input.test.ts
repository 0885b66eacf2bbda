import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../domain/limits.ts';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { addHook, rawRequest, send } from '../../../test/support/hooks.ts';
import { openConnection } from '../../../test/support/raw-http.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon({ config: { admin: { requestsPerSecondLoopback: 100_000 } } });
  await addHook(daemon, { id: 'there' });
});
afterAll(closeAll);

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** What a request is answered, which must be a problem in good form. */
async function refusalOf(
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Problem> {
  const response = await daemon.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
  const problem = (await response.json()) as Problem & { type: string; request_id: string; title: string };
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(problem.status).toBe(response.status);
  expect(problem.type).toBe(`urn:palyra:error:${problem.code}`);
  expect(problem.request_id).toBe(response.headers.get('x-request-id'));
  expect(Object.keys(problem).toSorted()).toEqual([
    'code',
    'detail',
    'request_id',
    'status',
    'title',
    'type',
  ]);
  expect(JSON.stringify(problem)).not.toMatch(/\bat [\w.<>]+ \(|node_modules|\.ts:\d/);
  return { status: problem.status, code: problem.code, detail: problem.detail };
}

const messages = '/admin/v1/messages';
const good = { connector: 'echo:default', conversation: 'x', operation: { op: 'send', text: 'hi' } };

describe('a body', () => {
  it.each([
    ['is cut', '{"connector":"echo'],
    ['is nothing but a bracket', '{'],
    ['is two values', '{}{}'],
    ['has a comma too many', '{"a":1,}'],
    ['is not quoted', '{a:1}'],
    ['begins with a byte order mark within', '{}\ufeff'],
    ['is a word', 'null?'],
    ['holds a bare control character', '{"a":"\u0001"}'],
  ])('that %s is refused as no JSON', async (_what, body) => {
    expect(await refusalOf('POST', messages, body)).toEqual({
      status: 400,
      code: 'invalid_request',
      detail: 'The body is not valid JSON in UTF-8.',
    });
  });

  it('that is not UTF-8 is refused, and nothing is guessed', async () => {
    const latin = Uint8Array.from(Buffer.from('{"connector":"\xe9"}', 'latin1'));

    expect(await refusalOf('POST', messages, latin)).toMatchObject({
      status: 400,
      detail: 'The body is not valid JSON in UTF-8.',
    });
  });

  it.each([
    ['a NUL', '{"connector":"a\\u0000b"}'],
    ['half a character', '{"connector":"\\ud800"}'],
    ['half a character as a name', '{"\\udfff":1}'],
  ])('that holds %s is refused, because it would come back as something else', async (_what, body) => {
    expect(await refusalOf('POST', messages, body)).toEqual({
      status: 400,
      code: 'invalid_request',
      detail: 'body: holds a NUL or text that is not Unicode.',
    });
  });

  it.each([
    ['lists', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
  ])('that is nested %s without end is refused', async (_what, body) => {
    const { status, detail } = await refusalOf('POST', messages, body);

    expect([status, detail]).toEqual([400, 'The body is nested more than 64 levels deep.']);
  });

  it.each([
    ['of another type', { 'content-type': 'text/plain' }],
    ['of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['that says nothing of its type', { 'content-type': '' }],
  ])('%s is refused', async (_what, headers) => {
    const { status, detail } = await refusalOf('POST', messages, JSON.stringify(good), headers);

    expect([status, detail]).toEqual([400, 'Send the body as JSON, with Content-Type: application/json.']);
  });

  it('may say its charset', async () => {
    const response = await daemon.request(messages, {
      method: 'POST',
      headers: { 'content-type': 'Application/JSON; charset=utf-8' },
      body: JSON.stringify(good),
    });

    expect(response.status).toBe(202);
  });

  it('over the limit is refused, by its length header and by its bytes', async () => {
    const large = JSON.stringify({ ...good, pad: 'x'.repeat(limits.adminBodyBytesMax) });
    const headers = { authorization: `Bearer ${daemon.token}`, 'content-type': 'application/json' };
    const chunks = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;

    const declared = await refusalOf('POST', messages, large);
    const streamed = await send(
      daemon.adminUrl,
      rawRequest(`POST ${messages}`, { ...headers, 'transfer-encoding': 'chunked' }, chunks),
    );

    expect(declared).toMatchObject({ status: 413, code: 'too_large' });
    expect(streamed.status).toBe(413);
    expect(JSON.parse(streamed.body)).toMatchObject({ code: 'too_large' });
  });

  it('that never ends is refused as soon as it is over the limit', async () => {
    const connection = await openConnection(daemon.adminUrl);
    const headers = { authorization: `Bearer ${daemon.token}`, 'transfer-encoding': 'chunked' };
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    await connection.write(rawRequest(`POST ${messages}`, headers));
    let answered: number | undefined;
    const answering = connection.response().then((answer) => (answered = answer?.status ?? 0));

    while (answered === undefined) await Promise.race([connection.write(piece), answering]);
    connection.socket.destroy();

    expect(answered).toBe(413);
  });

  it.each([
    ['nothing', '', 'body.operation'],
    ['no place', JSON.stringify({ operation: good.operation }), 'body.connector'],
    ['half a place', JSON.stringify({ ...good, conversation: undefined }), 'body.conversation'],
    ['a place and a turn', JSON.stringify({ ...good, turn: 'turn_1' }), 'body.turn'],
    ['a reply to no turn', JSON.stringify({ ...good, reply: true }), 'body.reply'],
    ['a list', '[]', 'body: '],
    ['a text', '"x"', 'body: '],
    ['null', 'null', 'body: '],
    ['a wrong type', JSON.stringify({ ...good, conversation: 7 }), 'body.conversation'],
    [
      'a wrong type deep inside',
      JSON.stringify({ ...good, operation: { op: 'send', text: {} } }),
      'body.operation.text',
    ],
    [
      'an operation that nobody knows',
      JSON.stringify({ ...good, operation: { op: 'shout' } }),
      'body.operation',
    ],
    ['a key too many', JSON.stringify({ ...good, priority: 1 }), 'body: '],
    [
      'a key too many deep inside',
      JSON.stringify({ ...good, operation: { op: 'typing', text: 'x' } }),
      'body.operation',
    ],
    [
      'an empty text',
      JSON.stringify({ ...good, operation: { op: 'send', text: '' } }),
      'body.operation.text',
    ],
    [
      'a text over its limit',
      JSON.stringify({ ...good, conversation: 'x'.repeat(257) }),
      'body.conversation',
    ],
  ])('of %s is refused, and the place is named', async (_what, body, place) => {
    const { status, code, detail } = await refusalOf('POST', messages, body);

    expect([status, code]).toEqual([400, 'invalid_request']);
    expect(detail.startsWith(place)).toBe(true);
  });

  it('cannot reach what objects are made of', async () => {
    const { status } = await refusalOf('POST', messages, '{"__proto__":{"connector":"echo:default"}}');

    expect(status).toBe(400);
    expect(({} as Record<string, unknown>).connector).toBeUndefined();
  });
});

describe('a query', () => {
  it.each([
    ['limit=0', 'query.limit'],
    ['limit=501', 'query.limit'],
    ['limit=1.5', 'query.limit'],
    ['limit=ten', 'query.limit'],
    ['limit=1&limit=2', 'query: a parameter is given twice.'],
    ['cursor=x', 'The page cursor is not one that this API gave out.'],
    ['cursor=-1', 'The page cursor is not one that this API gave out.'],
    ['cursor=1e3', 'The page cursor is not one that this API gave out.'],
    ['cursor=9999999999999999', 'The page cursor is not one that this API gave out.'],
    [`cursor=${'1'.repeat(300)}`, 'query.cursor'],
    ['cursor=%00', 'query: holds a NUL'],
    ['cursor=1%27%20or%201=1', 'The page cursor is not one that this API gave out.'],
    ['nothing=known', 'query: '],
    ['state=unheard', 'query.state'],
  ])('of ?%s is refused', async (query, detail) => {
    const refusal = await refusalOf('GET', `/admin/v1/inbox?${query}`);

    expect(refusal).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(refusal.detail).toContain(detail);
  });

  it('is not taken where there is nothing to ask', async () => {
    expect(await refusalOf('GET', '/admin/v1/status?verbose=1')).toMatchObject({ status: 400 });
  });
});

describe('an id', () => {
  it.each([
    ['GET', '/channels/echo:nobody', 404],
    ['GET', '/channels/nonsense', 400],
    ['DELETE', '/channels/echo:nobody', 404],
    ['POST', '/channels/echo:nobody/enable', 404],
    ['GET', '/channels/fax:default/capabilities', 400],
    ['GET', '/channels/echo:nobody/logs', 404],
    ['POST', '/channels/echo:nobody/queue/pause', 404],
    ['POST', '/channels/echo:nobody/test', 404],
    ['GET', '/messages/msg_nothing', 404],
    ['GET', '/dead-letters/evt_nothing', 404],
    ['GET', '/dead-letters/prt_nothing', 404],
    ['POST', '/dead-letters/evt_nothing/replay', 404],
    ['POST', '/dead-letters/prt_nothing/discard', 404],
    ['DELETE', '/router/rules/nothing', 404],
    ['GET', '/webhooks/nothing', 404],
    ['POST', '/webhooks/nothing/enable', 404],
    ['POST', '/webhooks/nothing/rotate', 404],
    ['POST', '/webhooks/nothing/test', 404],
    ['DELETE', '/webhooks/nothing', 404],
    ['GET', '/webhooks/nothing/deliveries', 404],
    ['GET', '/deliveries/dlv_nothing', 404],
    ['POST', '/deliveries/dlv_nothing/replay', 404],
    ['DELETE', '/agents/nothing', 404],
    ['POST', '/agents/nothing/test', 404],
    ['DELETE', '/secrets/global/nothing', 404],
    ['DELETE', '/secrets/nonsense/nothing', 400],
    ['DELETE', '/tokens/nothing', 404],
    ['GET', '/traces/nothing', 404],
    ['GET', '/traces/evt_nothing', 404],
    ['GET', '/why/turn_nothing', 404],
    ['GET', '/webhooks/__proto__', 404],
    ['GET', '/traces/%00', 400],
    ['GET', '/traces/%ED%A0%80', 404],
    ['GET', `/traces/${'x'.repeat(201)}`, 400],
    ['GET', '/traces/..%2f..%2fetc%2fpasswd', 404],
    ['GET', "/webhooks/' or 1=1 --", 404],
  ])('%s %s answers %i', async (method, path, status) => {
    const refusal = await refusalOf(method, `/admin/v1${path}`, method === 'POST' ? '{}' : undefined);

    expect([refusal.status, refusal.code]).toEqual([
      status,
      status === 404 ? 'not_found' : 'invalid_request',
    ]);
  });

  it('of a turn that is none answers 404', async () => {
    expect(await refusalOf('POST', '/admin/v1/turns/turn_nothing/messages', '[]')).toMatchObject({
      status: 404,
    });
  });
});

describe('settings', () => {
  it.each([
    ['PUT', '/channels/echo:default', { config: { speed: 9 } }],
    ['PUT', '/channels/fax:default', {}],
    ['PUT', '/channels/webhook:x', {}],
    ['PUT', '/channels/echo:default', { secretRef: 'not a reference' }],
    ['POST', '/webhooks', { id: 'Not a slug', provider: 'github', secret: { from: 'generate' } }],
    ['POST', '/webhooks', { id: 'x', provider: 'carrier-pigeon', secret: { from: 'generate' } }],
    ['POST', '/webhooks', { id: 'x', provider: 'github', secret: { from: 'value', value: ' ' } }],
    ['POST', '/webhooks', { id: 'x', provider: 'github', secret: { from: 'ref', ref: 'nonsense' } }],
    ['POST', '/webhooks', { id: 'x', provider: 'stripe', secret: { from: 'generate' } }],
    ['POST', '/webhooks', { id: 'x', provider: 'generic-hmac', secret: { from: 'generate' } }],
    [
      'POST',
      '/webhooks',
      { id: 'x', provider: 'github', secret: { from: 'generate' }, settings: { header: 'x' } },
    ],
    [
      'POST',
      '/webhooks',
      { id: 'x', provider: 'github', secret: { from: 'generate' }, allowedSources: ['10/8'] },
    ],
    ['PUT', '/router/rules/x', { action: 'accept' }],
    ['PUT', '/router/rules/Not a slug', { action: 'ignore' }],
    ['PUT', '/router/rules/x', { action: 'ignore', match: { sources: [] } }],
    ['POST', '/router/preview', { source: 'webhook:__proto__/..' }],
    ['PUT', '/agents/x', { kind: 'nobody' }],
    ['PUT', '/agents/x', { kind: 'echo', config: { loud: true } }],
    ['PUT', '/agents/x', { kind: 'http', config: { url: 'file:///etc/passwd' } }],
    ['PUT', '/agents/x', { kind: 'http', config: { url: 'http://agent.example/' } }],
    ['PUT', '/secrets/global/x', { value: '' }],
    ['PUT', '/secrets/global/x', { value: '   ' }],
    ['PUT', '/secrets/nowhere/x', { value: 'x' }],
    ['POST', '/tokens', { name: 'x', scopes: [] }],
    ['POST', '/tokens', { name: 'x', scopes: ['root'] }],
    ['POST', '/tokens', { name: '', scopes: ['read'] }],
    ['POST', '/vault/rotate-key', { newKey: 'x' }],
  ])('%s %s %j are refused and change nothing', async (method, path, body) => {
    const before = await settingsOf();

    const refusal = await refusalOf(method, `/admin/v1${path}`, JSON.stringify(body));

    expect([refusal.status, refusal.code]).toEqual([400, 'invalid_request']);
    expect(await settingsOf()).toEqual(before);
  });

  it('that are taken already are told apart', async () => {
    const body = { id: 'there', provider: 'github', secret: { from: 'generate' } };

    expect(await refusalOf('POST', '/admin/v1/webhooks', JSON.stringify(body))).toMatchObject({
      status: 409,
      code: 'conflict',
    });
  });
});

async function settingsOf(): Promise<unknown> {
  const { channels } = await daemon.api('GET /channels');
  return {
    channels: channels.map(({ config, secretRef, enabled }) => ({ config, secretRef, enabled })),
    webhooks: await daemon.api('GET /webhooks'),
    rules: await daemon.api('GET /router/rules'),
    agents: await daemon.api('GET /agents'),
    secrets: await daemon.api('GET /secrets'),
    tokens: await daemon.api('GET /tokens'),
    audit: await daemon.api('GET /audit'),
  };
}

describe('what cannot be read as a request', () => {
  it.each([
    ['no HTTP', 'HELLO\r\n\r\n', 400],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a host that cannot be', 'GET /healthz HTTP/1.1\r\nhost: a b\r\n\r\n', 400],
    ['a host that leads elsewhere', 'GET /healthz HTTP/1.1\r\nhost: a/../b\r\n\r\n', 400],
    ['an address that cannot be', 'GET //[ HTTP/1.1\r\nhost: x\r\n\r\n', 404],
    ['two lengths', 'POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    [
      'headers that are too long',
      `GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
  ])('is refused without a word of ours: %s', async (_what, data, status) => {
    const answer = await send(daemon.adminUrl, data);

    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/Error|node_modules/);
  });

  it.each(['TRACE', 'QUERY', 'PROPFIND', 'OPTIONS', 'HEAD'])('%s is nothing here', async (method) => {
    const headers = { authorization: `Bearer ${daemon.token}`, connection: 'close' };

    const answer = await send(daemon.adminUrl, rawRequest(`${method} /admin/v1/tokens/x`, headers));

    expect(answer.status).toBe(404);
  });
});

describe('a change of what is there', () => {
  // It goes through governance, under /channels/{id}/messages; with the scope `send` alone it would go round it.
  it.each([
    { op: 'edit', message: '1', text: 'x' },
    { op: 'delete', message: '1' },
    { op: 'react', message: '1', emoji: 'x' },
  ])('is no message to send: $op', async (operation) => {
    const body = JSON.stringify({ ...good, operation });

    expect(await refusalOf('POST', messages, body)).toMatchObject({ code: 'invalid_request' });
  });
});
