import { expect } from 'vitest';
import type { Channel, User } from '../fakes/discord/entities.ts';
import { FakeDiscord, type FakeDiscordOptions } from '../fakes/discord/fake-discord.ts';
import type { Interaction } from '../fakes/discord/interactions.ts';
import type { DaemonProcess } from './daemon-process.ts';

export const connector = 'discord:crash';

/** Something that somebody said, with where the answer belongs. */
interface Said {
  readonly text: string;
  readonly channel: Channel;
}

/** The people on a Discord, and what they have said. */
export class DiscordOutside {
  readonly fake: FakeDiscord;
  readonly said: Said[] = [];
  readonly interactions: { readonly id: string; readonly interaction: Interaction }[] = [];
  readonly places: readonly { readonly channel: Channel; readonly author: User }[];
  #count = 0;

  private constructor(fake: FakeDiscord, people: number) {
    this.fake = fake;
    const guild = fake.addGuild();
    const users = Array.from({ length: people }, () => fake.addUser());
    const channel = fake.addChannel(guild);
    this.places = [
      ...users.map((author) => ({ channel: fake.dm(author), author })),
      { channel, author: users[0]! },
    ];
  }

  static async open({
    people = 3,
    ...options
  }: FakeDiscordOptions & { readonly people?: number } = {}): Promise<DiscordOutside> {
    const fake = new FakeDiscord({
      gateway: { identifyIntervalMs: 0 },
      rateLimits: { scale: 100, globalPerSecond: 5_000 },
      bot: { identifiesMax: 100_000 },
      ...options,
    });
    return new DiscordOutside(await fake.start(), people);
  }

  /** One of them says something, each of them in turn. */
  say(): void {
    const { channel, author } = this.places[this.#count % this.places.length]!;
    const text = `said-${++this.#count}`;
    this.said.push({ text, channel });
    this.fake.say({ channel, author, content: text });
  }

  sayAll(): void {
    for (const _place of this.places) this.say();
  }

  /** Two of them use a command. */
  commandAll(): void {
    for (const { channel, author } of this.places.slice(0, 2)) {
      const id = `command-${++this.#count}.`;
      const interaction = this.fake.interact({
        ...{ kind: 'command', name: 'ask', registered: false, user: author, channel },
        options: [{ name: 'what', type: 3, value: id }],
      });
      this.interactions.push({ id, interaction });
    }
  }

  /** What the bot has written there, oldest first. */
  answersIn(channel: Channel): readonly string[] {
    const { fake } = this;
    return fake
      .messagesIn(channel)
      .filter(({ author }) => author === fake.bot.user)
      .map(({ content }) => content);
  }

  close(): Promise<void> {
    return this.fake.close();
  }
}

export async function configureDiscord(daemon: DaemonProcess, fake: FakeDiscord): Promise<void> {
  const { api } = daemon;
  await api('PUT /secrets/{scope}/{key}', {
    params: { scope: `channel:${connector}`, key: 'token' },
    body: { value: fake.bot.token },
  });
  await api('PUT /router/rules/{id}', {
    params: { id: 'discord' },
    body: {
      ...{ match: { sources: [connector] }, agent: 'echo', directMessages: 'allow' },
      mention: { required: false },
    },
  });
  await api('PUT /channels/{id}', {
    params: { id: connector },
    body: { config: { apiBaseUrl: fake.apiBaseUrl, allowPrivateNetwork: true }, enabled: true },
  });
  await until(async () => {
    const { status } = await api('GET /channels/{id}', { params: { id: connector } });
    return status.state === 'running';
  });
}

/**
 * Waits until nothing is under way, and accounts for everything: what people said was heard once and answered
 * once, in each place in the order in which they said it; every command has one answer; every gap is explained.
 */
export async function account(daemon: DaemonProcess, outside: DiscordOutside): Promise<void> {
  await quiet(daemon, outside);
  for (const { channel } of outside.places) {
    const asked = outside.said.filter((said) => said.channel === channel).map(({ text }) => `echo: ${text}`);
    const answers = outside.answersIn(channel).filter((text) => text.startsWith('echo: said-'));
    expect(answers).toEqual(asked);
  }
  const all = outside.places.flatMap(({ channel }) => outside.answersIn(channel));
  for (const { id } of outside.interactions)
    expect(
      all.filter((text) => text.includes(id)),
      id,
    ).toHaveLength(1);
  expect(all.filter((text) => text.startsWith('(possibly'))).toEqual([]);
  const { items } = await daemon.api('GET /gaps', { query: { connector, limit: 500 } });
  expect(items.filter(({ state }) => state !== 'resumed' && state !== 'read_back')).toEqual([]);
}

/** Everything that was said is answered, nothing is pending, and no gap is open. */
async function quiet(daemon: DaemonProcess, outside: DiscordOutside): Promise<void> {
  await until(async () => {
    const [{ inbox, outbox }, { items }] = await Promise.all([
      daemon.api('GET /status'),
      daemon.api('GET /gaps', { query: { connector, state: 'open' } }),
    ]);
    const answers = new Set(outside.places.flatMap(({ channel }) => outside.answersIn(channel)));
    const isAnswered = outside.said.every(({ text }) => answers.has(`echo: ${text}`));
    return inbox.pending + outbox.pending === 0 && items.length === 0 && isAnswered;
  });
}

export async function until(isMet: () => Promise<boolean>): Promise<void> {
  while (!(await isMet())) await new Promise((resolve) => setTimeout(resolve, 50));
}
