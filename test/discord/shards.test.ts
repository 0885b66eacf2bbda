import { describe, expect, it, vi } from 'vitest';
import { createDiscordAdapter } from '../../src/connectors/discord/adapter.ts';
import type { ConnectorAdapter } from '../../src/connectors/connector.ts';
import type { ShardSnapshot } from '../../src/connectors/discord/gateway/contract.ts';
import type { Channel, Guild } from '../fakes/discord/entities.ts';
import { shardOf } from '../fakes/discord/gateway-delivery.ts';
import type { GatewayNote } from '../fakes/discord/gateway-journal.ts';
import type { BotSpec } from '../fakes/discord/settle-world.ts';
import { type TestDaemonOptions, until } from '../support/daemon.ts';
import { connector, type DiscordWorld, openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsSettled, hasty, heard, quiet, saidIn, sendBy, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';

/** Sessions wait before they begin anew: some seconds, more than once in a test. */
vi.setConfig({ testTimeout: 180_000 });

interface ShardsWorld extends DiscordWorld {
  /** A channel of each shard. */
  readonly channels: readonly Channel[];
}

/** A world of so many connections, all of them up, each with a server of its own. */
async function openShards(
  count: number,
  bot: BotSpec = {},
  options: TestDaemonOptions = {},
): Promise<ShardsWorld> {
  const world = await openDiscordWorld(
    { bot: { shards: count, maxConcurrency: count, ...bot } },
    { config: hasty, ...options },
  );
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
      const { fake, daemon } = world;

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

/** All that was told so far on any connection. */
function allCommitted({ fake, daemon }: DiscordWorld): Promise<true> {
  return until(async () => {
    const { runtime } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    const shards = (runtime as { readonly shards: readonly ShardSnapshot[] } | undefined)?.shards ?? [];
    const told = [...fake.gateway.sessions.values()];
    const isCommitted = told.every(
      ({ shard: [index], seq }) => shards.find(({ shard }) => shard[0] === index)?.seqCommitted === seq,
    );
    return isCommitted || undefined;
  });
}

/** The account as its status shows it, once it is not heard for this reason. */
function untilDown({ daemon }: DiscordWorld, why: string) {
  return until(async () => {
    const channel = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    const { reception } = channel;
    return reception?.ok === false && reception.detail.includes(why) ? channel : undefined;
  });
}

describe('a bot that may start no more sessions today', () => {
  const why = 'Only 10 session starts are left today';

  it.concurrent(
    'goes on with the connections that it has, and says which one waits for what',
    closing(async () => {
      const world = await openShards(2, { identifiesMax: 12 });
      const { fake, daemon, channels } = world;

      endSession(world, 1);
      const { status, reception, runtime } = await untilDown(world, why);
      await talk(world, 'can you hear me');
      const { parts } = await sendBy(daemon, 'still here', { conversation: channels[1]!.id });

      expect(status.state).toBe('running');
      expect(reception).toMatchObject({
        detail: expect.stringContaining('1 of 2 connections to the gateway down, the first 1/2') as string,
      });
      expect(runtime).toMatchObject({
        shards: [
          { state: 'live' },
          {
            state: 'waiting',
            detail: expect.stringContaining(why) as string,
            retryAt: expect.any(Number) as number,
          },
        ],
      });
      expect(parts).toMatchObject([{ state: 'delivered' }]);
      expect(fake.bot.identifies.remaining).toBe(10);
    }),
  );

  it.concurrent(
    'begins with those that can be resumed',
    closing(async () => {
      const world = await openShards(2, { identifiesMax: 12 });
      const { fake, daemon } = world;
      await talkOnEach(world, 'before');
      await quiet(daemon);
      await daemon.stop();

      for (const { id, shard } of fake.gateway.sessions.values())
        if (shard[0] === 1) fake.gateway.sessions.delete(id);
      await daemon.start();
      const { status } = await untilDown(world, why);
      await talk(world, 'can you hear me');

      expect(status.state).toBe('running');
    }),
  );

  it.concurrent(
    'does not begin with none',
    closing(async () => {
      const world = await openShards(2, { identifiesMax: 12 });
      const { fake, daemon } = world;
      await daemon.stop();

      fake.gateway.endSessions();
      await daemon.start();
      const { status } = await until(async () => {
        const channel = await daemon.api('GET /channels/{id}', { params: { id: connector } });
        return 'detail' in channel.status ? channel : undefined;
      });

      expect(status).toMatchObject({ state: 'backoff', detail: expect.stringContaining(why) as string });
      expect(fake.bot.identifies.remaining).toBe(10);
    }),
  );
});

it.concurrent(
  'one connection that is deaf is left, and the others go on with their sessions',
  closing(async () => {
    // What is on its way is not missing, so nothing is found while something is. Every look costs requests, which
    // reading back needs too.
    const timing = { everyMs: 1_000, graceMs: Infinity };
    const adapter = createDiscordAdapter(timing) as ConnectorAdapter;
    const world = await openShards(3, {}, { adapters: [adapter] });
    const { fake, user, channels } = world;
    await talkOnEach(world, 'before');
    await allCommitted(world);

    fake.faults.dispatch('lose', 'MESSAGE_CREATE');
    fake.say({ channel: channels[1]!, author: user, content: `<@${fake.bot.user.id}> lost` });
    timing.graceMs = 0;
    await fake.until(() => fake.gateway.journal.of('identified').length > 3);
    Object.assign(timing, { everyMs: 600_000, graceMs: Infinity });
    await fake.until(() => saidIn(world, channels[1]!).length === 2);
    await allUp(world, 3);
    await talkOnEach(world, 'after');

    const { journal } = fake.gateway;
    expect(shardsOf(journal.of('identified'))).toEqual(['0/3', '1/3', '1/3', '2/3']);
    const deaf = journal.of('identified').find(({ shard }) => shard[0] === 1);
    const resumed = journal.of('resumed').map(({ sessionId }) => sessionId);
    expect(resumed).toHaveLength(2);
    expect(resumed).not.toContain(deaf?.sessionId);
  }),
);

/** Op 9 on this connection: its session is over. */
function endSession({ fake }: Pick<DiscordWorld, 'fake'>, shard: number): void {
  fake.gateway
    .live()
    .find(({ session }) => session?.shard[0] === shard)
    ?.invalidate(false);
}
