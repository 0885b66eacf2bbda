import { afterEach, describe, expect, it } from 'vitest';
import type { Channel, User } from '../../../../test/fakes/discord/entities.ts';
import { FakeDiscord, type FakeDiscordOptions } from '../../../../test/fakes/discord/fake-discord.ts';
import { closeAll, closeLater } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { Secret } from '../../../lib/secret.ts';
import type { ShardOptions } from './contract.ts';
import type { Compression } from './gateway-url.ts';
import { openTestShard, type TestShard } from './shard.fixture.ts';
import { until } from './until.fixture.ts';

afterEach(closeAll);

const intents = (1 << 0) | (1 << 9) | (1 << 12) | (1 << 15);

interface World {
  readonly fake: FakeDiscord;
  readonly clock: ManualClock;
  readonly channel: Channel;
  readonly author: User;
  readonly open: (given?: Partial<ShardOptions>) => TestShard;
}

async function openWorld(options: FakeDiscordOptions = {}): Promise<World> {
  const clock = new ManualClock();
  const fake = await new FakeDiscord({ clock, ...options }).start();
  closeLater(() => fake.close());
  const channel = fake.addChannel(fake.addGuild());
  const open = (given: Partial<ShardOptions> = {}): TestShard =>
    openTestShard(
      fake.world.urls.gateway,
      { intents, token: async () => new Secret(fake.bot.token), ...given },
      clock,
    );
  return { fake, clock, channel, author: fake.addUser(), open };
}

function contentsOf(test: TestShard): readonly unknown[] {
  return test.committed.flatMap(({ type, data }) =>
    type === 'MESSAGE_CREATE' ? [(data as { content?: unknown }).content] : [],
  );
}

describe('against a whole Discord', () => {
  it.each<Compression>(['none', 'zlib-stream'])(
    'hears what is said, and what it missed (%s)',
    async (compress) => {
      const { fake, channel, author, open } = await openWorld();
      fake.gateway.splitBytes = 100;
      const test = open({ compress });
      await test.reaches('live');

      fake.say({ channel, author, content: 'before' });
      await until(() => contentsOf(test).length === 1);
      fake.gateway.live()[0]?.drop();
      fake.say({ channel, author, content: 'meanwhile' });
      await test.skipWait();
      await test.reaches('live');
      fake.say({ channel, author, content: 'after' });
      await until(() => contentsOf(test).length === 3);

      expect(contentsOf(test)).toEqual(['before', 'meanwhile', 'after']);
      expect(test.stateNames).toEqual(['ready', 'disconnected', 'resumed']);
      expect(fake.gateway.journal.of('identified')).toHaveLength(1);
      expect(fake.gateway.journal.of('resumed')).toMatchObject([{ replayed: 1 }]);
    },
  );

  it('takes up the session of an earlier life', async () => {
    const { fake, channel, author, open } = await openWorld();
    const former = open();
    await former.reaches('live');
    fake.say({ channel, author, content: 'before' });
    await until(() => contentsOf(former).length === 1);
    await former.close();

    fake.say({ channel, author, content: 'while it was down' });
    const test = open({ resume: former.points.at(-1)! });
    await until(() => contentsOf(test).length === 1);

    expect(contentsOf(test)).toEqual(['while it was down']);
    expect(test.stateNames).toEqual(['resumed']);
    expect(fake.gateway.journal.of('identified')).toHaveLength(1);
  });

  it('starts anew when it comes back too late', async () => {
    const { fake, clock, open } = await openWorld();
    const former = open();
    await former.reaches('live');
    await until(() => former.points.length > 0);
    await former.close();
    await until(() => fake.gateway.connections.size === 0);

    clock.advance(200_000);
    const test = open({ resume: former.points.at(-1)! });
    await test.skipWait();
    await test.reaches('live');

    expect(test.stateNames).toEqual(['ready']);
    expect(fake.gateway.journal.of('identified')).toHaveLength(2);
  });

  it('keeps its connection for a day of silence', async () => {
    const { fake, clock, open } = await openWorld();
    const test = open();
    await test.reaches('live');
    const connection = fake.gateway.live()[0]!;
    const beats = (): number => connection.received.filter(({ op }) => op === 1).length;

    for (let beat = 1; beat <= 500; beat++) {
      clock.advance(41_250);
      await until(() => beats() === beat);
      await until(() => test.shard.snapshot().heartbeatAckAgeMs === 0);
    }

    expect(test.stateNames).toEqual(['ready']);
  });

  it('survives an outage', async () => {
    const { fake, clock, channel, author, open } = await openWorld();
    const test = open();
    await test.reaches('live');

    await fake.stop();
    fake.say({ channel, author, content: 'unheard' });
    for (let attempt = 0; attempt < 5; attempt++) await test.skipWait();
    await fake.start();
    clock.advance(1_000);
    await test.skipWait();
    await until(() => contentsOf(test).length === 1);

    expect(test.stateNames).toEqual(['ready', 'disconnected', 'resumed']);
  });

  it.each([
    ['a token that was reset', { kind: 'blocked', code: 'unauthenticated' }, {}],
    ['an intent that is switched off', { kind: 'blocked', code: 'connector_misconfigured' }, { flags: 0 }],
    ['too few shards', { kind: 'blocked', code: 'connector_misconfigured' }, { guildsPerShardMax: 0 }],
  ])('stops at %s', async (what, end, bot) => {
    const { fake, open } = await openWorld({ bot });
    const test = open(what.includes('token') ? { token: async () => new Secret('fake-token-of-old') } : {});

    expect(await test.shard.closed).toMatchObject(end);
    expect(fake.gateway.journal.of('connected')).toHaveLength(1);
  });

  it('waits when Discord says that too many start at once', async () => {
    const { fake, clock, open } = await openWorld();
    const [first, second] = [open({ shard: [0, 2] }), open({ shard: [1, 2] })];
    await until(() => [first, second].some((test) => test.shard.snapshot().state === 'waiting'));

    clock.advance(5_000);
    await Promise.all([first.reaches('live'), second.reaches('live')]);

    expect(fake.gateway.journal.of('invalidated')).toHaveLength(1);
    expect([...first.stateNames, ...second.stateNames]).toEqual(['ready', 'ready']);
  });
});
