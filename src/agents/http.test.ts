import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { json, ndjson, status } from '../../test/support/agent-server.ts';
import { closeAll, closedPort, failureOf } from '../../test/support/egress.ts';
import { agentDeps, openHttpHarness } from '../../test/support/http-harness.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import { Secret } from '../lib/secret.ts';
import type { Agent, Turn, TurnEnd, TurnMessage } from './agent.ts';
import { agentCases, contractTurn } from './contract.ts';
import { createAgent } from './registry.ts';
import { collectTurnOutput, retryAfterOf } from './turn-output.ts';

afterEach(closeAll);

const run = async (
  agent: Agent,
  turn: Turn = contractTurn(),
  signal?: AbortSignal,
): Promise<[TurnEnd, readonly TurnMessage[]]> => {
  const out = collectTurnOutput();
  const end = await agent.run(turn, out, signal ?? new AbortController().signal);
  return [end, out.messages];
};

const send = (text: string): { op: 'send'; text: string } => ({ op: 'send', text });

describe('the HTTP agent, as any agent', () => {
  it.each(agentCases)('$name', async ({ check }) => {
    await check(await openHttpHarness());
  });
});

describe('a request to an HTTP agent', () => {
  it('is one POST that says which turn it is', async () => {
    const { agent, server } = await openHttpHarness();

    await run(agent, contractTurn({ attempt: 3 }));

    const [request] = server.seen;
    expect(server.seen).toHaveLength(1);
    expect(request).toMatchObject({ method: 'POST', path: '/turns' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'palyra/1.2.3',
      'webhook-id': contractTurn().id,
      traceparent: contractTurn().traceparent,
      'palyra-attempt': '3',
    });
    expect(request?.headers).not.toHaveProperty('webhook-signature');
  });

  it('is signed so that a library of Standard Webhooks takes it', async () => {
    const secret = `whsec_${Buffer.from('a key of more than twenty-four bytes').toString('base64')}`;
    const { agent, server } = await openHttpHarness({
      config: { secretRef: 'global/agent' },
      deps: { resolveSecret: async () => new Secret(secret) },
    });

    await run(agent, contractTurn({ text: 'ünïcödé 👋' }));

    const { headers = {}, body = '' } = server.seen[0] ?? {};
    const verify = (payload: string, key: string): unknown =>
      new Webhook(key).verify(payload, headers as Record<string, string>);
    expect(verify(body, secret)).toMatchObject({ event: { text: 'ünïcödé 👋' } });
    expect(() => verify(body.replace('👋', '👏'), secret)).toThrow();
    expect(() => verify(body, `whsec_${Buffer.from('another key').toString('base64')}`)).toThrow();
  });

  it('is signed with the secret as it stands when that is no whsec_', async () => {
    const { agent, server } = await openHttpHarness({ config: { secretRef: 'global/agent' } });

    await run(agent);

    const { headers = {}, body = '' } = server.seen[0] ?? {};
    const verifier = new Webhook('a plain secret', { format: 'raw' });
    expect(verifier.verify(body, headers as Record<string, string>)).toBeDefined();
  });

  it('asks for the secret that the config names, every time', async () => {
    const asked: unknown[] = [];
    const { agent } = await openHttpHarness({
      config: { secretRef: 'principal:agent/key' },
      deps: {
        resolveSecret: async (ref) => {
          asked.push(ref);
          return new Secret('x');
        },
      },
    });

    await run(agent);
    await run(agent);

    expect(asked).toEqual(Array(2).fill({ scope: 'principal:agent', key: 'key' }));
  });

  it.each(['vault_locked', 'not_found'] as const)('is not made when the secret is %s', async (code) => {
    const { agent, server } = await openHttpHarness({
      config: { secretRef: 'global/agent' },
      deps: { resolveSecret: () => Promise.reject(new AppError(code, 'No secret.')) },
    });

    await expect(run(agent)).rejects.toMatchObject({ code });
    expect(server.seen).toHaveLength(0);
  });

  it('is not made with an empty key', async () => {
    const { agent } = await openHttpHarness({
      config: { secretRef: 'global/agent' },
      deps: { resolveSecret: async () => new Secret('whsec_') },
    });

    await expect(run(agent)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('waits no longer than the turn', async () => {
    const clock = new ManualClock();
    const { agent, hang } = await openHttpHarness({ deps: { clock } });
    const held = hang?.();
    const running = failureOf(run(agent, contractTurn({ deadlineAt: clock.now() + 5_000 })));
    await held?.holding;

    clock.advance(5_000);

    expect((await running)[1]).toBe('timeout');
    held?.letGo();
  });

  it('that reaches nobody may be made again', async () => {
    const agent = createAgent(
      { kind: 'http', config: { url: `http://127.0.0.1:${await closedPort()}/` } },
      agentDeps(),
    );

    expect((await failureOf(run(agent))).slice(0, 2)).toEqual(['not_sent', 'unavailable']);
  });
});

describe('an answer of an HTTP agent', () => {
  it('may be a list', async () => {
    const { agent, server } = await openHttpHarness();
    const messages: TurnMessage[] = [
      { op: 'send', text: 'one', replyTo: 'none', extras: { embeds: [{ title: 'x' }] } },
      { op: 'edit', message: 'm0', text: 'two' },
      { op: 'delete', message: 'm0' },
      { op: 'react', emoji: '👍' },
      { op: 'react', message: 'm0', emoji: '👍', remove: true },
      { op: 'typing' },
      { op: 'send', text: '', extras: { embeds: [] } },
    ];
    server.next(json(messages, 200, { 'content-type': 'Application/JSON; charset=utf-8' }));

    expect(await run(agent)).toEqual([{ kind: 'answered' }, messages]);
  });

  it('may be nothing, in two ways', async () => {
    const { agent, server } = await openHttpHarness();
    server.next(status(204));
    server.next(json([]));

    expect(await run(agent)).toEqual([{ kind: 'answered' }, []]);
    expect(await run(agent)).toEqual([{ kind: 'answered' }, []]);
  });

  it('may be a stream, cut anywhere, with or without an end of line at the end', async () => {
    const { agent, server } = await openHttpHarness();
    const text = `${JSON.stringify(send('ünïcödé 👋'))}\r\n\n${JSON.stringify(send('two'))}`;
    const bytes = Buffer.from(text);
    server.next((response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    });
    server.next(ndjson(`${text}\n`));

    expect((await run(agent))[1]).toEqual([send('ünïcödé 👋'), send('two')]);
    expect((await run(agent))[1]).toEqual([send('ünïcödé 👋'), send('two')]);
  });

  it('may be a stream of known length', async () => {
    const { agent, server } = await openHttpHarness();
    const body = `${JSON.stringify(send('one'))}\n`;
    server.next(
      status(200, { 'content-type': 'application/x-ndjson', 'content-length': String(body.length) }, body),
    );

    expect((await run(agent))[1]).toEqual([send('one')]);
  });

  it('may fill every limit to the brim', async () => {
    const { agent, server } = await openHttpHarness();
    const longest = send('\u0001'.repeat(128 * 1024));
    server.next(
      ndjson(`${JSON.stringify(longest)}\n`, ...Array.from({ length: 49 }, () => '{"op":"typing"}\n')),
    );

    const [, messages] = await run(agent);

    expect(messages).toHaveLength(50);
    expect(messages[0]).toEqual(longest);
  });

  it('may come later, within the time that the config gives', async () => {
    const clock = new ManualClock();
    const { agent, server } = await openHttpHarness({ deps: { clock }, config: { awaitMs: 60_000 } });
    server.next(status(202));

    const [end, messages] = await run(agent, contractTurn({ deadlineAt: clock.now() + 5_000 }));

    expect(end).toEqual({ kind: 'awaiting', untilAt: clock.now() + 60_000 });
    expect(messages).toEqual([]);
  });

  it('may put the next attempt off to a date', async () => {
    const clock = new ManualClock();
    const { agent, server } = await openHttpHarness({ deps: { clock } });
    server.next(status(503, { 'retry-after': new Date(clock.now() + 90_000).toUTCString() }));

    const [, code, error] = await failureOf(run(agent, contractTurn({ deadlineAt: clock.now() + 5_000 })));

    expect([code, retryAfterOf(error)]).toEqual(['unavailable', 90_000]);
  });

  it('is not repeated in an error', async () => {
    const { agent, server } = await openHttpHarness();
    const marked = [
      status(400, { 'content-type': 'text/marker' }, 'marker'),
      status(500, { 'x-marker': 'marker' }, 'marker'),
      status(200, { 'content-type': 'text/marker' }, 'marker'),
      status(200, { 'content-type': 'application/json' }, '[marker'),
      json([{ op: 'send', text: 12, extras: 'marker' }]),
      ndjson('marker\n'),
    ];

    for (const answer of marked) {
      server.next(answer);
      const [, , error] = await failureOf(run(agent));
      expect(`${error.message} ${String(error.cause)}`).not.toContain('marker');
    }
  });

  it('says which message is wrong, and how', async () => {
    const { agent, server } = await openHttpHarness();
    server.next(json([send('good'), { op: 'edit', text: 'x' }]));

    const [, , error] = await failureOf(run(agent));

    expect(error.message).toMatch(
      /^Message 2 of the answer is not a message of the agent protocol\. message: .*string.* See docs\/agents\.md\.$/,
    );
  });
});
