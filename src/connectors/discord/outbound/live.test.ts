import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { reviseMessage, showTyping } from './live.ts';
import { type Bench, openBench } from './outbound.fixture.ts';

afterEach(closeAll);

const signal = new AbortController().signal;

async function draft(
  bench: Bench,
): Promise<{ readonly revise: (text: string) => Promise<void>; readonly shown: () => string }> {
  await bench.send(bench.part('draft'));
  const [message] = bench.discord.messagesIn(bench.channel);
  const { address } = bench.part('', { about: message!.id });
  return {
    revise: (text) => reviseMessage(address, text, bench.deps, signal),
    shown: () => message!.content,
  };
}

describe('a message that is being written', () => {
  it('is brought to each revision', async () => {
    const { revise, shown } = await draft(await openBench());

    await revise('one');
    await revise('one two');

    expect(shown()).toBe('one two');
  });

  it('shows a code block that is still open as one', async () => {
    const { revise, shown } = await draft(await openBench());

    await revise('See:\n```ts\nconst a');

    expect(shown()).toBe('See:\n```ts\nconst a\n```');
  });

  it('leaves room in the limit for the final one', async () => {
    const bench = await openBench({ rateLimits: { scale: 1 } });
    const { revise, shown } = await draft(bench);

    for (let nth = 1; nth <= 9; nth++) await revise(`${nth}`);
    const about = bench.discord.messagesIn(bench.channel)[0]!.id;
    const final = await bench.send(bench.part({ op: 'edit', text: 'final' }, { about }));

    expect([final.kind, shown()]).toEqual(['delivered', 'final']);
    expect(bench.discord.requests.of('PATCH', '/channels/{channel}/messages/{message}')).toHaveLength(5);
  });

  it('is left alone when there is nothing to say, or no message', async () => {
    const bench = await openBench();
    const { revise, shown } = await draft(bench);
    const before = bench.discord.requests.count;

    await revise(' ');
    await reviseMessage(bench.part('').address, 'x', bench.deps, signal);

    expect([shown(), bench.discord.requests.count]).toEqual(['draft', before]);
  });
});

describe('typing', () => {
  it('is shown, and leaves room in the limit for what matters more', async () => {
    const bench = await openBench({ rateLimits: { scale: 1 } });

    for (let nth = 0; nth < 9; nth++) await showTyping(bench.part('').address, bench.deps, signal);

    expect(bench.discord.requests.of('POST', '/channels/{channel}/typing')).toHaveLength(3);
  });

  it('is not shown in a forum, where nobody would see it', async () => {
    const bench = await openBench({}, { channelTypeOf: () => 15 });

    await showTyping(bench.part('').address, bench.deps, signal);

    expect(bench.discord.requests.count).toBe(0);
  });
});
