import type { Channel, Guild, Message, User } from '../fakes/discord/entities.ts';
import { FakeDiscord, type FakeDiscordOptions } from '../fakes/discord/fake-discord.ts';
import { openDaemon, type TestDaemon, type TestDaemonOptions, until } from './daemon.ts';
import { closeLater } from './egress.ts';

export interface DiscordWorld {
  readonly fake: FakeDiscord;
  readonly daemon: TestDaemon;
  readonly guild: Guild;
  readonly channel: Channel;
  readonly user: User;
}

export const connector = 'discord:default';

/** Limits that do not slow a suite down; what they forbid is tested where they are. */
const quick: FakeDiscordOptions = {
  gateway: { identifyIntervalMs: 0 },
  rateLimits: { scale: 50, globalPerSecond: 5_000 },
};

/**
 * A daemon with one Discord account, in front of a fake with a guild, a channel and a person. Answers are by the
 * echo agent; in channels the bot has to be mentioned.
 */
export async function openDiscordWorld(
  options: FakeDiscordOptions = {},
  daemonOptions: TestDaemonOptions = {},
  config: Readonly<Record<string, unknown>> = {},
): Promise<DiscordWorld> {
  const fake = await new FakeDiscord({ ...quick, ...options }).start();
  closeLater(() => fake.close());
  const guild = fake.addGuild();
  const channel = fake.addChannel(guild);
  const user = fake.addUser();
  const daemon = await openDaemon(daemonOptions);
  await connectDiscord(daemon, fake, config);
  return { fake, daemon, guild, channel, user };
}

/** Stores the token, sets the rule and the connector, and waits for the session. */
export async function connectDiscord(
  daemon: TestDaemon,
  fake: FakeDiscord,
  config: Readonly<Record<string, unknown>> = {},
  account = 'default',
): Promise<void> {
  const id = `discord:${account}`;
  const { api } = daemon;
  await api('PUT /secrets/{scope}/{key}', {
    params: { scope: `channel:${id}`, key: 'token' },
    body: { value: fake.bot.token },
  });
  await api('PUT /router/rules/{id}', {
    params: { id: `discord.${account}` },
    body: {
      match: { sources: [id] },
      action: 'accept',
      agent: 'echo',
      directMessages: 'allow',
      position: 10,
    },
  });
  await api('PUT /channels/{id}', {
    params: { id },
    body: {
      config: { apiBaseUrl: fake.apiBaseUrl, allowPrivateNetwork: true, ...config },
      enabled: true,
    },
  });
  await live(daemon, id);
}

export function live(daemon: TestDaemon, id = connector): Promise<true> {
  return until(async () => {
    const { status } = await daemon.api('GET /channels/{id}', { params: { id } });
    if (status.state === 'blocked') throw new Error(`${id} is blocked: ${status.detail}`);
    return status.state === 'running' || undefined;
  });
}

/** What the bot has written there, oldest first. */
export function repliesIn(fake: FakeDiscord, channel: Channel): readonly Message[] {
  return fake.messagesIn(channel).filter(({ author }) => author === fake.bot.user);
}
