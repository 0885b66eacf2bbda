import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { until } from '../support/daemon.ts';
import { connector, type DiscordWorld, openDiscordWorld, repliesIn } from '../support/discord-daemon.ts';
import { hasty, heard, inboxOf, quiet, saidIn, talk, useAgent } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';
import { StoreFaults } from '../support/store-faults.ts';
import { StreamingAgent } from '../support/streaming-agent.ts';

const open = (config: object = {}): Promise<DiscordWorld> =>
  openDiscordWorld({}, { config: hasty }, config as Record<string, unknown>);

type Events = Awaited<ReturnType<typeof inboxOf>>;

/** The events of these types, the oldest first, once there are so many. */
function eventsOf({ daemon }: DiscordWorld, count: number, ...types: readonly string[]): Promise<Events> {
  return until(async () => {
    const events = (await inboxOf(daemon)).filter(({ event }) => types.includes(event.type));
    return events.length >= count ? events : undefined;
  });
}

async function setRule({ daemon }: DiscordWorld, fields: object): Promise<void> {
  await daemon.api('PUT /router/rules/{id}', {
    params: { id: 'discord.default' },
    body: { match: { sources: [connector] }, action: 'accept', agent: 'echo', position: 10, ...fields },
  });
}

describe('what happens to messages', () => {
  it.concurrent(
    'is told: edits with the new text, deletions one by one, each once',
    closing(async () => {
      const world = await open();
      const { fake, channel, user } = world;
      const messages = ['one', 'two', 'three'].map((content) => fake.say({ channel, author: user, content }));

      fake.edit(messages[0]!, 'one, changed');
      fake.faults.dispatch('twice', 'MESSAGE_DELETE');
      fake.delete(messages[0]!);
      fake.delete(messages[1]!, messages[2]!);
      const events = await eventsOf(world, 4, 'message.edited', 'message.deleted');

      expect(events.map(({ event }) => [event.type, 'address' in event && event.address.message])).toEqual([
        ['message.edited', messages[0]?.id],
        ['message.deleted', messages[0]?.id],
        ['message.deleted', messages[1]?.id],
        ['message.deleted', messages[2]?.id],
      ]);
      expect(events[0]?.event).toMatchObject({ text: 'one, changed', sender: { kind: 'human' } });
    }),
  );

  it.concurrent(
    'is told of reactions: put on, taken off and put on again are three, and a repeat is none',
    closing(async () => {
      const world = await open();
      const { fake, channel, user } = world;
      const message = fake.say({ channel, author: user, content: 'hello' });

      fake.react(message, user, '👍');
      fake.unreact(message, user, '👍');
      fake.react(message, user, '👍');
      const events = await eventsOf(world, 3, 'reaction.added', 'reaction.removed');

      expect(events.map(({ event }) => event.type)).toEqual([
        'reaction.added',
        'reaction.removed',
        'reaction.added',
      ]);
      expect(events[0]?.event).toMatchObject({ emoji: '👍', sender: { id: `discord:user:${user.id}` } });
    }),
  );

  it.concurrent(
    'is told of members who come and go, where that was asked for',
    closing(async () => {
      const world = await open({ members: true });
      const { fake, guild } = world;
      const somebody = fake.addUser();

      fake.addMember(guild, somebody);
      fake.removeMember(guild, somebody);
      const events = await eventsOf(world, 2, 'membership');

      expect(events.map(({ event }) => 'change' in event && [event.change, event.member])).toEqual([
        ['joined', `discord:user:${somebody.id}`],
        ['left', `discord:user:${somebody.id}`],
      ]);
    }),
  );

  it.concurrent(
    'is counted by name where it means nothing to us',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel, user } = world;
      const message = fake.say({ channel, author: user, content: 'hello' });
      fake.world.publish({ type: 'CHANNEL_PINS_UPDATE', channel, data: () => ({ channel_id: channel.id }) });
      await eventsOf(world, 1, 'message.created');

      const { runtime } = await until(async () => {
        const view = await daemon.api('GET /channels/{id}', { params: { id: connector } });
        const { unknownEvents } = view.runtime as { unknownEvents: Record<string, number> };
        return unknownEvents.CHANNEL_PINS_UPDATE === 1 ? view : undefined;
      });

      expect(message.content).toBe('hello');
      expect(runtime).toMatchObject({ unknownEvents: { CHANNEL_PINS_UPDATE: 1 } });
    }),
  );

  it.concurrent(
    'is one event each when the gateway tells of it twice, and out of order',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      fake.faults.dispatch('late', 'MESSAGE_CREATE');
      fake.faults.dispatch('twice', 'MESSAGE_CREATE');

      for (const content of ['one', 'two', 'three']) fake.say({ channel: dm, author: user, content });
      await fake.until(() => saidIn(world, dm).length === 3);
      await quiet(daemon);

      expect(saidIn(world, dm).toSorted()).toEqual(['echo: one', 'echo: three', 'echo: two']);
    }),
  );
});

describe('who is not a person', () => {
  it.concurrent(
    'is not answered by default: other bots, webhooks, the bot itself',
    closing(async () => {
      const world = await open();
      await setRule(world, { mention: { required: false } });
      const { fake, daemon, guild, channel } = world;
      const other = fake.addUser({ bot: true });
      fake.addMember(guild, other);

      fake.say({ channel, author: other, content: 'I am a bot' });
      fake.say({ channel, author: fake.addUser(), content: 'I am a hook', webhookId: '77' });
      fake.say({ channel, author: fake.bot, content: 'I am you' });
      const events = await eventsOf(world, 3, 'message.created');
      await quiet(daemon);

      expect(events.map(({ event }) => 'sender' in event && event.sender.kind)).toEqual([
        'bot',
        'bot',
        'self',
      ]);
      expect(saidIn(world, channel)).toEqual(['I am you']);
    }),
  );

  it.concurrent(
    'does not keep a conversation going for ever with a bot that answers everybody',
    closing(async () => {
      const world = await open();
      await setRule(world, { mention: { required: false }, bots: 'allow' });
      const { fake, daemon, guild, channel, user } = world;
      const parrot = fake.addUser({ bot: true });
      fake.addMember(guild, parrot);
      const answered = new Set<string>();
      fake.world.onEvent(({ type }) => {
        if (type !== 'MESSAGE_CREATE') return;
        const last = repliesIn(fake, channel).at(-1);
        if (!last || answered.has(last.id)) return;
        answered.add(last.id);
        queueMicrotask(() => fake.say({ channel, author: parrot, content: `You say ${last.content}` }));
      });

      fake.say({ channel, author: user, content: 'hello' });
      const events = await until(async () => {
        const all = await inboxOf(daemon);
        return all.some(({ reason }) => reason === 'bot_loop_guard') ? all : undefined;
      });
      await quiet(daemon);

      expect(events.length).toBeLessThan(20);
      expect(saidIn(world, channel).length).toBeLessThan(6);
    }),
  );
});

describe('while an answer is on its way', () => {
  it.concurrent(
    'the message gets the mark that it was seen, and the place shows that something is written',
    closing(async () => {
      const world = await open();
      const agent = await StreamingAgent.open();
      await useAgent(world.daemon, agent.url);
      await setRule(world, { directMessages: 'allow', acknowledgeWith: '👀' });
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      const stream = agent.stream();

      const message = fake.say({ channel: dm, author: user, content: 'hello' });
      const answer = await stream;
      await fake.until(() => message.reactions.has('👀'));
      await fake.until(() => fake.requests.of('POST', '/channels/{channel}/typing').length > 0);
      answer.send('Hello.');
      answer.end();
      await fake.until(() => saidIn(world, dm).length === 1);
      await quiet(daemon);

      expect([...message.reactions.values()].map(({ users }) => [...users])).toEqual([[fake.bot.user.id]]);
    }),
  );

  it.concurrent(
    'nothing shows where typing is switched off',
    closing(async () => {
      const world = await open({ typing: false });
      const { fake } = world;

      await talk(world, 'hello');

      expect(fake.requests.of('POST', '/channels/{channel}/typing')).toEqual([]);
    }),
  );
});

/** From now on the store fails at every message that says so. */
function poison(faults: StoreFaults): void {
  faults.before('inbox.accept', (request) => {
    if (JSON.stringify((request as { events: unknown }).events).includes('poison'))
      throw new AppError('internal', 'It cannot be stored.');
  });
}

it.concurrent(
  'a message that cannot be stored is set aside by name, and neither holds up another nor comes back',
  closing(async () => {
    const faults = new StoreFaults();
    const world = await openDiscordWorld({}, { config: hasty, wrapStore: faults.wrap });
    const { fake, daemon, user } = world;
    const dm = fake.dm(user);
    await talk(world, 'first');
    poison(faults);

    for (const content of ['second', 'poison', 'third']) fake.say({ channel: dm, author: user, content });
    await fake.until(() => saidIn(world, dm).includes('echo: third'));
    const shown = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    await daemon.restart();
    await talk(world, 'fourth');

    expect(shown.runtime).toMatchObject({ setAside: { MESSAGE_CREATE: 1 } });
    expect(shown).toMatchObject({ status: { state: 'running' }, restarts: 0 });
    expect(daemon.lines.filter(({ event }) => event === 'gateway.dispatch_set_aside')).toMatchObject([
      { level: 'error', type: 'MESSAGE_CREATE' },
    ]);
    expect(await heard(daemon)).toEqual(['first', 'second', 'third', 'fourth']);
  }),
);
