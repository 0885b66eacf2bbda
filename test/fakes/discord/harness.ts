import type { ConnectorAdapter } from '../../../src/connectors/connector.ts';
import type {
  ConnectorHarness,
  Fault,
  Place,
  Said,
  SaySpec,
  Shown,
} from '../../../src/connectors/contract-harness.ts';
import { createDiscordAdapter } from '../../../src/connectors/discord/adapter.ts';
import type { Channel, Guild, Message, User } from './entities.ts';
import { FakeDiscord } from './fake-discord.ts';
import type { RestFault } from './faults.ts';

const ids = { user: '80351110224678912', role: '165511591545143296', channel: '41771983423143937' };

/** The Discord connector in front of a fake of its own: a server with two channels, each with a thread. */
export class DiscordHarness implements ConnectorHarness {
  // Often enough to see what is acknowledged, and seldom enough for the limit of the gateway.
  readonly #fake = new FakeDiscord({
    gateway: { identifyIntervalMs: 0, heartbeatIntervalMs: 700 },
    rateLimits: { scale: 50, globalPerSecond: 1_000 },
  });
  readonly #guild: Guild = this.#fake.addGuild();
  readonly #user: User = this.#fake.addUser();
  readonly #channels: readonly Channel[] = [
    this.#fake.addChannel(this.#guild),
    this.#fake.addChannel(this.#guild),
  ];
  readonly #threads = new Map<Channel, Channel>();
  /** At which dispatch of the session each message came. */
  readonly #seqOf = new Map<string, number>();

  readonly adapter: ConnectorAdapter = createDiscordAdapter();
  readonly catchesUp = true;
  readonly identities = [
    {
      entity: 'user',
      canonical: `discord:user:${ids.user}`,
      spellings: [ids.user, `<@${ids.user}>`, `<@!${ids.user}>`, `user:${ids.user}`],
      wrong: ['ada', `<#${ids.user}>`, '12a'],
    },
    {
      entity: 'role',
      canonical: `discord:role:${ids.role}`,
      spellings: [ids.role, `<@&${ids.role}>`],
      wrong: [`<@${ids.role}>`, 'moderators'],
    },
    { entity: 'guild', canonical: `discord:guild:${ids.role}`, spellings: [ids.role], wrong: ['my server'] },
    {
      entity: 'conversation',
      canonical: ids.channel,
      spellings: [`<#${ids.channel}>`, `https://discord.com/channels/${ids.role}/${ids.channel}`],
      wrong: ['general', '#general'],
    },
    { entity: 'thread', canonical: ids.channel, spellings: [`<#${ids.channel}>`], wrong: ['a thread'] },
  ] as const;

  readonly happen: ConnectorHarness['happen'] = {
    'message.edited': () => this.#onMessage((message) => this.#fake.edit(message, 'other words')),
    'message.deleted': () => this.#onMessage((message) => this.#fake.delete(message)),
    'reaction.added': () => this.#onMessage((message) => this.#fake.react(message, this.#user, '👍')),
    'reaction.removed': () =>
      this.#onMessage((message) => {
        this.#fake.react(message, this.#user, '👍');
        this.#fake.unreact(message, this.#user, '👍');
      }),
    command: () => this.#interact({ kind: 'command', name: 'ask', registered: false }),
    action: async () => {
      const message = this.#fake.say({
        channel: this.#channels[0]!,
        author: this.#fake.bot,
        content: 'press',
      });
      return this.#interact({ kind: 'component', message, customId: 'ok' });
    },
    membership: async () => {
      const place = { conversation: `guild:${this.#guild.id}` };
      this.#fake.addMember(this.#guild, this.#fake.addUser());
      return place;
    },
  };

  readonly faults: Readonly<Record<string, Fault>> & ConnectorHarness['faults'] = {
    requestLost: {
      cannotHappen: 'On loopback a connection comes about, or the platform is not there at all.',
    },
    replyLost: this.#nextSend({ kind: 'reset', applied: true }),
    rateLimited: this.#nextSend({ kind: 'rate_limit', scope: 'user', retryAfterMs: 60_000 }, 60_000),
    refused: this.#nextSend({
      kind: 'status',
      status: 400,
      applied: false,
      body: { code: 50_035, message: '' },
    }),
    unauthenticated: this.#nextSend({
      kind: 'status',
      status: 401,
      applied: false,
      body: { code: 0, message: '' },
    }),
    hang: this.#nextSend({ kind: 'hang', applied: true }),
    sessionLost: { cannotHappen: 'A connection that breaks is opened again within the session.' },
  };

  static async open(): Promise<DiscordHarness> {
    const harness = new DiscordHarness();
    await harness.#fake.start();
    return harness;
  }

  get config(): unknown {
    return { apiBaseUrl: this.#fake.apiBaseUrl, allowPrivateNetwork: true, members: true };
  }

  get secret(): string {
    return this.#fake.bot.token;
  }

  async say({ text, elsewhere, inThread }: SaySpec): Promise<Said> {
    const channel = this.#channels[elsewhere ? 1 : 0]!;
    const where = inThread ? this.#threadOf(channel) : channel;
    const message = this.#say(where, text);
    return { conversation: channel.id, ...(inThread ? { thread: where.id } : {}), message: message.id };
  }

  isAcknowledged({ message }: Said): boolean {
    const seq = this.#seqOf.get(message);
    if (seq === undefined) return false;
    return this.#fake.gateway.live().some(({ heartbeats }) => heartbeats.some((d) => Number(d ?? 0) >= seq));
  }

  shown(): readonly Shown[] {
    const places = this.#channels.flatMap((channel) => [
      channel,
      ...(this.#threads.get(channel) ? [this.#threads.get(channel)!] : []),
    ]);
    return places.flatMap((place) =>
      this.#fake
        .messagesIn(place)
        .filter(({ author, interaction }) => author === this.#fake.bot.user && !interaction)
        .map((message) => toShown(message, place, this.#fake.bot.user)),
    );
  }

  typingShown({ conversation, thread }: Place): number {
    const path = `/channels/${thread ?? conversation}/typing`;
    return this.#fake.requests.all.filter(({ method, path: asked }) => method === 'POST' && asked === path)
      .length;
  }

  /** For more tries than a patient client makes. */
  async cutOff(): Promise<() => void> {
    const { faults, gateway } = this.#fake;
    for (let nth = 0; nth < 1_000; nth++) faults.connect({ kind: 'refuse', status: 503 });
    for (const connection of gateway.live()) connection.drop();
    return () => faults.clear();
  }

  close(): Promise<void> {
    return this.#fake.close();
  }

  #say(channel: Channel, content: string): Message {
    const message = this.#fake.say({ channel, author: this.#user, content });
    const [session] = this.#fake.gateway.sessions.values();
    if (session) this.#seqOf.set(message.id, session.seq);
    return message;
  }

  #threadOf(channel: Channel): Channel {
    const thread =
      this.#threads.get(channel) ??
      this.#fake.openThread({ parent: channel, name: 'aside', owner: this.#user });
    this.#threads.set(channel, thread);
    return thread;
  }

  async #onMessage(change: (message: Message) => void): Promise<Place> {
    const [channel] = this.#channels;
    change(this.#say(channel!, 'to be changed'));
    return { conversation: channel!.id };
  }

  async #interact(spec: object): Promise<Place> {
    const [channel] = this.#channels;
    this.#fake.interact({ user: this.#user, channel: channel!, ...spec } as Parameters<
      FakeDiscord['interact']
    >[0]);
    return { conversation: channel!.id };
  }

  #nextSend(fault: RestFault, afterMs?: number): Fault {
    return {
      provoke: () => {
        this.#fake.faults.rest({ method: 'POST', route: '/channels/{channel}/messages', fault });
        return afterMs === undefined ? {} : { afterMs };
      },
    };
  }
}

function toShown({ id, content, reference, reactions }: Message, place: Channel, self: User): Shown {
  const own = [...reactions.values()].filter(({ users }) => users.has(self.id));
  return {
    ...(place.thread ? { conversation: place.parentId ?? '', thread: place.id } : { conversation: place.id }),
    message: id,
    text: content,
    ...(reference?.messageId === undefined ? {} : { replyTo: reference.messageId }),
    reactions: own.map(({ emoji }) => emoji.name),
  };
}
