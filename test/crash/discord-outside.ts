import { expect } from 'vitest';
import type { Channel, User } from '../fakes/discord/entities.ts';
import { FakeDiscord, type FakeDiscordOptions } from '../fakes/discord/fake-discord.ts';
import type { Interaction } from '../fakes/discord/interactions.ts';
import { allMentions } from '../fakes/discord/mentions.ts';
import type { ThreadSpec } from '../fakes/discord/threads.ts';
import type { DaemonProcess } from './daemon-process.ts';

export const connector = 'discord:crash';

/** Something that somebody said, with where the answer belongs. */
interface Said {
  readonly text: string;
  readonly channel: Channel;
}

/** A command that somebody has used. */
interface Used {
  /** It is in the answer. */
  readonly id: string;
  readonly channel: Channel;
  readonly interaction: Interaction;
}

export interface OutsideOptions extends FakeDiscordOptions {
  readonly people?: number;
  /** How many threads there are in the channel, and posts in the forum. */
  readonly threads?: number;
}

/** The people on a Discord, and what they have said. */
export class DiscordOutside {
  readonly fake: FakeDiscord;
  readonly said: Said[] = [];
  readonly interactions: Used[] = [];
  readonly places: readonly { readonly channel: Channel; readonly author: User }[];
  #count = 0;
  #turn = 0;

  private constructor(fake: FakeDiscord, people: number, threads: number) {
    this.fake = fake;
    const guild = fake.addGuild();
    const users = Array.from({ length: people }, () => fake.addUser());
    const channel = fake.addChannel(guild);
    const forum = fake.addChannel(guild, { type: 15 });
    const author = users[0]!;
    const posts = Array.from({ length: threads }, (_none, nth) => [
      fake.openThread({ parent: channel, owner: author, name: `thread ${nth}` }),
      fake.openThread({ parent: forum, owner: author, name: `post ${nth}`, post: opening(author) }),
    ]);
    this.places = [
      ...users.map((user) => ({ channel: fake.dm(user), author: user })),
      ...[channel, ...posts.flat()].map((place) => ({ channel: place, author })),
    ];
  }

  static async open({ people = 3, threads = 0, ...options }: OutsideOptions = {}): Promise<DiscordOutside> {
    const fake = new FakeDiscord({
      gateway: { identifyIntervalMs: 0 },
      rateLimits: { scale: 100, globalPerSecond: 5_000 },
      bot: { identifiesMax: 100_000 },
      ...options,
    });
    return new DiscordOutside(await fake.start(), people, threads);
  }

  /** One of them says something, each of them in turn; `times` times in a row. */
  say(times = 1): void {
    const { channel, author } = this.#next();
    for (let nth = 0; nth < times; nth++) {
      const text = `said-${++this.#count}`;
      this.said.push({ text, channel });
      this.fake.say({ channel, author, content: text });
    }
  }

  sayAll(): void {
    for (const _place of this.places) this.say();
  }

  /** One of them uses a command, each of them in turn. */
  command(): void {
    this.#command(this.#next());
  }

  /** Two of them use a command. */
  commandAll(): void {
    for (const place of this.places.slice(0, 2)) this.#command(place);
  }

  #next(): DiscordOutside['places'][number] {
    return this.places[this.#turn++ % this.places.length]!;
  }

  #command({ channel, author: user }: DiscordOutside['places'][number]): void {
    const id = `command-${++this.#count}.`;
    const interaction = this.fake.interact({
      ...{ kind: 'command', name: 'ask', registered: false, user, channel },
      options: [{ name: 'what', type: 3, value: id }],
    });
    this.interactions.push({ id, channel, interaction });
  }

  /** How many answers each command has. */
  get answersToCommands(): readonly (readonly [command: Used, count: number])[] {
    return this.interactions.map((command) => {
      const answers = this.answersIn(command.channel).filter((text) => text.includes(command.id));
      return [command, answers.length];
    });
  }

  /** A new session tells nothing of what the one before it has told, or was to tell. */
  mayBeUntold({ interaction: { createdAt, response } }: Used): boolean {
    const begun = this.fake.gateway.journal.of('identified');
    return begun.some(({ at }) => at >= createdAt && at <= (response?.at ?? Infinity));
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

function opening(author: User): NonNullable<ThreadSpec['post']> {
  return { author, content: 'What this is about', allowed: allMentions };
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

export interface Weather {
  /** What was told after what came next: its answer may be anywhere in its place. */
  readonly late: ReadonlySet<string>;
}

/**
 * Waits until nothing is under way, and accounts for everything: what people said was heard once and answered
 * once, in each place in the order in which they said it; every command has one answer; every gap is explained.
 * In bad `weather` sessions end, so that a command may have none; but none has two. Where the daemon itself says
 * that it could not wait for what was said before, there is no order to be kept.
 */
export async function account(
  daemon: DaemonProcess,
  outside: DiscordOutside,
  weather?: Weather,
): Promise<void> {
  await quiet(daemon, outside, weather);
  const keepsOrder = !daemon.logged.has('gap.out_of_order');
  const isInOrder = (answer: string): boolean => weather?.late.has(answer.replace('echo: ', '')) !== true;
  for (const { channel } of outside.places) {
    const asked = outside.said.filter((said) => said.channel === channel).map(({ text }) => `echo: ${text}`);
    const answers = outside.answersIn(channel).filter((text) => text.startsWith('echo: said-'));
    expect(answers.toSorted()).toEqual(asked.toSorted());
    if (keepsOrder) expect(answers.filter(isInOrder)).toEqual(asked.filter(isInOrder));
  }
  const twice = outside.answersToCommands.filter(([, count]) => count > 1);
  expect(twice.map(([{ id }]) => id)).toEqual([]);
  expect(unanswered(outside, weather)).toEqual([]);
  const all = outside.places.flatMap(({ channel }) => outside.answersIn(channel));
  expect(all.filter((text) => text.startsWith('(possibly'))).toEqual([]);
  const { items } = await daemon.api('GET /gaps', { query: { connector, limit: 500 } });
  expect(items.filter(({ state }) => state !== 'resumed' && state !== 'read_back')).toEqual([]);
}

/** Everything that was said or used is answered, nothing is pending, and no gap is open. */
async function quiet(daemon: DaemonProcess, outside: DiscordOutside, weather?: Weather): Promise<void> {
  await until(async () => {
    const [{ inbox, outbox }, { items }] = await Promise.all([
      daemon.api('GET /status'),
      daemon.api('GET /gaps', { query: { connector, state: 'open' } }),
    ]);
    const isIdle = inbox.pending + outbox.pending === 0 && items.length === 0;
    return isIdle && unanswered(outside, weather).length === 0;
  });
}

function unanswered(outside: DiscordOutside, weather: Weather | undefined): readonly string[] {
  const answers = new Set(outside.places.flatMap(({ channel }) => outside.answersIn(channel)));
  const said = outside.said.map(({ text }) => text).filter((text) => !answers.has(`echo: ${text}`));
  const used = outside.answersToCommands
    .filter(([command, count]) => count === 0 && !(weather && outside.mayBeUntold(command)))
    .map(([{ id }]) => id);
  return [...said, ...used];
}

export async function until(isMet: () => Promise<boolean>): Promise<void> {
  while (!(await isMet())) await new Promise((resolve) => setTimeout(resolve, 50));
}
