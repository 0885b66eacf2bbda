import { expect, it } from 'vitest';
import type { Agent, Turn } from '../agents/agent.ts';
import { collectTurnOutput, retryAfterOf, retryLater } from '../agents/turn-output.ts';
import { AppError } from '../domain/errors.ts';
import { redactedAgent } from './redacted-agent.ts';

const redact = (text: string): string => text.replaceAll('s3cret', '[secret]');

function failing(thrown: unknown): Promise<unknown> {
  const agent: Agent = {
    run: async () => {
      throw thrown;
    },
  };
  const run = redactedAgent(agent, redact).run({} as Turn, collectTurnOutput(), new AbortController().signal);
  return run.then(
    () => undefined,
    (error: unknown) => error,
  );
}

it('says why it failed, but for the secrets in it', async () => {
  const error = await failing(new AppError('unsupported', 'It answered s3cret.'));

  expect(error).toMatchObject({ code: 'unsupported', message: 'It answered [secret].' });
});

it('still says when to come again', async () => {
  const error = await failing(retryLater('rate_limited', 'Not now, s3cret.', 7_000));

  expect(error).toMatchObject({ code: 'rate_limited', message: 'Not now, [secret].' });
  expect(retryAfterOf(error)).toBe(7_000);
});

it.each([retryLater('unavailable', 'Not now.', 1), new TypeError('s3cret is no function')])(
  'leaves alone what nobody has to hide: %s',
  async (thrown) => {
    expect(await failing(thrown)).toBe(thrown);
  },
);

it('lets an answer through as it is', async () => {
  const agent: Agent = { run: async (_turn, out) => (out.send({ op: 'typing' }), { kind: 'answered' }) };
  const output = collectTurnOutput();

  const end = await redactedAgent(agent, redact).run({} as Turn, output, new AbortController().signal);

  expect([end, output.messages]).toEqual([{ kind: 'answered' }, [{ op: 'typing' }]]);
});
