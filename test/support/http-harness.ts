import type { AgentHarness } from '../../src/agents/contract.ts';
import { createAgent } from '../../src/agents/registry.ts';
import type { AgentDeps } from '../../src/agents/agent.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Secret } from '../../src/lib/secret.ts';
import { type Answer, type AgentServer, json, ndjson, openAgentServer, status } from './agent-server.ts';
import { client, closeAll, closeLater } from './egress.ts';

export function agentDeps(given: Partial<AgentDeps> = {}): AgentDeps {
  return {
    fetch: client({ clock: given.clock ?? systemClock }),
    resolveSecret: async () => new Secret('a plain secret'),
    clock: systemClock,
    version: '1.2.3',
    ...given,
  };
}

/** An HTTP agent with a server of its own. `closeAll` closes both. */
export async function openHttpHarness(
  given: { deps?: Partial<AgentDeps>; config?: Record<string, unknown> } = {},
): Promise<AgentHarness & { readonly server: AgentServer }> {
  const server = await openAgentServer();
  closeLater(() => server.close());
  const config = { url: server.url, ...given.config };
  return {
    agent: createAgent({ kind: 'http', config }, agentDeps(given.deps)),
    server,
    seenTurns: () => server.seen.map(({ headers }) => String(headers['webhook-id'])),
    hang: () => {
      const held = Promise.withResolvers<undefined>();
      const go = Promise.withResolvers<undefined>();
      server.next(async (response, request) => {
        held.resolve(undefined);
        await go.promise;
        json([{ op: 'send', text: 'too late' }])(response, request);
      });
      return { holding: held.promise, letGo: () => go.resolve(undefined) };
    },
    failures: failures.map(([name, answer, code, retryAfterMs]) => ({
      name,
      provoke: () => server.next(answer),
      code,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })),
    close: closeAll,
  };
}

const long = (size: number): string => 'x'.repeat(size);
const send = (text: string): string => JSON.stringify({ op: 'send', text });
const cut = (head: Record<string, string>, ...chunks: readonly string[]): Answer => {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', ...head });
    for (const chunk of chunks) response.write(chunk);
    setImmediate(() => response.destroy());
  };
};

type Failure = readonly [
  name: string,
  answer: Answer,
  code: AgentHarness['failures'][number]['code'],
  retryAfterMs?: number,
];

const failures: readonly Failure[] = [
  ['it is starting', status(503), 'unavailable'],
  ['it broke', status(500), 'unavailable'],
  ['a proxy could not reach it', status(502, { 'retry-after': '7' }), 'unavailable', 7_000],
  ['it is busy', status(429, { 'retry-after': '30' }), 'rate_limited', 30_000],
  ['it is busy and gives no time', status(429, { 'retry-after': 'soon' }), 'rate_limited'],
  ['it waited for us', status(408), 'unavailable'],
  ['it fears a replay', status(425), 'unavailable'],
  ['it refuses', status(400), 'invalid_request'],
  ['it does not know us', status(401), 'invalid_request'],
  ['it is elsewhere', status(404), 'invalid_request'],
  ['it sends us elsewhere', status(307, { location: '/elsewhere' }), 'invalid_request'],
  ['it answers a status without meaning', json([{ op: 'typing' }], 206), 'unsupported'],
  [
    'it answers plain text',
    status(200, { 'content-type': 'text/plain' }, '[{"op":"typing"}]'),
    'unsupported',
  ],
  ['it answers nothing', status(200), 'unsupported'],
  ['it answers an object', json({ op: 'send', text: 'x' }), 'unsupported'],
  [
    'it answers half a list',
    status(200, { 'content-type': 'application/json' }, `[${send('x')}`),
    'unsupported',
  ],
  [
    'it answers another encoding',
    status(
      200,
      { 'content-type': 'application/json' },
      Buffer.from('[{"op":"send","text":"\xff"}]', 'latin1'),
    ),
    'unsupported',
  ],
  ['it misspells an operation', json([{ op: 'sent', text: 'x' }]), 'unsupported'],
  ['it misspells a key', json([{ op: 'send', text: 'x', reply_to: 'none' }]), 'unsupported'],
  ['it says nothing in many words', json([{ op: 'send', text: '' }]), 'unsupported'],
  ['a text is too long', json([{ op: 'send', text: long(128 * 1024 + 1) }]), 'unsupported'],
  ['it sends too many messages', json(Array.from({ length: 51 }, () => ({ op: 'typing' }))), 'too_large'],
  [
    'its answer is too long',
    status(200, { 'content-type': 'application/json' }, long(4 * 1024 * 1024 + 1)),
    'too_large',
  ],
  ['it streams too many messages', ndjson('{"op":"typing"}\n'.repeat(51)), 'too_large'],
  [
    'it streams a line without end',
    ndjson(...Array.from({ length: 20 }, () => long(64 * 1024))),
    'too_large',
  ],
  [
    'it streams a line that is no message',
    ndjson(`${send('good')}\n`, `${send('good')}\n{"op":"send"}\n`),
    'unsupported',
  ],
  ['it streams a line that is no JSON', ndjson(`${send('good')}\nbad\n`), 'unsupported'],
  ['a chunked stream breaks off', cut({}, `${send('good')}\n`), 'unavailable'],
  [
    'a stream of known length breaks off',
    cut({ 'content-length': '1000' }, `${send('good')}\n`),
    'unavailable',
  ],
  [
    'it streams without saying where the end is',
    cut({ 'transfer-encoding': 'identity', connection: 'close' }, `${send('good')}\n`),
    'unsupported',
  ],
  ['the connection breaks before the answer', (response) => response.destroy(), 'unavailable'],
];
