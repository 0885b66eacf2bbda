import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAdapters } from '../src/connectors/registry.ts';
import { AppError } from '../src/domain/errors.ts';
import { contract } from '../src/http/contract/contract.ts';
import { openAgentServer, json } from './support/agent-server.ts';
import { databaseBytes, openDaemon, type TestDaemon, until } from './support/daemon.ts';
import { closeAll, closeLater } from './support/egress.ts';
import { openStream } from './support/event-stream.ts';
import { addHook, type Hook, postGithub, rawRequest, send } from './support/hooks.ts';
import { ScriptedAdapter } from './support/scripted-adapter.ts';

/** What must not come out; with characters that JSON, URLs and base64 each write in their own way. */
const planted = {
  vault: 'planted:vault "value" &?/ü+',
  hook: 'planted:hook "secret" &?/ü+',
  rotatedHook: 'planted:hook "second" &?/ü+',
  agent: 'planted:agent "secret" &?/ü+',
  connector: 'planted:connector "token" &?/ü+',
};

/** What is made by the daemon itself, and must not come out either. */
interface Made {
  readonly generatedHook: string;
  readonly adminToken: string;
  readonly bootstrapToken: string;
  readonly urlToken: string;
  readonly earlierUrlToken: string;
  readonly masterKey: string;
}

let daemon: TestDaemon;
let made: Made;
/** Everything that anybody was told, by where it was told. */
const told = new Map<string, string>();
const ids = new Set<string>();

beforeAll(async () => {
  daemon = await openDaemon({
    adapters: [...defaultAdapters(), leakyAdapter()],
    config: { admin: { requestsPerSecondLoopback: 100_000 } },
  });
  const hook = await plant();
  await happen(hook);
  await ask();
});
afterAll(closeAll);

/** A platform, and a library for it, that repeat the credential wherever they can. */
function leakyAdapter(): ScriptedAdapter {
  const adapter = new ScriptedAdapter({ kind: 'leaky' });
  adapter.onOpen = async (host) => {
    const token = (await host.secret()).reveal();
    host.log.info('leaky.opening', { url: `https://leaky.example/bot${token}/open` });
    if (host.connectorId === 'leaky:refused')
      throw new AppError('unauthenticated', `The platform refuses ${token}.`);
    if (host.connectorId === 'leaky:broken') throw new Error(`connect bot${token}`);
    const session = adapter.newSession(host);
    if (host.connectorId === 'leaky:ended')
      session.end({ kind: 'blocked', code: 'unauthenticated', detail: `4004 for ${token}` });
    session.send = async ({ operation }) => {
      const text = 'text' in operation ? operation.text : '';
      host.log.debug('leaky.sending', { header: `Bot ${token}` });
      if (text === 'throw') throw new Error(`POST https://leaky.example/bot${encodeURIComponent(token)}`);
      if (text === 'refuse') throw new AppError('forbidden', `Not with ${token}.`);
      const detail = `401 for "${token}"`;
      return { kind: 'rejected', code: 'platform_rejected', detail, scope: 'message' };
    };
    return session;
  };
  return adapter;
}

async function plant(): Promise<Hook> {
  const { api } = daemon;
  const secret = (scope: string, key: string, value: string): Promise<unknown> =>
    api('PUT /secrets/{scope}/{key}', { params: { scope, key }, body: { value } });
  await secret('global', 'plain', planted.vault);
  await secret('global', 'agent', planted.agent);
  await secret('global', 'leaky', planted.connector);
  for (const account of ['default', 'refused', 'broken', 'ended']) {
    const params = { id: `leaky:${account}` };
    await api('PUT /channels/{id}', { params, body: { secretRef: 'global/leaky' } });
    ids.add(params.id);
  }
  const hook = await addHook(daemon, { id: 'planted', secret: { from: 'value', value: planted.hook } });
  const rotate = (body: object): Promise<{ url: string }> =>
    api('POST /webhooks/{id}/rotate', { params: { id: hook.id }, body });
  await rotate({ secret: { from: 'value', value: planted.rotatedHook } });
  const { url } = await rotate({ what: 'url', overlapMs: 3_600_000 });
  const generated = await api('POST /webhooks', {
    body: { id: 'generated', provider: 'standard-webhooks', secret: { from: 'generate' } },
  });
  const { token } = await api('POST /tokens', { body: { name: 'reader', scopes: ['read'] } });
  ids.add('planted').add('generated').add('echo:default');
  made = {
    generatedHook: generated.secret ?? '',
    adminToken: token,
    bootstrapToken: daemon.token,
    urlToken: url.split('/').at(-1) ?? '',
    earlierUrlToken: hook.path.split('/').at(-1) ?? '',
    masterKey: readFileSync(join(daemon.stateDir, 'master.key'), 'utf8').trim(),
  };
  return { ...hook, url, path: new URL(url).pathname };
}

/** Headers in which secrets come in, under names that nobody could have thought of. */
function careless(hook: Hook): Record<string, string> {
  return {
    authorization: `Bearer ${made.adminToken}`,
    cookie: `session=${made.bootstrapToken}`,
    'x-api-key': encodeURIComponent(planted.vault),
    'x-original-uri': `${hook.path}?x=1`,
    referer: hook.url.replace(made.urlToken, made.earlierUrlToken),
    'x-note': Buffer.from(planted.hook).toString('base64'),
    'x-other-note': made.adminToken,
  };
}

async function happen(hook: Hook): Promise<void> {
  const { api } = daemon;
  const agent = await openAgentServer();
  closeLater(() => agent.close());
  const body = { kind: 'http', config: { url: agent.url, secretRef: 'global/agent' } };
  const accepted = await postGithub(
    hook,
    { body: '{"careless":1}', secret: planted.rotatedHook },
    careless(hook),
  );
  const rejected = await postGithub(hook, { body: '{"careless":2}', secret: planted.vault }, careless(hook));
  const nowhere = await send(
    hook.url,
    rawRequest(`POST /hooks/planted/${made.adminToken}?token=${made.urlToken}`, careless(hook)),
  );
  const tooLong = await send(hook.url, rawRequest('GET /', { x: `${made.urlToken}${'x'.repeat(20_000)}` }));
  told.set('ingress: accepted', JSON.stringify(accepted.body));
  told.set('ingress: rejected', JSON.stringify(rejected.body));
  told.set('ingress: nowhere', nowhere.body);
  told.set('ingress: too long', tooLong.body);
  await daemon.traceUntil(accepted.body.event ?? '');
  for (const id of [accepted.body.event, accepted.body.delivery, rejected.body.delivery]) ids.add(id ?? '');

  // An agent that answers with its own secret.
  await api('PUT /agents/{id}', { params: { id: 'echo' }, body });
  agent.next(json([{ op: 'send', text: 'x', [planted.agent]: true }]));
  const turn = await api('POST /channels/{id}/test', { params: { id: 'echo:default' }, body: {} });
  await daemon.traceUntil(turn.event);
  agent.next(json([{ op: 'send', text: 'x', [planted.agent]: true }]));
  told.set(
    'agent test',
    JSON.stringify(await api('POST /agents/{id}/test', { params: { id: 'echo' }, body: {} })),
  );
  ids.add(turn.event);

  for (const text of ['reject', 'throw', 'refuse']) {
    const operation = { op: 'send', text } as const;
    const sent = await api('POST /messages', {
      body: { connector: 'leaky:default', conversation: text, operation },
    });
    const { parts } = await daemon.traceUntil(sent.message, ({ parts: [part] }) => (part?.attempts ?? 0) > 0);
    ids.add(sent.message).add(parts[0]?.id ?? '');
  }
  await until(async () => {
    const { channels } = await api('GET /channels');
    const states = channels.map(({ id, status }) => `${id} ${status.state}`).join();
    return /leaky:broken (?:backoff|crash_loop)/.test(states) &&
      states.includes('leaky:ended blocked') &&
      states.includes('leaky:refused blocked')
      ? states
      : undefined;
  });
}

/** Asks everywhere, in good order and in none. */
async function ask(): Promise<void> {
  const paths = Object.keys(contract)
    .filter((key) => key.startsWith('GET '))
    .map((key) => key.replace('GET ', '/admin/v1'));
  for (const path of paths) {
    if (path.includes('{'))
      for (const id of ids) await listen(path.replace(/\{\w+\}/g, encodeURIComponent(id)), `${path} ${id}`);
    else for (const query of ['', '?limit=500']) await listen(`${path}${query}`, path);
  }
  for (const path of ['/metrics', '/openapi.json', '/readyz', '/healthz']) await listen(path);
  for (const [name, secret] of secrets()) await askCarelessly(name, secret);
  const { items } = await daemon.api('GET /events', { query: { limit: 1 } });
  const stream = await openStream(daemon, '', { 'last-event-id': '0' });
  await stream.until(items[0]?.id ?? '0');
  told.set('stream', stream.text);
  await stream.close();
}

async function listen(path: string, name = path, init: RequestInit = {}): Promise<void> {
  const response = await daemon.request(path, init as Parameters<TestDaemon['request']>[1]);
  const headers = JSON.stringify([...response.headers]);
  told.set(name, `${told.get(name) ?? ''}${headers}${await response.text()}`);
}

/** Requests that hold a secret where none belongs. */
async function askCarelessly(name: string, secret: string): Promise<void> {
  const encoded = encodeURIComponent(secret);
  const post = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const asked: [string, RequestInit?][] = [
    [`/admin/v1/traces/${encoded}`],
    [`/admin/v1/why/${encoded}`],
    [`/admin/v1/channels/${encoded}`],
    [`/admin/v1/${encoded}`],
    [`/${encoded}?${encoded}=${encoded}`],
    [`/admin/v1/events?${encoded}=1`],
    [`/admin/v1/inbox?cursor=${encoded}`],
    [`/admin/v1/inbox?state=${encoded}`],
    ['/admin/v1/events/stream', { headers: { 'last-event-id': encoded } }],
    ['/admin/v1/status', { headers: { authorization: `Bearer ${encoded}` } }],
    ['/admin/v1/messages', post({ connector: secret, conversation: 'x', operation: { op: 'typing' } })],
    ['/admin/v1/messages', post({ [secret]: secret })],
    ['/admin/v1/messages', post(`{"connector": "${secret}`)],
    ['/admin/v1/webhooks', post({ id: secret, provider: secret, secret: { from: 'ref', ref: secret } })],
    ['/admin/v1/webhooks', post({ id: 'x', provider: 'github', secret: { from: 'ref', ref: secret } })],
    ['/admin/v1/router/preview', post({ source: secret })],
    ['/admin/v1/vault/rotate-key', post({ newKey: secret.slice(0, 200) })],
    [`/admin/v1/secrets/${encoded}/${encoded}`, { ...post({ value: 'x' }), method: 'PUT' }],
    ['/admin/v1/agents/x', { ...post({ kind: secret }), method: 'PUT' }],
    [
      '/admin/v1/agents/x',
      { ...post({ kind: 'http', config: { url: `https://u:${encoded}@a.example` } }), method: 'PUT' },
    ],
  ];
  for (const [path, init] of asked)
    await listen(
      path,
      `careless: ${init?.method ?? 'GET'} ${path.replaceAll(encoded, '…')} with ${name}`,
      init,
    );
}

function secrets(): readonly (readonly [string, string])[] {
  return [...Object.entries(planted), ...Object.entries(made)];
}

function spellingsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

function leaksIn(text: string): string[] {
  return secrets()
    .filter(([, secret]) => spellingsOf(secret).some((spelling) => text.includes(spelling)))
    .map(([name]) => name);
}

describe('a secret', () => {
  it('comes out of no answer, error, trace, list, metric or stream, but where the contract shows it', () => {
    const leaks = [...told].flatMap(([where, text]) => leaksIn(text).map((name) => `${name} in ${where}`));

    expect(told.size).toBeGreaterThan(400);
    // The address is what an operator gives to the provider: it is shown to whoever may read.
    expect(leaks.toSorted()).toEqual([
      'urlToken in /admin/v1/webhooks',
      'urlToken in /admin/v1/webhooks/{id} planted',
    ]);
  });

  it('is taken out of what was said, and the rest is left', () => {
    const said = (where: string): string => told.get(where) ?? '';

    expect(said('/admin/v1/channels/{id} leaky:refused')).toContain('The platform refuses [secret].');
    expect(said('/admin/v1/channels/{id} leaky:ended')).toContain('4004 for [secret]');
    expect(said('/admin/v1/channels/{id}/logs leaky:default')).toContain('401 for \\"[secret]\\"');
    expect(said('agent test')).toContain('[secret]');
    expect(said('/admin/v1/webhooks/{id}/deliveries planted')).toContain('/hooks/planted/[secret]?x=1');
    expect(said('careless: GET /admin/v1/traces/… with adminToken')).toContain('under [secret]');
  });

  it('cannot be put into the address of an agent', async () => {
    const config = { url: 'https://user:hunter-two@agent.example/' };
    const saving = daemon.api('PUT /agents/{id}', { params: { id: 'x' }, body: { kind: 'http', config } });

    await expect(saving).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(saving).rejects.not.toThrow('hunter');
  });

  it('comes out of no line of the log', () => {
    const text = daemon.logged.join('');

    expect(daemon.lines.some(({ level }) => level === 'debug')).toBe(true);
    expect(text).toContain('leaky.opening');
    expect(leaksIn(text)).toEqual([]);
  });

  it('lies in no file of the database, but for the address that has to be shown again', () => {
    const bytes = databaseBytes(daemon.stateDir).toString('latin1');
    const found = secrets().filter(([, secret]) =>
      spellingsOf(secret).some((spelling) => bytes.includes(Buffer.from(spelling).toString('latin1'))),
    );

    expect(bytes.length).toBeGreaterThan(100_000);
    expect(found.map(([name]) => name)).toEqual(['urlToken', 'earlierUrlToken']);
  });

  it('is shown once, where it is made', async () => {
    const token = await daemon.api('POST /tokens', { body: { name: 'once', scopes: ['read'] } });
    const hook = await daemon.api('POST /webhooks', {
      body: { id: 'once', provider: 'github', secret: { from: 'generate' } },
    });

    const later = JSON.stringify([
      await daemon.api('GET /tokens'),
      await daemon.api('GET /webhooks/{id}', { params: { id: 'once' } }),
    ]);

    expect([token.token.length, hook.secret?.length]).toEqual([50, expect.any(Number)]);
    expect(later).not.toContain(token.token);
    expect(later).not.toContain(hook.secret);
    expect(daemon.logged.join('')).not.toContain(hook.secret);
  });

  it('of a token is known again after a restart, as soon as it is used', async () => {
    await daemon.restart();
    const { url } = await daemon.api('GET /webhooks/{id}', { params: { id: 'planted' } });
    const hook = { id: 'planted', secret: planted.vault, url, path: new URL(url).pathname };
    await daemon.request('/admin/v1/status', { headers: { authorization: `Bearer ${made.adminToken}` } });

    const { body } = await postGithub(hook, {}, { 'x-other-note': made.adminToken });
    const kept = await daemon.api('GET /deliveries/{id}', { params: { id: body.delivery ?? '' } });

    expect(leaksIn(JSON.stringify(kept))).toEqual([]);
    expect(kept.headers[kept.headers.indexOf('x-other-note') + 1]).toBe('[secret]');
  });
});
