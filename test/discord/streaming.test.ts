import { describe, expect, it } from 'vitest';
import type { Channel } from '../fakes/discord/entities.ts';
import { status } from '../support/agent-server.ts';
import { until } from '../support/daemon.ts';
import { type DiscordWorld, openDiscordWorld, repliesIn } from '../support/discord-daemon.ts';
import { hasty, inboxOf, quiet, saidIn, useAgent } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';
import { type Stream, StreamingAgent } from '../support/streaming-agent.ts';

const edit = '/channels/{channel}/messages/{message}';

interface StreamingWorld extends DiscordWorld {
  readonly agent: StreamingAgent;
  readonly dm: Channel;
  /** Says something, and answers with the stream that the agent gets for it. */
  ask(): Promise<Stream>;
}

async function open(outbox: object = {}): Promise<StreamingWorld> {
  const config = { ...hasty, outbox: { ...hasty.outbox, ...outbox } };
  const world = await openDiscordWorld({}, { config });
  const agent = await StreamingAgent.open();
  await useAgent(world.daemon, agent.url, { attemptsMax: 3 });
  const { fake, user } = world;
  const dm = fake.dm(user);
  return {
    ...world,
    agent,
    dm,
    ask: () => {
      const stream = agent.stream();
      fake.say({ channel: dm, author: user, content: 'Tell me a story' });
      return stream;
    },
  };
}

/** Until the bot has written exactly this. */
function shown(world: StreamingWorld, ...texts: readonly string[]): Promise<void> {
  const { fake, dm } = world;
  return fake.until(
    () => JSON.stringify(saidIn(world, dm)) === JSON.stringify(texts),
    `${texts.join(' | ')} to be shown`,
  );
}

describe('an answer that is streamed', () => {
  it.concurrent(
    'is one message, brought to its revisions and finished in place',
    closing(async () => {
      const world = await open();
      const { fake, dm, daemon } = world;
      const stream = await world.ask();

      stream.draft('Once');
      await shown(world, 'Once');
      stream.draft('Once upon');
      stream.draft('Once upon a time');
      await shown(world, 'Once upon a time');
      stream.send('Once upon a time there was a bot.');
      stream.end();
      await shown(world, 'Once upon a time there was a bot.');
      await quiet(daemon);

      const [message] = repliesIn(fake, dm);
      const [asked] = fake.messagesIn(dm);
      expect(saidIn(world, dm)).toHaveLength(1);
      expect(message?.reference?.messageId).toBe(asked?.id);
      expect(fake.requests.of('POST', '/channels/{channel}/messages')).toHaveLength(1);
      expect(fake.requests.of('PATCH', edit).at(-1)?.json.content).toBe('Once upon a time there was a bot.');
    }),
  );

  it.concurrent(
    'of two messages shows each of them in its own place',
    closing(async () => {
      const world = await open();
      const stream = await world.ask();

      stream.draft('one');
      await shown(world, 'one');
      stream.send('one!');
      stream.draft('two');
      await shown(world, 'one', 'two');
      stream.send('two!');
      stream.end();
      await shown(world, 'one!', 'two!');
    }),
  );

  it.concurrent(
    'that becomes too long for one message goes on in the next',
    closing(async () => {
      const world = await open();
      const { fake, dm, daemon } = world;
      const text = Array.from({ length: 900 }, (_none, index) => `word${index}`).join(' ');
      const stream = await world.ask();

      stream.draft('word0');
      await shown(world, 'word0');
      stream.send(text);
      stream.end();
      await fake.until(() => saidIn(world, dm).join(' ').endsWith('word899'));
      await quiet(daemon);

      expect(saidIn(world, dm).length).toBeGreaterThan(3);
      expect(saidIn(world, dm).join(' ')).toBe(text);
    }),
  );

  it.concurrent(
    'comes as a message of its own when somebody has deleted what there was of it',
    closing(async () => {
      const world = await open();
      const { fake, dm } = world;
      const stream = await world.ask();
      stream.draft('Once');
      await shown(world, 'Once');

      fake.delete(...repliesIn(fake, dm));
      stream.send('The end.');
      stream.end();

      await shown(world, 'The end.');
    }),
  );

  it.concurrent(
    'with an embed is a message of its own, and what there was of it is taken away',
    closing(async () => {
      const world = await open();
      const { fake, dm, daemon } = world;
      const stream = await world.ask();
      stream.draft('Look');
      await shown(world, 'Look');

      stream.send('Look:', { extras: { embeds: [{ title: 'A picture' }] } });
      stream.end();
      await shown(world, 'Look:');
      await quiet(daemon);

      expect(repliesIn(fake, dm)).toMatchObject([{ embeds: [{ title: 'A picture' }] }]);
    }),
  );

  it.concurrent(
    'is finished in place although Discord limits its edits',
    closing(async () => {
      const world = await open();
      const { fake, dm, daemon } = world;
      const stream = await world.ask();
      stream.draft('Once');
      await shown(world, 'Once');

      fake.faults.rest({
        ...{ method: 'PATCH', route: edit, times: 2 },
        fault: { kind: 'rate_limit', scope: 'user', retryAfterMs: 300 },
      });
      stream.draft('Once upon');
      await fake.until(() => fake.faults.restPending < 2);
      stream.send('The end.');
      stream.end();
      await shown(world, 'The end.');
      await quiet(daemon);

      expect(saidIn(world, dm)).toHaveLength(1);
    }),
  );

  it.concurrent(
    'is finished in the message that came of it, although the answer to that was lost for good',
    closing(async () => {
      const world = await open({ attemptsMax: 1 });
      const { fake, daemon, dm } = world;
      fake.faults.rest({
        ...{ method: 'POST', route: '/channels/{channel}/messages' },
        fault: { kind: 'reset', applied: true },
      });
      const stream = await world.ask();
      stream.draft('Once');
      await until(async () => ((await daemon.api('GET /status')).outbox.dead > 0 ? true : undefined));

      stream.send('The end.');
      stream.end();
      await shown(world, 'The end.');
      await quiet(daemon);

      expect(fake.requests.of('POST', '/channels/{channel}/messages')).toHaveLength(1);
      expect(saidIn(world, dm)).toEqual(['The end.']);
    }),
  );

  it.concurrent(
    'of which nothing comes is taken back',
    closing(async () => {
      const world = await open();
      const stream = await world.ask();
      stream.draft('Hm');
      await shown(world, 'Hm');

      stream.end();

      await shown(world);
    }),
  );
});

describe('an answer that is interrupted', () => {
  it.concurrent(
    'is written on in the same message after a restart',
    closing(async () => {
      const world = await open();
      const { daemon, dm } = world;
      const first = await world.ask();
      first.draft('Once upon');
      await shown(world, 'Once upon');

      await daemon.stop();
      const next = world.agent.stream();
      await daemon.start();
      const second = await next;
      second.draft('Once more');
      await shown(world, 'Once more');
      second.send('The end.');
      second.end();
      await shown(world, 'The end.');
      await quiet(daemon);

      expect(saidIn(world, dm)).toHaveLength(1);
    }),
  );

  it.concurrent(
    'is written on in the same message by an agent that streams no more',
    closing(async () => {
      const world = await open();
      const first = await world.ask();
      first.draft('Once upon');
      await shown(world, 'Once upon');

      first.break();

      await shown(world, 'You said: Tell me a story');
    }),
  );

  it.concurrent(
    'is written on in the same message by an agent that answers later',
    closing(async () => {
      const world = await open();
      const { daemon } = world;
      const first = await world.ask();
      first.draft('Once upon');
      await shown(world, 'Once upon');
      world.agent.next(status(202));
      first.break();
      const [{ id } = { id: '' }] = await until(async () => {
        const events = await inboxOf(daemon);
        return events.some(({ awaiting }) => awaiting) ? events : undefined;
      });

      await daemon.api('POST /turns/{id}/messages', {
        params: { id: id.replace('evt_', 'turn_') },
        body: [{ op: 'send', text: 'Much later.' }],
      });

      await shown(world, 'Much later.');
    }),
  );

  it.concurrent(
    'for good says so, and is not taken for an answer',
    closing(async () => {
      const world = await open();
      const { daemon } = world;
      const stream = await world.ask();
      stream.draft('Once upon');
      await shown(world, 'Once upon');

      stream.line('This is no JSON.');
      stream.end();

      await shown(world, '(The answer was interrupted.)');
      await quiet(daemon);
      const [event] = await inboxOf(daemon);
      expect(event).toMatchObject({ state: 'dead', reason: 'agent_answer_invalid' });
    }),
  );
});
