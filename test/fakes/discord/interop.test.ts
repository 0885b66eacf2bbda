import { once } from 'node:events';
import { DiscordAPIError, REST } from '@discordjs/rest';
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import {
  type APIMessage,
  GatewayDispatchEvents,
  type GatewayDispatchPayload,
  GatewayIntentBits,
  InteractionResponseType,
  Routes,
} from 'discord-api-types/v10';
import { afterEach, expect, it } from 'vitest';
import { ManualClock } from '../../support/manual-clock.ts';
import type { Channel } from './entities.ts';
import { FakeDiscord } from './fake-discord.ts';

const intents: GatewayIntentBits =
  GatewayIntentBits.Guilds |
  GatewayIntentBits.GuildMessages |
  GatewayIntentBits.GuildMessageReactions |
  GatewayIntentBits.DirectMessages |
  GatewayIntentBits.MessageContent;

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openFake(): Promise<{ fake: FakeDiscord; channel: Channel }> {
  const fake = await new FakeDiscord().start();
  closers.push(() => fake.close());
  const channel = fake.addChannel(fake.addGuild());
  return { fake, channel };
}

function openRest(fake: FakeDiscord): REST {
  const api = fake.apiBaseUrl.replace(/\/v10$/, '');
  return new REST({ api, version: '10', retries: 0 }).setToken(fake.bot.token);
}

function openClient(fake: FakeDiscord, compression: CompressionMethod | null = null) {
  const rest = openRest(fake);
  const manager = new WebSocketManager({ token: fake.bot.token, intents, compression, rest });
  const dispatches: GatewayDispatchPayload[] = [];
  manager.on(WebSocketShardEvents.Dispatch, (payload) => dispatches.push(payload));
  closers.push(() => manager.destroy());
  const contents = (): unknown[] =>
    dispatches.flatMap((one) => (one.t === GatewayDispatchEvents.MessageCreate ? [one.d.content] : []));
  const until = async (isMet: () => boolean): Promise<void> => {
    while (!isMet()) await once(manager, WebSocketShardEvents.Dispatch);
  };
  return { rest, manager, dispatches, contents, until };
}

it.each([
  ['plain', null],
  ['in a zlib-stream', CompressionMethod.ZlibNative],
])('lets @discordjs log in, read and write, %s', async (_name, compression) => {
  const { fake, channel } = await openFake();
  const { rest, manager, contents, until } = openClient(fake, compression);
  await manager.connect();

  const question = fake.say({ channel, author: fake.addUser(), content: 'Is anybody there?' });
  const answer = (await rest.post(Routes.channelMessages(channel.id), {
    body: { content: 'I am.', nonce: 'one', message_reference: { message_id: question.id } },
  })) as APIMessage;

  await until(() => contents().length === 2);
  expect(contents()).toEqual(['Is anybody there?', 'I am.']);
  expect(answer).toMatchObject({ content: 'I am.', nonce: 'one', referenced_message: { id: question.id } });
  expect(fake.messagesIn(channel).map(({ content }) => content)).toEqual(['Is anybody there?', 'I am.']);
});

it('brings back what @discordjs missed when it resumes', async () => {
  const { fake, channel } = await openFake();
  const { manager, dispatches, contents, until } = openClient(fake);
  const author = fake.addUser();
  await manager.connect();
  fake.say({ channel, author, content: 'before' });
  await until(() => contents().length === 1);

  fake.gateway.live()[0]?.drop();
  fake.say({ channel, author, content: 'meanwhile' });
  await until(() => dispatches.some(({ t }) => t === GatewayDispatchEvents.Resumed));
  fake.say({ channel, author, content: 'after' });

  await until(() => contents().length === 3);
  expect(contents()).toEqual(['before', 'meanwhile', 'after']);
  expect(fake.gateway.journal.of('identified')).toHaveLength(1);
});

it('gives @discordjs an error with its code', async () => {
  const { fake, channel } = await openFake();

  const attempt = openRest(fake).post(Routes.channelMessages(channel.id), { body: { content: '' } });

  await expect(attempt).rejects.toSatisfy(
    (error) => error instanceof DiscordAPIError && error.status === 400 && error.code === 50006,
  );
});

it('lets @discordjs edit, react, upload, answer in a thread and directly, and delete', async () => {
  const { fake, channel } = await openFake();
  const rest = openRest(fake);
  const person = fake.addUser();
  fake.addMember(fake.world.guilds.get(channel.guild!.id)!, person);
  const { id } = (await rest.post(Routes.channelMessages(channel.id), {
    body: { content: 'One.' },
    files: [{ name: 'note.txt', data: Buffer.from('hello'), contentType: 'text/plain' }],
  })) as APIMessage;

  await rest.patch(Routes.channelMessage(channel.id, id), { body: { content: 'Two.' } });
  await rest.put(Routes.channelMessageOwnReaction(channel.id, id, encodeURIComponent('👍')));
  const thread = (await rest.post(Routes.threads(channel.id, id), { body: { name: 'More' } })) as {
    id: string;
  };
  await rest.post(Routes.channelMessages(thread.id), { body: { content: 'In the thread.' } });
  const dm = (await rest.post(Routes.userChannels(), { body: { recipient_id: person.id } })) as {
    id: string;
  };
  await rest.post(Routes.channelMessages(dm.id), { body: { content: 'Only you.' } });

  const read = (await rest.get(Routes.channelMessage(channel.id, id))) as APIMessage;
  expect(read).toMatchObject({ content: 'Two.', reactions: [{ count: 1 }], thread: { id: thread.id } });
  expect(await (await fetch(read.attachments[0]!.url)).text()).toBe('hello');
  expect(fake.messagesIn(fake.world.channels.get(thread.id)!).at(-1)?.content).toBe('In the thread.');
  expect(fake.messagesIn(fake.dm(person)).map(({ content }) => content)).toEqual(['Only you.']);
  await rest.delete(Routes.channelMessage(channel.id, id));
  expect(fake.messagesIn(channel)).toEqual([]);
});

it('lets @discordjs register a command and answer it', async () => {
  const { fake, channel } = await openFake();
  const { rest, manager, dispatches, until } = openClient(fake);
  await rest.put(Routes.applicationCommands(fake.bot.applicationId), {
    body: [{ name: 'ask', description: 'Asks.' }],
  });
  await manager.connect();
  const interaction = fake.interact({ kind: 'command', name: 'ask', channel, user: fake.addUser() });
  await until(() => dispatches.some(({ t }) => t === GatewayDispatchEvents.InteractionCreate));

  await rest.post(Routes.interactionCallback(interaction.id, interaction.token), {
    body: { type: InteractionResponseType.DeferredChannelMessageWithSource },
    auth: false,
  });
  await rest.patch(Routes.webhookMessage(fake.bot.applicationId, interaction.token), {
    body: { content: 'Answered.' },
    auth: false,
  });

  expect(fake.messagesIn(channel).map(({ content }) => content)).toEqual(['Answered.']);
});

it('makes @discordjs wait for a bucket that is empty', async () => {
  const clock = new ManualClock();
  const buckets = { 'message-create': { limit: 2, windowMs: 200 } };
  const fake = await new FakeDiscord({ clock, rateLimits: { buckets } }).start();
  closers.push(() => fake.close());
  const channel = fake.addChannel(fake.addGuild());
  const rest = openRest(fake);
  const waits: number[] = [];
  rest.on('rateLimited', ({ retryAfter }) => waits.push(retryAfter));
  await rest.post(Routes.channelMessages(channel.id), { body: { content: 'learns the bucket' } });
  await rest.post(Routes.channelMessages(channel.id), { body: { content: 'learns that it is empty' } });

  clock.advance(200);
  await rest.post(Routes.channelMessages(channel.id), { body: { content: 'waits' } });

  expect(waits).toHaveLength(1);
  expect(fake.requests.all.map(({ status }) => status)).toEqual([200, 200, 200]);
});
