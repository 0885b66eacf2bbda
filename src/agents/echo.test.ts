import { describe, expect, it } from 'vitest';
import { closeAll } from '../../test/support/egress.ts';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { AgentDeps, Turn } from './agent.ts';
import { agentCases, contractTurn } from './contract.ts';
import { echoAgent } from './echo.ts';
import { collectTurnOutput } from './turn-output.ts';

const agent = echoAgent.create({}, {} as AgentDeps);

const answerTo = async (turn: Turn): Promise<unknown> => {
  const out = collectTurnOutput();
  await agent.run(turn, out, new AbortController().signal);
  return out.messages.map((message) => ('text' in message ? message.text : message.op)).join('\n');
};

const webhook = (body: string | undefined, given: object = {}): Turn =>
  contractTurn({
    event: {
      ...contractTurn().event,
      type: 'webhook',
      provider: 'github',
      event: 'push',
      ...given,
    } as InboundEvent,
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  });

describe('the echo agent, as any agent', () => {
  it.each(agentCases)('$name', async ({ check }) => {
    await check({ agent, failures: [], close: closeAll });
  });
});

describe('the echo agent', () => {
  it('says back what it is told, control tokens and all', async () => {
    expect(await answerTo(contractTurn({ text: 'so [rate-limit-once] it is' }))).toBe(
      'echo: so [rate-limit-once] it is',
    );
  });

  it('counts attachments when there is no text', async () => {
    const event = {
      ...contractTurn({ text: '' }).event,
      attachments: [{ id: 'a', kind: 'image' }],
    } as InboundEvent;

    expect(await answerTo(contractTurn({ event }))).toBe('echo: (1 attachments)');
  });

  it.each([
    ['a repository', '{"repository":{"full_name":"octo/site"}}', 'github push: octo/site, 40 bytes'],
    ['a subject', '{"subject":"Disk full"}', 'github push: Disk full, 23 bytes'],
    ['a list', '[1,2]', 'github push: 5 bytes'],
    ['null', 'null', 'github push: 4 bytes'],
    ['no subject', '{"a":1}', 'github push: 7 bytes'],
    ['a subject that is no text', '{"subject":{"secret":1}}', 'github push: 24 bytes'],
    ['no JSON', 'payload=x', 'github push: 9 bytes'],
    ['nothing', undefined, 'github push'],
  ])('sums up a webhook with %s in one line', async (_what, body, line) => {
    expect(await answerTo(webhook(body))).toBe(line);
  });

  it('cuts a long subject and takes line breaks out of it', async () => {
    const answer = await answerTo(webhook(JSON.stringify({ subject: `first\nsecond${'é'.repeat(1_000)}` })));

    expect(answer).toMatch(/^github push: first second[é]+, \d+ bytes$/);
    expect(Buffer.byteLength(String(answer))).toBeLessThan(120);
  });

  it('looks for no subject in what JSON inherits', async () => {
    expect(await answerTo(webhook('{"repository":{}}'))).toBe('github push: 17 bytes');
    expect(await answerTo(webhook('{"data":"text"}'))).toBe('github push: 15 bytes');
  });
});
