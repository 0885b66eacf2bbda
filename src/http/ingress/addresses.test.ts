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
  send,
} from '../../../test/support/hooks.ts';

let daemon: TestDaemon;
let hook: Hook;
let token: string;

beforeAll(async () => {
  daemon = await openDaemon();
  hook = await addHook(daemon, { id: 'here' });
  token = hook.path.split('/').at(-1) ?? '';
});
afterAll(closeAll);

const nothing = { status: 404, body: expect.stringContaining('There is nothing at this address.') as string };

/** All that could tell two answers apart. */
async function answerTo(line: string): Promise<{ status: number; body: string; headers: string[] }> {
  const { status, body, headers } = await send(
    daemon.ingressUrl,
    rawRequest(line, await githubHeaders(), pushBody),
  );
  return { status, body, headers: [...headers.keys()] };
}

describe('an address', () => {
  it('is told by its token, and a wrong one looks like one that is not there', async () => {
    const good = await answerTo(`POST ${hook.path}`);
    const wrongToken = await answerTo(`POST /hooks/here/${'A'.repeat(token.length)}`);
    const wrongId = await answerTo(`POST /hooks/elsewhere/${token}`);
    const nowhere = await answerTo('POST /');

    expect(good.status).toBe(202);
    expect(wrongToken).toMatchObject(nothing);
    expect(wrongId).toEqual(wrongToken);
    expect(nowhere).toEqual(wrongToken);
  });

  it.each([
    '/hooks/here/TOKEN/',
    '/hooks/here/TOKEN/more',
    '/hooks/here//TOKEN',
    '//hooks/here/TOKEN',
    '/hooks/../hooks/here/TOKEN',
    '/hooks/./here/TOKEN',
    '/hooks/other/../here/TOKEN',
    '/hooks/%2e%2e/hooks/here/TOKEN',
    '/hooks/h%65re/TOKEN',
    '/hooks/here%2fTOKEN',
    '/hooks/here%00/TOKEN',
    '/hooks/HERE/TOKEN',
    '/Hooks/here/TOKEN',
    '/hooks/here/TOKEN;a=b',
    '/hooks/here/TOKEN#a',
    '/hooks/here/TOKEN%20',
    '/hooks\\here\\TOKEN',
    '/hooks/here/TOKENA',
    '/hooks/here/',
    '/hooks/here',
    '/hooks/__proto__/TOKEN',
    '/hooks/constructor/TOKEN',
    'http://hooks.test/hooks/other/TOKEN',
    'http:///hooks/here/TOKEN',
    'ftp://hooks.test/hooks/here/TOKEN',
    'http://hooks.testhttp://hooks.test/hooks/here/TOKEN',
    '*',
  ])('is not reached by %s', async (path) => {
    const { status, body } = await answerTo(`POST ${path.replace('TOKEN', token)}`);

    expect({ status, body }).toEqual(nothing);
  });

  it.each([
    ['a very long token', `/hooks/here/${'A'.repeat(5_000)}`],
    ['very many steps up', `/hooks/${'../'.repeat(1_000)}here/TOKEN`],
  ])('is not reached by %s', async (_what, path) => {
    const { status, body } = await answerTo(`POST ${path.replace('TOKEN', token)}`);

    expect({ status, body }).toEqual(nothing);
  });

  it('may have a query, which nobody looks at', async () => {
    const { status } = await answerTo(`POST ${hook.path}?token=x&%00=../..`);

    expect(status).toBe(202);
  });

  it.each(['http://hooks.test', 'HTTPS://user@[::1]:8787', 'http://elsewhere.test'])(
    'may stand behind %s, as proxies write it',
    async (origin) => {
      const { status } = await answerTo(`POST ${origin}${hook.path}?x`);
      const health = await send(daemon.ingressUrl, rawRequest(`GET ${origin}/healthz`, {}));

      expect([status, health.status]).toEqual([202, 200]);
    },
  );

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY'])(
    'takes no %s',
    async (method) => {
      const line = rawRequest(`${method} ${hook.path}`, {});
      const elsewhere = rawRequest(`${method} /hooks/here/${'A'.repeat(43)}`, {});

      const here = await send(daemon.ingressUrl, method === 'HEAD' ? withoutBody(line) : line);
      const there = await send(daemon.ingressUrl, method === 'HEAD' ? withoutBody(elsewhere) : elsewhere);

      expect([here.status, here.headers.get('allow')]).toEqual([405, 'POST']);
      expect([there.status, there.headers.get('allow')]).toEqual([404, undefined]);
    },
  );

  it('gives no tunnel and no other protocol', async () => {
    const upgrade = { ...(await githubHeaders()), connection: 'upgrade', upgrade: 'websocket' };

    const upgraded = await send(daemon.ingressUrl, rawRequest(`POST ${hook.path}`, upgrade, pushBody));
    const tunnel = send(daemon.ingressUrl, 'CONNECT inside.test:22 HTTP/1.1\r\nhost: inside.test\r\n\r\n');

    expect(upgraded.status).toBe(202);
    await expect(tunnel).rejects.toThrow('without an answer');
  });

  it('does not lead to the API', async () => {
    const paths = ['/admin/v1/status', '/openapi.json', '/metrics', '/readyz'];

    const answers = await Promise.all(
      paths.map((path) =>
        send(daemon.ingressUrl, rawRequest(`GET ${path}`, { authorization: `Bearer ${daemon.token}` })),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });
});

describe('the health of the listener', () => {
  it('is answered to GET alone, and says nothing', async () => {
    const get = await send(daemon.ingressUrl, rawRequest('GET /healthz', {}));
    const post = await send(daemon.ingressUrl, rawRequest('POST /healthz', {}));

    expect(get).toMatchObject({ status: 200, body: 'ok\n' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('a new address', () => {
  const rotate = async (id: string, overlapMs: number): Promise<string> => {
    const body = { what: 'url', overlapMs } as const;
    return (await daemon.api('POST /webhooks/{id}/rotate', { params: { id }, body })).url;
  };

  it('is good at once, and the old one for as long as was said', async () => {
    const old = await addHook(daemon, { id: 'moved' });

    const url = await rotate('moved', 3_600_000);
    const shown = await daemon.api('GET /webhooks/{id}', { params: { id: 'moved' } });
    const statuses = [(await postGithub(old)).status, (await postGithub({ ...old, url })).status];

    expect(url).not.toBe(old.url);
    expect(shown.url).toBe(url);
    expect(shown.previousUrlUntil).toBeGreaterThan(Date.now());
    expect(statuses).toEqual([202, 202]);
  });

  it('ends the old one when its time is over', async () => {
    const old = await addHook(daemon, { id: 'moving' });

    await rotate('moving', 50);
    const answer = await until(async () => {
      const { status, body } = await postGithub(old);
      return status === 202 ? undefined : { status, code: body.code };
    });

    expect(answer).toEqual({ status: 404, code: 'not_found' });
  });

  it('ends the old one at once when that was asked for, and all but the last old one', async () => {
    const first = await addHook(daemon, { id: 'hasty' });

    const second = await rotate('hasty', 0);
    const afterFirst = [first.url, second].map((url) => ({ ...first, url }));
    const statuses = await Promise.all(afterFirst.map(async (at) => (await postGithub(at)).status));
    const third = await rotate('hasty', 3_600_000);
    const fourth = await rotate('hasty', 3_600_000);
    const afterMore = [first.url, second, third, fourth].map((url) => ({ ...first, url }));
    const later = await Promise.all(afterMore.map(async (at) => (await postGithub(at)).status));

    expect(statuses).toEqual([404, 202]);
    expect(later).toEqual([404, 404, 202, 202]);
  });
});

it('keeps nothing of what came to no address', async () => {
  const kept = await deliveriesOf(daemon, 'here');

  expect(new Set(kept.map(({ verdict }) => verdict))).toEqual(new Set(['accepted', 'duplicate']));
});

function withoutBody(request: Buffer): Buffer {
  return Buffer.from(
    request.toString('latin1').replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'),
    'latin1',
  );
}
