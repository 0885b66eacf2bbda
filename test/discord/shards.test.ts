import { describe, expect, it, vi } from 'vitest';
import type { Channel, Guild } from '../fakes/discord/entities.ts';
import { shardOf } from '../fakes/discord/gateway-delivery.ts';
import type { GatewayNote } from '../fakes/discord/gateway-journal.ts';
import { type DiscordWorld, openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsSettled, hasty, heard, quiet, saidIn, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';

/** Sessions wait before they begin anew: some seconds, more than once in a test. */
vi.setConfig({ testTimeout: 180_000 });

interface ShardsWorld extends DiscordWorld {
  /** A channel of each shard. */
  readonly channels: readonly Channel[];
}

/** A world of so many connections, all of them up, each with a server of its own. */
async function openShards(count: number): Promise<ShardsWorld> {
  const world = await openDiscordWorld({ bot: { shards: count, maxConcurrency: count } }, { config: hasty });
  const channels = Array.from({ length: count }, (_none, shard) =>
    world.fake.addChannel(guildOn(world, shard, count)),
  );
  await allUp(world, count);
  return { ...world, channels };
}

function guildOn({ fake }: Pick<DiscordWorld, 'fake'>, shard: number, count: number): Guild {
  let id = BigInt(fake.world.nextGuildId());
  while (shardOf(id.toString(), count) !== shard) id -= 1n << 22n;
  return fake.addGuild({ id: id.toString() });
}

function allUp({ fake }: Pick<DiscordWorld, 'fake'>, count: number): Promise<unknown> {
  return fake.until(() => fake.gateway.live().length === count, `${count} connections`);
}

/** By shard, what was said to it in these words and answered there. */
async function talkOnEach(world: ShardsWorld, text: string): Promise<void> {
  for (const [shard, channel] of world.channels.entries())
    await talk(world, `<@${world.fake.bot.user.id}> ${text} ${shard}`, { channel });
}

function shardsOf(notes: readonly Extract<GatewayNote, { kind: 'identified' }>[]): readonly string[] {
  return notes.map(({ shard }) => shard.join('/')).toSorted();
}

describe('a bot with several connections', () => {
  it.concurrent(
    'hears and answers what is said on each of them, and direct messages on the first',
    closing(async () => {
      const world = await openShards(4);
      const { fake, daemon, user } = world;

      await talkOnEach(world, 'hello');
      await talk(world, 'just us');

      const mention = `<@${fake.bot.user.id}>`;
      expect(await heard(daemon)).toEqual([
        ...[0, 1, 2, 3].map((shard) => `${mention} hello ${shard}`),
        'just us',
      ]);
      expect(shardsOf(fake.gateway.journal.of('identified'))).toEqual(['0/4', '1/4', '2/4', '3/4']);
    }),
  );

  it.concurrent(
    'takes up each of its sessions where it was, when the daemon comes back',
    closing(async () => {
      const world = await openShards(3);
      const { fake, daemon, user, channels } = world;
      await talkOnEach(world, 'before');
      await quiet(daemon);
      await daemon.stop();

      const mention = `<@${fake.bot.user.id}>`;
      for (const channel of channels) fake.say({ channel, author: user, content: `${mention} meanwhile` });
      await daemon.start();
      await fake.until(() => channels.every((channel) => saidIn(world, channel).length === 2));

      expect(fake.gateway.journal.of('identified')).toHaveLength(3);
      expect(
        fake.gateway.journal
          .of('resumed')
          .map(({ sessionId }) => sessionId)
          .toSorted(),
      ).toEqual(
        fake.gateway.journal
          .of('identified')
          .map(({ sessionId }) => sessionId)
          .toSorted(),
      );
      const gaps = await gapsSettled(world, 3);
      expect(gaps.map(({ scope }) => scope).toSorted()).toEqual(['0/3', '1/3', '2/3']);
      expect(gaps).toEqual(gaps.map((gap) => ({ ...gap, state: 'resumed', recovered: 1, duplicates: 0 })));
      expect(new Set(await heard(daemon)).size).toBe(4);
      expect(await heard(daemon)).toHaveLength(6);
    }),
  );

  it.concurrent.each([
    ['the first, with the direct messages', 0, ({ fake, user }: ShardsWorld) => fake.dm(user)],
    ['another', 1, ({ channels }: ShardsWorld) => channels[1]!],
  ])(
    'notes what one of them missed as a gap of its own, and reads back there alone: %s',
    closing(async (_which, shard, placeIn) => {
      const world = await openShards(2);
      const { fake, user, channels } = world;
      const channel = placeIn(world);
      const content = `<@${fake.bot.user.id}> missed`;
      await talkOnEach(world, 'before');
      await talk(world, content, { channel });
      const before = saidIn(world, channel).length;

      endSession(world, shard);
      fake.say({ channel, author: user, content });
      await fake.until(() => saidIn(world, channel).length > before);

      expect(await gapsSettled(world)).toMatchObject([
        { scope: `${shard}/2`, state: 'read_back', recovered: 1 },
      ]);
      expect(shardsOf(fake.gateway.journal.of('identified'))).toEqual(
        ['0/2', '1/2', `${shard}/2`].toSorted(),
      );
      const read = fake.requests.of('GET', '/channels/{channel}/messages').map(({ path }) => path);
      const other = channels[1 - shard]!;
      expect(read.filter((path) => path.includes(other.id))).toEqual([]);
    }),
  );

  it.concurrent(
    'starts no more sessions at once than it may',
    closing(async () => {
      const world = await openDiscordWorld(
        { bot: { shards: 4, maxConcurrency: 2 }, gateway: { identifyIntervalMs: 5_000 } },
        { config: hasty },
      );
      const { fake } = world;

      await allUp(world, 4);

      const { journal } = fake.gateway;
      expect(journal.of('invalidated')).toEqual([]);
      const order = journal.of('identified').map(({ shard }) => shard[0]);
      expect([order.slice(0, 2).toSorted(), order.slice(2).toSorted()]).toEqual([
        [0, 1],
        [2, 3],
      ]);
    }),
  );
});

/** Op 9 on this connection: its session is over. */
function endSession({ fake }: Pick<DiscordWorld, 'fake'>, shard: number): void {
  fake.gateway
    .live()
    .find(({ session }) => session?.shard[0] === shard)
    ?.invalidate(false);
}
