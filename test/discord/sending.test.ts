import { describe, expect, it } from 'vitest';
import type { ConnectorAdapter } from '../../src/connectors/connector.ts';
import { createDiscordAdapter } from '../../src/connectors/discord/adapter.ts';
import { defaultAdapters } from '../../src/connectors/registry.ts';
import { until } from '../support/daemon.ts';
import { connector, type DiscordWorld, openDiscordWorld } from '../support/discord-daemon.ts';
import { hasty, quiet, saidIn, sendBy, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';

const create = '/channels/{channel}/messages';

const open = (adapters?: readonly ConnectorAdapter[]): Promise<DiscordWorld> =>
  openDiscordWorld({}, { config: hasty, ...(adapters ? { adapters } : {}) });

/** A Discord whose nonces are never counted on: what is uncertain is looked up at once. */
function withoutNonces(): readonly ConnectorAdapter[] {
  const discord = createDiscordAdapter() as ConnectorAdapter;
  const forgetful = { ...discord, capabilities: { ...discord.capabilities, idempotentSendMs: 0 } };
  return [...defaultAdapters().filter(({ kind }) => kind !== 'discord'), forgetful];
}

function creates({ fake }: DiscordWorld): number {
  return fake.requests.of('POST', create).length;
}

describe('a limit of Discord', () => {
  it.concurrent.each(['user', 'global', 'shared'] as const)(
    'of the scope "%s" is waited for, and costs no attempt',
    closing(async (scope) => {
      const world = await open();
      const { fake, daemon, channel } = world;
      fake.faults.rest({
        ...{ method: 'POST', route: create, times: 3 },
        fault: { kind: 'rate_limit', scope, retryAfterMs: 150 },
      });

      const { parts } = await sendBy(daemon, 'hello', { conversation: channel.id });

      expect(parts).toMatchObject([{ state: 'delivered', attempts: 1, deferrals: 3 }]);
      expect(saidIn(world, channel)).toEqual(['hello']);
      const { runtime } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
      expect(runtime).toMatchObject({ rest: { limitedByPlatform: { [scope]: 3 } } });
    }),
  );

  it.concurrent(
    'is kept to before it is reached: no request is refused for being one too many',
    closing(async () => {
      const world = await openDiscordWorld(
        {
          rateLimits: {
            scale: 1,
            globalPerSecond: 50,
            buckets: { 'message-create': { limit: 5, windowMs: 400 } },
          },
        },
        { config: hasty },
      );
      const { daemon, channel } = world;
      const texts = Array.from({ length: 20 }, (_none, index) => `message-${index}`);

      for (const text of texts)
        await daemon.api('POST /messages', {
          body: { connector, conversation: channel.id, operation: { op: 'send', text } },
          idempotencyKey: text,
        });
      await quiet(daemon);

      expect(saidIn(world, channel)).toEqual(texts);
      expect(world.fake.requests.all.filter(({ status }) => status === 429)).toEqual([]);
    }),
  );

  it.concurrent(
    'of one channel holds up no other',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel, guild } = world;
      const other = fake.addChannel(guild);
      fake.faults.rest({
        ...{ method: 'POST', route: create, match: ({ path }) => path.includes(channel.id), times: 1_000 },
        fault: { kind: 'rate_limit', scope: 'user', retryAfterMs: 100 },
      });
      const body = (conversation: string): object => ({
        ...{ connector, conversation },
        operation: { op: 'send', text: 'hello' },
      });
      await daemon.api('POST /messages', { body: body(channel.id) as never, idempotencyKey: 'limited' });

      const { parts } = await sendBy(daemon, 'hello', { conversation: other.id });
      fake.faults.clear();
      await quiet(daemon);

      expect(parts).toMatchObject([{ state: 'delivered', deferrals: 0 }]);
      expect(saidIn(world, channel)).toEqual(['hello']);
    }),
  );
});

describe('a message whose answer is lost', () => {
  it.concurrent.each([
    ['it did not arrive', { kind: 'reset', applied: false }],
    ['it arrived', { kind: 'reset', applied: true }],
    ['it arrived, and the answer broke off', { kind: 'truncated' }],
    ['it arrived, and a proxy answered', { kind: 'status', status: 502, applied: true }],
    ['it did not arrive, and a proxy answered', { kind: 'status', status: 503, applied: false }],
    ['it arrived, and the answer was no JSON', { kind: 'garbage' }],
  ] as const)(
    'is there once: %s',
    closing(async (_what, fault) => {
      const world = await open();
      const { fake, daemon, channel } = world;
      fake.faults.rest({ method: 'POST', route: create, fault });

      const { parts } = await sendBy(daemon, 'hello', { conversation: channel.id });

      expect(parts).toMatchObject([{ state: 'delivered', possibleDuplicate: false }]);
      expect(saidIn(world, channel)).toEqual(['hello']);
      expect(parts[0]?.platformIds).toEqual(fake.messagesIn(channel).map(({ id }) => id));
    }),
  );

  it.concurrent.each([
    ['is found by its nonce, which the gateway told', false, true, 1],
    ['is found in the history, where the gateway has not told of it', true, true, 1],
    ['is sent again when it is not in the history', false, false, 2],
  ])(
    'and that is not recognised by the platform any more %s',
    closing(async (_what, isDeaf, applied, times) => {
      const world = await open(withoutNonces());
      const { fake, daemon, channel, user } = world;
      fake.say({ channel, author: user, content: 'something else' });
      if (isDeaf) fake.faults.dispatch('lose', 'MESSAGE_CREATE', 10);
      fake.faults.rest({ method: 'POST', route: create, fault: { kind: 'reset', applied } });

      const { parts } = await sendBy(daemon, 'hello', { conversation: channel.id });

      expect(parts).toMatchObject([{ state: 'delivered', possibleDuplicate: false }]);
      expect(saidIn(world, channel)).toEqual(['hello']);
      expect(creates(world)).toBe(times);
    }),
  );

  it.concurrent(
    'of several parts keeps them in order, each once',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel } = world;
      const text = Array.from({ length: 900 }, (_none, index) => `word${index}`).join(' ');
      let nth = 0;
      fake.faults.decide = ({ method, route }) =>
        method === 'POST' && route === create && nth++ % 2 === 0
          ? { kind: 'reset', applied: nth % 4 === 1 }
          : undefined;

      const { parts } = await sendBy(daemon, text, { conversation: channel.id });

      expect(parts.length).toBeGreaterThan(3);
      expect(parts.every(({ state }) => state === 'delivered')).toBe(true);
      expect(saidIn(world, channel).join(' ')).toBe(text);
    }),
  );

  it.concurrent(
    'after a restart is there once',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      fake.faults.rest({ method: 'POST', route: create, fault: { kind: 'hang', applied: true } });
      fake.say({ channel: dm, author: user, content: 'hello' });
      await fake.until(() => saidIn(world, dm).length === 1);

      await daemon.restart();
      await quiet(daemon);

      expect(saidIn(world, dm)).toEqual(['echo: hello']);
    }),
  );
});

describe('a token that is changed', () => {
  it.concurrent(
    'takes effect at once, and what waited for it goes out',
    closing(async () => {
      const world = await open();
      const { fake, daemon, channel, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      fake.resetToken();
      await until(async () => {
        const { status } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
        return status.state === 'blocked' || undefined;
      });
      fake.say({ channel: dm, author: user, content: 'while it was wrong' });
      const waiting = sendBy(daemon, 'later', { conversation: channel.id });

      await daemon.api('PUT /secrets/{scope}/{key}', {
        params: { scope: `channel:${connector}`, key: 'token' },
        body: { value: fake.bot.token },
      });

      expect((await waiting).parts).toMatchObject([{ state: 'delivered' }]);
      await fake.until(() => saidIn(world, dm).length === 2);
      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: while it was wrong']);
      expect(fake.rateLimits.invalidRequests).toBeLessThan(5);
    }),
  );

  it.concurrent(
    'opens the session anew, and loses nothing',
    closing(async () => {
      const world = await open();
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      const connected = fake.gateway.journal.of('connected').length;

      await daemon.api('PUT /secrets/{scope}/{key}', {
        params: { scope: `channel:${connector}`, key: 'token' },
        body: { value: fake.bot.token },
      });
      fake.say({ channel: dm, author: user, content: 'second' });
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(fake.gateway.journal.of('connected').length).toBeGreaterThan(connected);
      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: second']);
    }),
  );
});
