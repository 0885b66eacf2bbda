import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anyText } from '../../../test/support/any-text.ts';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  answersTo,
  anyBytes,
  anyCuts,
  anyEdits,
  anyHeaders,
  anyMethod,
  anyPath,
  edited,
  faultsIn,
  inPieces,
} from '../../../test/support/fuzz.ts';
import { addHook, rawRequest, send } from '../../../test/support/hooks.ts';
import { contract } from '../contract/contract.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon({ config: { admin: { requestsPerSecondLoopback: 1_000_000 } } });
  await addHook(daemon, { id: 'any' });
});
afterAll(async () => {
  expect((await daemon.request('/admin/v1/status')).status).toBe(200);
  expect(daemon.lines.filter(({ event }) => event === 'http.failed')).toEqual([]);
  await closeAll();
});

async function check(data: Buffer, cuts: readonly number[] = []): Promise<void> {
  const answers = await answersTo(daemon.adminUrl, inPieces(data, cuts));

  expect(faultsIn(answers)).toEqual([]);
}

const endpoints = Object.entries(contract).map(([key, { body, query }]) => {
  const [method = '', path = ''] = key.split(' ');
  return { method, path, keys: keysOf(body), queryKeys: keysOf(query) };
});

function keysOf(schema: z.ZodType): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.keys(properties);
}

const ids = fc.oneof(
  fc.constantFrom(
    'echo:default',
    'echo',
    'any',
    'webhooks',
    'webhook:any',
    'demo',
    'global',
    'evt_1',
    'turn_',
    'prt_x',
  ),
  fc.constantFrom('__proto__', 'constructor', '..', '.', '%', '%00', '%E0%A4%A', '0', '-1', 'x'.repeat(300)),
  anyText(12).map((text) => encodeURIComponent(text.toWellFormed())),
);

const values = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e308,
    '',
    'x',
    'echo:default',
    [],
    {},
    [null],
    '\u0000',
    '\ud800',
  ),
  fc.anything({
    maxDepth: 3,
    withNullPrototype: false,
    values: [fc.string(), fc.integer(), fc.boolean(), anyText()],
  }),
);

/** A body of roughly the right shape, as text; not always JSON. */
function anyBody(keys: readonly string[]): fc.Arbitrary<string> {
  const key =
    keys.length === 0 ? fc.constant('x') : fc.oneof(fc.constantFrom(...keys), fc.constant('__proto__'));
  return fc.oneof(
    { weight: 6, arbitrary: fc.dictionary(key, values, { maxKeys: 8 }).map((body) => toText(body)) },
    { weight: 2, arbitrary: values.map(toText) },
    { weight: 1, arbitrary: anyText(100).map((text) => text.toWellFormed()) },
    { weight: 1, arbitrary: fc.nat({ max: 3_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)) },
  );
}

function toText(value: unknown): string {
  try {
    return JSON.stringify([value]).slice(1, -1);
  } catch {
    return '{';
  }
}

describe('the admin listener answers in good order and ends', () => {
  it('whatever bytes come in', () =>
    fc.assert(fc.asyncProperty(anyBytes(400), anyCuts, check), { numRuns: 100 }));

  it('whatever is changed in a good request', () =>
    fc.assert(
      fc.asyncProperty(anyEdits, anyCuts, async (edits, cuts) => {
        const body = JSON.stringify({
          connector: 'echo:default',
          conversation: 'x',
          operation: { op: 'typing' },
        });
        const headers = { authorization: `Bearer ${daemon.token}`, 'content-type': 'application/json' };

        await check(edited(rawRequest('POST /admin/v1/messages', headers, body), edits), cuts);
      }),
      { numRuns: 200 },
    ));

  it('whatever method, path, headers and body a request has', () =>
    fc.assert(
      fc.asyncProperty(
        anyMethod,
        anyPath('status', 'events/stream', 'metrics', 'readyz', 'openapi.json', 'secrets', 'channels/'),
        anyHeaders,
        anyBytes(500),
        fc.boolean(),
        async (method, path, headers, body, isKnown) => {
          const all = isKnown ? [...headers, ['authorization', `Bearer ${daemon.token}`] as const] : headers;

          await check(rawRequest(`${method} ${path}`, all, body));
        },
      ),
      { numRuns: 300 },
    ));

  it('whatever an operator asks of any operation', () => {
    const anyCall = fc.constantFrom(...endpoints).chain(({ method, path, keys, queryKeys }) =>
      fc.record({
        method: fc.constant(method),
        path: fc.array(ids, { minLength: 2, maxLength: 2 }).map((given) => {
          const left = [...given];
          return path.replace(/\{\w+\}/g, () => left.shift() ?? 'x');
        }),
        query: fc.array(
          fc.tuple(
            fc.constantFrom('limit', 'cursor', 'x', ...queryKeys),
            fc.oneof(fc.constantFrom('0', '501', '1e3', '-1', ''), anyText(10)),
          ),
          { maxLength: 3 },
        ),
        body: anyBody(keys),
      }),
    );
    return fc.assert(
      fc.asyncProperty(anyCall, async ({ method, path, query, body }) => {
        const search = query
          .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
          .join('&');
        const line = `${method} /admin/v1${path}${search === '' ? '' : `?${search}`}`;
        const headers = {
          authorization: `Bearer ${daemon.token}`,
          'content-type': 'application/json',
          connection: 'close',
        };

        const answer = await send(daemon.adminUrl, rawRequest(line, headers, method === 'GET' ? '' : body));

        expect(faultsIn(`HTTP/1.1 ${answer.status}\r\n\r\n${answer.body}`)).toEqual([]);
        const type = answer.status < 300 ? 'application/json' : 'application/problem+json';
        expect(answer.headers.get('content-type')).toContain(type);
        expect(() => JSON.parse(answer.body || '{}') as unknown).not.toThrow();
      }),
      { numRuns: 600 },
    );
  });
});
