import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, client, failureOf, openServer } from '../../test/support/egress.ts';
import { agentDeps } from '../../test/support/http-harness.ts';
import { contractTurn } from './contract.ts';
import { agentKinds, createAgent } from './registry.ts';
import { collectTurnOutput } from './turn-output.ts';

afterEach(closeAll);

const http = (config: Record<string, unknown>): unknown => createAgent({ kind: 'http', config }, agentDeps());

describe('the kinds of agents', () => {
  it('are known by name', () => {
    expect(agentKinds().map(({ kind }) => kind)).toEqual(['echo', 'http']);
    expect(() => createAgent({ kind: 'llm', config: {} }, agentDeps())).toThrow(
      'There is no agent kind "llm". Known: echo, http.',
    );
  });

  it('take no settings that they do not know', () => {
    expect(() => createAgent({ kind: 'echo', config: { loud: true } }, agentDeps())).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    expect(() => http({ url: 'https://agent.example.org/', secretref: 'global/x' })).toThrow('secretref');
  });
});

describe('the config of an HTTP agent', () => {
  it.each([
    [{ url: 'https://agent.example.org/turns' }],
    [{ url: 'https://agent.example.org/', secretRef: 'global/agent', awaitMs: 1_000 }],
    [{ url: 'http://127.0.0.1:9000/' }],
    [{ url: 'http://[::1]:9000/' }],
    [{ url: 'http://localhost:9000/' }],
    [{ url: 'http://192.168.1.2/' }],
    [{ url: 'http://agent:9000/', allowPrivateNetwork: true }],
  ])('may be %j', (config) => {
    expect(() => http(config)).not.toThrow();
  });

  it.each([
    [{}, 'url'],
    [{ url: 'agent.example.org' }, 'url'],
    [{ url: 'http://agent.example.org/' }, 'url'],
    [{ url: 'http://8.8.8.8/' }, 'url'],
    [{ url: 'ftp://127.0.0.1/' }, 'url'],
    [{ url: 'https://user:password@agent.example.org/' }, 'url'],
    [{ url: 'http://0x7f.1/' }, 'url'],
    [{ url: 'https://agent.example.org/', secretRef: 'hunter2' }, 'secretRef'],
    [{ url: 'https://agent.example.org/', awaitMs: 0 }, 'awaitMs'],
  ])('may not be %j', (config, key) => {
    expect(() => http(config)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringContaining(`: ${key}: `) as string,
      }),
    );
  });

  it('is complained about without repeating what may be a secret', () => {
    expect(() => http({ url: 'https://agent.example.org/', secretRef: 'hunter2' })).not.toThrow('hunter2');
    expect(() => http({ url: 'https://user:hunter2@agent.example.org/' })).not.toThrow('hunter2');
  });

  it('decides whether a name may stand for a private address', async () => {
    const server = await openServer((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    const deps = agentDeps({ fetch: client({ lookup: async () => ['127.0.0.1'] }) });
    const url = `http://agent.test:${server.port}/`;
    const ask = (config: Record<string, unknown>): Promise<unknown> =>
      createAgent({ kind: 'http', config }, deps).run(
        contractTurn(),
        collectTurnOutput(),
        new AbortController().signal,
      );

    const refused = await failureOf(ask({ url: url.replace('http:', 'https:') }));
    const admitted = await ask({ url, allowPrivateNetwork: true });

    expect(refused.slice(0, 2)).toEqual(['refused', 'forbidden']);
    expect(admitted).toEqual({ kind: 'answered' });
  });
});
