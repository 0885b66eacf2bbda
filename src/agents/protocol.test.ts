import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ndjson } from '../../test/support/agent-server.ts';
import { agentDeps, openHttpHarness } from '../../test/support/http-harness.ts';
import { closeAll, closeLater, failureOf } from '../../test/support/egress.ts';
import { limits } from '../domain/limits.ts';
import { Secret } from '../lib/secret.ts';
import type { Agent } from './agent.ts';
import { contractTurn } from './contract.ts';
import { toRequestBody } from './http-request.ts';
import { createAgent } from './registry.ts';
import { parseTurnMessage } from './turn-message.ts';
import { collectTurnOutput } from './turn-output.ts';

afterEach(closeAll);

const protocol = await readFile(new URL('../../docs/agents.md', import.meta.url), 'utf8');
const blocks = [...protocol.matchAll(/```(\w*)\n(.*?)```/gs)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const blockOf = (language: string): string => blocks.find((block) => block.language === language)?.text ?? '';

const secret = `whsec_${Buffer.from('a key of more than twenty-four bytes').toString('base64')}`;

/** Runs the example as a person would, but on a free port. */
const startExample = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'palyra-agent-'));
  closeLater(() => rm(directory, { recursive: true }));
  const file = join(directory, 'agent.mjs');
  await writeFile(file, blockOf('js').replace('9000', '0'));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, AGENT_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  closeLater(async () => {
    child.kill();
    await ended;
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return `http://127.0.0.1:${line.toString().trim().split(' ').at(-1) ?? ''}/`;
};

const agentAt = (url: string, key: string): Agent =>
  createAgent(
    { kind: 'http', config: { url, secretRef: 'global/helper' } },
    agentDeps({ resolveSecret: async () => new Secret(key) }),
  );

describe('docs/agents.md', () => {
  it('has an example that answers, and that refuses who has another secret', async () => {
    const url = await startExample();
    const out = collectTurnOutput();

    await agentAt(url, secret).run(contractTurn({ text: 'hello' }), out, new AbortController().signal);
    const stranger = agentAt(url, 'whsec_c3RyYW5nZXI=').run(
      contractTurn(),
      collectTurnOutput(),
      new AbortController().signal,
    );

    expect(out.messages).toEqual([{ op: 'send', text: 'You said: hello' }]);
    expect((await failureOf(stranger))[1]).toBe('invalid_request');
  });

  it('shows a request with the keys that requests have', () => {
    const shown = JSON.parse(blockOf('json')) as Record<string, object>;
    const sent = JSON.parse(toRequestBody(contractTurn())) as Record<string, object>;

    expect(Object.keys(shown)).toEqual(Object.keys(sent));
    expect(Object.keys(shown.turn ?? {})).toEqual(Object.keys(sent.turn ?? {}));
    expect(Object.keys(sent.event ?? {}).filter((key) => !(key in (shown.event ?? {})))).toEqual([]);
  });

  it('shows messages that are taken', () => {
    const shown = [...protocol.matchAll(/^\| `(\{"(?:op|text)".*?\})`/gm)].map(([, text = '']) => text);

    expect(shown.length).toBeGreaterThanOrEqual(5);
    for (const text of shown) expect(() => parseTurnMessage(JSON.parse(text), text)).not.toThrow();
  });

  it('shows streams that are taken, and their drafts', async () => {
    const { agent, server } = await openHttpHarness();
    const answers = [];
    for (const { text } of blocks.filter(({ text }) => text.startsWith('{"op"'))) {
      server.next(ndjson(text));
      const drafts: string[] = [];
      const out = collectTurnOutput((_slot, draft) => drafts.push(draft));
      await agent.run(contractTurn(), out, new AbortController().signal);
      answers.push({ drafts, messages: out.messages });
    }

    expect(answers).toEqual([
      { drafts: [], messages: [{ op: 'typing' }, { op: 'send', text: 'It is green.' }] },
      {
        drafts: ['The build', 'The build is green'],
        messages: [{ op: 'send', text: 'The build is green.' }],
      },
    ]);
  });

  it('tells the limits that there are', () => {
    expect(protocol).toContain(
      `At most ${limits.turnMessagesMax} messages, ${limits.outboundTextBytesMax / 1024} KiB of text each, ${limits.agentAnswerBytesMax / 1024 / 1024} MiB in all.`,
    );
  });
});
