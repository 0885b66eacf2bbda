import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenScopes, type TokenScope } from '../../domain/token.ts';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { rawRequest } from '../../../test/support/hooks.ts';
import { openConnection } from '../../../test/support/raw-http.ts';
import { contract } from '../contract/contract.ts';
import { rawContract } from '../contract/raw.ts';

interface Place {
  readonly method: string;
  readonly path: string;
  /** Any of them lets in. */
  readonly scopes: readonly TokenScope[];
}

const places: readonly Place[] = [
  ...Object.entries({ ...contract, ...rawContract }).map(([key, operation]) => {
    const [method = '', path = ''] = key.split(' ');
    // A stream that goes on would keep the test.
    const query = key === 'GET /events/stream' ? '?after=x' : '';
    return {
      method,
      path: `/admin/v1${path.replace(/\{\w+\}/g, 'nothing-there')}${query}`,
      scopes: 'scopes' in operation ? operation.scopes : [operation.scope],
    };
  }),
  { method: 'GET', path: '/metrics', scopes: ['metrics'] },
];
const named = places.map((place) => [`${place.method} ${place.path}`, place] as const);

let daemon: TestDaemon;
const tokens = new Map<string, string>();

async function create(
  scopes: readonly TokenScope[],
  expiresInMs?: number,
): Promise<{ id: string; token: string }> {
  return daemon.daemon.platform.tokens.create('test', scopes, expiresInMs);
}

/** With a token that has these scopes and no others. */
async function askAs(scopes: readonly TokenScope[], place: Place): Promise<Response> {
  const key = scopes.join();
  const token = tokens.get(key) ?? (await create(scopes)).token;
  tokens.set(key, token);
  return ask(place, `Bearer ${token}`);
}

function ask({ method, path }: Place, authorization?: string): Promise<Response> {
  return fetch(`${daemon.adminUrl}${path}`, {
    method,
    headers: authorization === undefined ? {} : { authorization },
  });
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return (await response.json()) as Record<string, unknown>;
}

beforeAll(async () => {
  daemon = await openDaemon({ config: { admin: { requestsPerSecondLoopback: 100_000 } } });
});
afterAll(closeAll);

describe('every operation', () => {
  it.each(named)('%s asks for a token', async (_name, place) => {
    const response = await ask(place);

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await problemOf(response)).toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  it.each(named)('%s is closed to a token with every scope but its own', async (_name, place) => {
    const others = tokenScopes.filter((scope) => !place.scopes.includes(scope) && scope !== 'admin');

    const response = await askAs(others, place);

    expect(response.status).toBe(403);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: 'forbidden', status: 403 });
    expect(problem.detail).toContain(`--scope ${place.scopes[0]}`);
  });

  it.each(named)('%s is open to its own scope, and to admin', async (_name, place) => {
    for (const scope of [...place.scopes, 'admin'] as const) {
      const response = await askAs([scope], place);

      const code = response.ok ? 'ok' : (await problemOf(response)).code;
      expect(code).not.toMatch(/^(?:unauthenticated|forbidden|internal)$/);
    }
  });
});

describe('a token', () => {
  const status: Place = { method: 'GET', path: '/admin/v1/status', scopes: ['read'] };

  it.each([
    ['is missing', ''],
    ['has another scheme', 'Basic TOKEN'],
    ['has no scheme', 'TOKEN'],
    ['is cut', 'Bearer CUT'],
    ['is longer', 'Bearer TOKENx'],
    ['is written otherwise', 'Bearer LOWER'],
    ['is two', 'Bearer TOKEN, Bearer TOKEN'],
    ['is endless', `Bearer ${'x'.repeat(8_000)}`],
    ['is its own digest', 'Bearer DIGEST'],
  ])('that %s is none', async (_what, header) => {
    const { token } = daemon;
    const spelled = header
      .replaceAll('TOKEN', token)
      .replace('CUT', token.slice(0, -1))
      .replace('LOWER', token.toLowerCase())
      .replace('DIGEST', createHash('sha256').update(token).digest('hex'));

    const response = await ask(status, spelled);

    expect(response.status).toBe(401);
    expect(JSON.stringify(await problemOf(response))).not.toContain(token.slice(8));
  });

  it('may be announced in any case', async () => {
    const response = await ask(status, `bearer ${daemon.token}`);

    expect(response.status).toBe(200);
  });

  it('ends at once when it is revoked', async () => {
    const { id, token } = await create(['read']);
    const before = await ask(status, `Bearer ${token}`);

    await daemon.api('DELETE /tokens/{id}', { params: { id } });
    const after = await ask(status, `Bearer ${token}`);

    expect([before.status, after.status]).toEqual([200, 401]);
  });

  it('ends when its time is over', async () => {
    const [over, good] = [await create(['read'], 0), await create(['read'], 60_000)];

    const responses = [await ask(status, `Bearer ${over.token}`), await ask(status, `Bearer ${good.token}`)];

    expect(responses.map((response) => response.status)).toEqual([401, 200]);
  });

  it('is kept as a digest alone, and shown once', async () => {
    const made = await daemon.api('POST /tokens', { body: { name: 'ci', scopes: ['send'] } });

    const listed = await daemon.api('GET /tokens');

    expect(made.token).toMatch(/^palyra_[\w-]{43}$/);
    expect(JSON.stringify(listed)).not.toContain(made.token);
    expect(listed.tokens.find(({ id }) => id === made.id)).toEqual({
      id: made.id,
      name: 'ci',
      scopes: ['send'],
      createdAt: made.createdAt,
    });
  });
});

describe('without a token', () => {
  it.each(['/healthz', '/readyz', '/openapi.json'])('%s is open', async (path) => {
    const { status } = await fetch(`${daemon.adminUrl}${path}`);

    expect(status).toBe(200);
  });

  it.each(['/', '/admin', '/admin/v1', '/admin/v1/', '/admin/v1/nothing', '/admin/v2/status', '/healthz/x'])(
    '%s is nothing',
    async (path) => {
      const response = await fetch(`${daemon.adminUrl}${path}`);

      expect(response.status).toBe(404);
      expect(await problemOf(response)).toMatchObject({ code: 'not_found' });
    },
  );

  it('no body is waited for', async () => {
    const connection = await openConnection(daemon.adminUrl);

    await connection.write(rawRequest('POST /admin/v1/messages', { 'content-length': '1000000' }, '{'));
    const answer = await connection.response();

    expect(answer?.status).toBe(401);
  });

  it('nothing is told to a page of another site', async () => {
    const { headers } = await fetch(`${daemon.adminUrl}/admin/v1/status`, {
      headers: { origin: 'https://elsewhere.example', authorization: `Bearer ${daemon.token}` },
    });

    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('the rate', () => {
  it('is limited per address, and is told how', async () => {
    const slow = await openDaemon({ config: { admin: { requestsPerSecondLoopback: 5 } } });
    const get = (): Promise<Response> => fetch(`${slow.adminUrl}/admin/v1/status`);

    const responses = await Promise.all(Array.from({ length: 30 }, get));
    const refused = responses.filter(({ status }) => status === 429);
    const problem = await problemOf(refused[0] ?? Response.error());

    // A burst of two seconds' worth, and what came back meanwhile.
    expect(responses.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(10);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(problem).toMatchObject({
      code: 'rate_limited',
      detail: 'More than 5 requests per second. Slow down.',
    });
    await slow.stop();
  });
});
