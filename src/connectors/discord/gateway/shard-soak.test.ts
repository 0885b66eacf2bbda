import { afterEach, expect, it } from 'vitest';
import { FakeDiscord } from '../../../../test/fakes/discord/fake-discord.ts';
import type { GatewayOptions } from '../../../../test/fakes/discord/gateway.ts';
import { closeAll, closeLater } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { Secret } from '../../../lib/secret.ts';
import type { GatewayDispatch, ResumePoint, ShardOptions } from './contract.ts';
import { openTestShard, type TestShard } from './shard.fixture.ts';
import { until } from './until.fixture.ts';

afterEach(closeAll);

const messages = 2_000;
const intents = (1 << 0) | (1 << 9) | (1 << 15);

/** What survives a killed process: the events and the point, written together. */
interface Store {
  readonly contents: number[];
  readonly keys: string[];
  point: ResumePoint | undefined;
}

/** A daemon that is killed and started again, a Discord with bad weather, and a store that is sometimes slow. */
class Soak {
  readonly store: Store = { contents: [], keys: [], point: undefined };
  readonly clock = new ManualClock();
  readonly fake: FakeDiscord;
  readonly #chance: () => number;
  readonly #compress: ShardOptions['compress'];
  #life = 0;
  #test!: TestShard;
  kills = 0;
  starts = 0;

  constructor(seed: number, gateway: Partial<GatewayOptions>, compress: ShardOptions['compress']) {
    this.#chance = chanceOf(seed);
    this.#compress = compress;
    this.fake = new FakeDiscord({ clock: this.clock, gateway });
  }

  async start(): Promise<void> {
    await this.fake.start();
    closeLater(() => this.fake.close());
    this.#live();
  }

  pick<Value>(...values: readonly [Value, ...Value[]]): Value {
    return values[Math.floor(this.#chance() * values.length)] ?? values[0];
  }

  /** Waits until `isMet`; where the shard waits for the clock, so does this. */
  async drive(isMet: () => boolean): Promise<void> {
    await until(() => {
      const { state, retryAt = 0 } = this.#test.shard.snapshot();
      if (state === 'waiting' && retryAt > this.clock.now()) this.clock.advance(retryAt - this.clock.now());
      return isMet();
    });
  }

  settle(): Promise<void> {
    return this.drive(() => this.#test.shard.snapshot().state === 'live');
  }

  async strike(faults: readonly (() => unknown)[]): Promise<void> {
    await this.pick(...(faults as [() => unknown]))();
    await turns(this.pick(0, 1, 5));
  }

  get connection(): ReturnType<FakeDiscord['gateway']['live']>[number] | undefined {
    return this.fake.gateway.live()[0];
  }

  /** As kill -9: what it was about to write is not written, and the network forgets it. */
  kill(): void {
    this.kills++;
    void this.#test.shard.close();
    for (const connection of this.fake.gateway.open()) connection.drop();
    this.#live();
  }

  /** Time for two heartbeats, so that silence shows. */
  async passHeartbeats(): Promise<void> {
    for (let beat = 0; beat < 3; beat++) {
      this.clock.advance(41_250);
      await turns(3);
    }
  }

  #live(): void {
    const life = ++this.#life;
    const { point } = this.store;
    this.#test = openTestShard(
      this.fake.world.urls.gateway,
      {
        intents,
        compress: this.#compress,
        token: async () => new Secret(this.fake.bot.token),
        ...(point ? { resume: point } : {}),
        onDispatches: async (batch, next) => {
          await turns(this.pick(0, 0, 0, 1, 10));
          if (life !== this.#life) await new Promise(() => undefined);
          this.#write(batch, next);
        },
        onState: ({ state }) => {
          if (state === 'ready' && life === this.#life) this.starts++;
        },
      },
      this.clock,
    );
  }

  #write(batch: readonly GatewayDispatch[], point: ResumePoint): void {
    for (const { type, data, seq } of batch) {
      this.store.keys.push(`${point.sessionId} ${seq}`);
      if (type === 'MESSAGE_CREATE') this.store.contents.push(Number((data as { content: string }).content));
    }
    this.store.point = point;
  }
}

it.each([
  [1, 'zlib-stream'],
  [2, 'none'],
] as const)(
  'loses nothing and repeats nothing over many faults and kills, while the session can be resumed (seed %i, %s)',
  async (seed, compress) => {
    const soak = new Soak(seed, { resumeWindowMs: 1e9, heartbeatGraceMs: 1e9 }, compress);
    await soak.start();
    const { fake } = soak;
    const channel = fake.addChannel(fake.addGuild());
    const author = fake.addUser();
    const faults = [
      () => soak.connection?.drop(),
      () => soak.connection?.close(soak.pick(4000, 4001, 4002, 4008, 1001)),
      () => soak.connection?.requestReconnect(),
      () => soak.connection?.invalidate(true),
      () => soak.connection?.requestHeartbeat(),
      () => soak.connection?.sendRaw(Buffer.from('made-up nonsense')),
      () => soak.kill(),
      () => {
        fake.faults.connect(soak.pick({ kind: 'refuse', status: 503 }, { kind: 'reconnect' }));
        soak.connection?.drop();
      },
      async () => {
        soak.connection?.freeze();
        await soak.passHeartbeats();
      },
    ];

    await soak.settle();
    for (let index = 0; index < messages; index++) {
      fake.gateway.splitBytes = soak.pick(0, 0, 50);
      fake.say({ channel, author, content: String(index) });
      if (index % 10 === 5) await soak.strike(faults);
      if (index % 20 === 19) await soak.settle();
      await turns(soak.pick(0, 0, 1));
    }
    await soak.drive(() => soak.store.contents.at(-1) === messages - 1);

    expect(soak.store.contents).toEqual(Array.from({ length: messages }, (_, index) => index));
    expect(new Set(soak.store.keys).size).toBe(soak.store.keys.length);
    expect(fake.gateway.journal.of('identified')).toHaveLength(1);
    expect(fake.gateway.journal.of('resumed').length).toBeGreaterThan(50);
    expect(soak.kills).toBeGreaterThan(10);
  },
);

it('loses only what was said between two sessions, and says that there is a new one, when sessions end', async () => {
  const soak = new Soak(3, {}, 'zlib-stream');
  await soak.start();
  const { fake, store } = soak;
  const channel = fake.addChannel(fake.addGuild());
  const author = fake.addUser();
  const faults = [
    () => soak.connection?.drop(),
    () => soak.connection?.invalidate(false),
    () => soak.connection?.close(soak.pick(1000, 4003, 4007, 4009)),
    () => soak.kill(),
    () => soak.clock.advance(200_000),
  ];
  const sessionOf = new Map<number, string | undefined>();

  for (let index = 0; index < messages; index++) {
    await turns(1);
    await soak.settle();
    sessionOf.set(index, soak.connection?.session?.id);
    fake.say({ channel, author, content: String(index) });
    if (index % 10 === 5) await soak.strike(faults);
  }
  // The last word is said again in every new session until it is heard.
  let saidIn = -1;
  await soak.drive(() => {
    if (soak.starts > saidIn) fake.say({ channel, author, content: String(messages) });
    saidIn = soak.starts;
    return store.contents.at(-1) === messages;
  });

  const missed = [...sessionOf.keys()].filter((index) => !store.contents.includes(index));
  expect(store.contents).toEqual([...new Set(store.contents)].toSorted((left, right) => left - right));
  expect(new Set(store.keys).size).toBe(store.keys.length);
  // What is missed was said in a session that ended, and the last of it at that.
  for (const index of missed) {
    const session = sessionOf.get(index);
    const later = store.contents.find((other) => other > index);
    expect(later === undefined || sessionOf.get(later) !== session || session === undefined).toBe(true);
  }
  expect(soak.starts).toBeGreaterThan(20);
  expect(soak.starts).toBe(fake.gateway.journal.of('identified').length);
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Mulberry32: the same seed, the same weather. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
