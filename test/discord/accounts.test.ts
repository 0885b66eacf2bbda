import { describe, expect, it } from 'vitest';
import { applicationFlag } from '../fakes/discord/application-flags.ts';
import type { Bot, Channel } from '../fakes/discord/entities.ts';
import { FakeDiscord } from '../fakes/discord/fake-discord.ts';
import { openDaemon, type TestDaemon, until } from '../support/daemon.ts';
import { connectDiscord, connector, live, openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsOf, hasty, inboxOf, quiet, sendBy } from '../support/discord-scene.ts';
import { closeLater, closing } from '../support/egress.ts';

const other = 'discord:other';
const create = '/channels/{channel}/messages';

/** A second bot in the same daemon, with a Discord of its own. */
async function open() {
  const world = await openDiscordWorld({}, { config: hasty });
  const second = await new FakeDiscord({
    gateway: { identifyIntervalMs: 0 },
    rateLimits: { scale: 50, globalPerSecond: 5_000 },
  }).start();
  closeLater(() => second.close());
  await connectDiscord(world.daemon, second, {}, 'other');
  const user = second.addUser();
  return { ...world, second, dm: world.fake.dm(world.user), otherDm: second.dm(user), otherUser: user };
}

function written(fake: FakeDiscord, channel: Channel, bot: Bot = fake.bot): readonly string[] {
  return fake
    .messagesIn(channel)
    .filter(({ author }) => author === bot.user)
    .map(({ content }) => content);
}

async function stateOf(daemon: TestDaemon, id: string) {
  return (await daemon.api('GET /channels/{id}', { params: { id } })).status;
}

/** Its status, once only a person can help. */
function blocked(daemon: TestDaemon, id: string) {
  return until(async () => {
    const status = await stateOf(daemon, id);
    return status.state === 'blocked' ? status : undefined;
  });
}

describe('several accounts side by side', () => {
  it.concurrent(
    'each have their own events, lanes and answers',
    closing(async () => {
      const { fake, second, daemon, user, dm, otherDm, otherUser } = await open();

      fake.say({ channel: dm, author: user, content: 'to the first' });
      second.say({ channel: otherDm, author: otherUser, content: 'to the second' });
      await fake.until(() => written(fake, dm).length === 1);
      await second.until(() => written(second, otherDm).length === 1);

      expect(written(fake, dm)).toEqual(['echo: to the first']);
      expect(written(second, otherDm)).toEqual(['echo: to the second']);
      for (const [id, text] of [
        [connector, 'to the first'],
        [other, 'to the second'],
      ] as const) {
        const [event] = await inboxOf(daemon, id);
        expect(event?.event).toMatchObject({ source: id, text, address: { connector: id } });
      }
    }),
  );

  it.concurrent(
    'have no gap to tell of before their first session',
    closing(async () => {
      const { daemon } = await open();

      expect([await gapsOf(daemon), await gapsOf(daemon, other)]).toEqual([[], []]);
    }),
  );

  it.concurrent(
    'do not share a broken connection, a gap or a restart',
    closing(async () => {
      const { fake, second, daemon, dm, user } = await open();
      const connected = fake.gateway.journal.of('connected').length;

      await second.stop();
      fake.say({ channel: dm, author: user, content: 'hello' });
      await fake.until(() => written(fake, dm).length === 1);
      const during = await stateOf(daemon, connector);
      await second.start();
      await live(daemon, other);

      expect(during.state).toBe('running');
      expect(fake.gateway.journal.of('connected')).toHaveLength(connected);
      expect(await gapsOf(daemon)).toEqual([]);
      expect(await gapsOf(daemon, other)).not.toEqual([]);
    }),
  );

  it.concurrent(
    'do not share a token: one that is wrong blocks its own account, with what to do',
    closing(async () => {
      const { fake, second, daemon, dm, user, otherDm } = await open();

      second.resetToken();
      const status = await blocked(daemon, other);
      const waiting = daemon.api('POST /messages', {
        body: { connector: other, conversation: otherDm.id, operation: { op: 'send', text: 'later' } },
        idempotencyKey: 'later',
      });
      fake.say({ channel: dm, author: user, content: 'hello' });
      await fake.until(() => written(fake, dm).length === 1);
      const { parts } = await waiting;

      expect(status).toMatchObject({ state: 'blocked', code: 'unauthenticated' });
      expect(status.detail).toContain('Developer Portal');
      expect(parts).toMatchObject([{ state: 'pending' }]);
      expect((await stateOf(daemon, connector)).state).toBe('running');
    }),
  );

  it.concurrent(
    'do not share a limit: one that is limited holds up no other',
    closing(async () => {
      const { second, daemon, channel, otherDm } = await open();
      second.faults.rest({
        ...{ method: 'POST', route: create, times: 1_000 },
        fault: { kind: 'rate_limit', scope: 'global', retryAfterMs: 60_000 },
      });
      await daemon.api('POST /messages', {
        body: { connector: other, conversation: otherDm.id, operation: { op: 'send', text: 'slow' } },
        idempotencyKey: 'slow',
      });
      await second.until(() => second.requests.of('POST', create).length === 1);

      const { parts } = await sendBy(daemon, 'quick', { conversation: channel.id });

      expect(parts).toMatchObject([{ state: 'delivered', deferrals: 0 }]);
      const [view, otherView] = await Promise.all(
        [connector, other].map((id) => daemon.api('GET /channels/{id}', { params: { id } })),
      );
      expect(view?.runtime).toMatchObject({ rest: { globalWaitMs: 0 } });
      expect(otherView?.runtime).toMatchObject({ rest: { limitedByPlatform: { global: 1 } } });
    }),
  );

  it.concurrent(
    'are told apart also where they are two bots of one server',
    closing(async () => {
      const { fake, daemon, channel, user } = await openDiscordWorld({}, { config: hasty });
      const bot = fake.addBot();
      fake.inviteBot(channel.guild!, bot);
      await daemon.api('PUT /secrets/{scope}/{key}', {
        params: { scope: `channel:${other}`, key: 'token' },
        body: { value: bot.token },
      });
      await daemon.api('PUT /router/rules/{id}', {
        params: { id: 'discord.other' },
        body: { match: { sources: [other] }, action: 'accept', agent: 'echo', position: 11 },
      });
      await daemon.api('PUT /channels/{id}', {
        params: { id: other },
        body: { config: { apiBaseUrl: fake.apiBaseUrl, allowPrivateNetwork: true }, enabled: true },
      });
      await live(daemon, other);

      fake.say({ channel, author: user, content: `<@${bot.user.id}> hello` });
      await fake.until(() => written(fake, channel, bot).length === 1);
      await quiet(daemon);

      expect(written(fake, channel, bot)).toEqual([`echo: <@${bot.user.id}> hello`]);
      expect(written(fake, channel)).toEqual([]);
    }),
  );
});

describe('an account that cannot be opened', () => {
  it.concurrent(
    'because another connector is connected as its bot says which, and answers nothing',
    closing(async () => {
      const { fake, daemon, user } = await openDiscordWorld({}, { config: hasty });
      const dm = fake.dm(user);
      const connected = fake.gateway.journal.of('connected').length;

      await expect(connectDiscord(daemon, fake, {}, 'other')).rejects.toThrow('blocked');
      const status = await blocked(daemon, other);
      fake.say({ channel: dm, author: user, content: 'hello' });
      await fake.until(() => written(fake, dm).length === 1);
      await quiet(daemon);

      expect(status).toMatchObject({ code: 'account_taken', detail: expect.stringContaining(connector) });
      expect(written(fake, dm)).toEqual(['echo: hello']);
      expect(fake.gateway.journal.of('connected')).toHaveLength(connected);
    }),
  );

  it.concurrent(
    'for want of an intent says which to switch on, and where',
    closing(async () => {
      const fake = await new FakeDiscord({ bot: { flags: applicationFlag.membersLimited } }).start();
      closeLater(() => fake.close());
      const daemon = await openDaemon({ config: hasty });

      await expect(connectDiscord(daemon, fake)).rejects.toThrow('blocked');
      const status = await blocked(daemon, connector);

      expect(status).toMatchObject({ state: 'blocked', code: 'connector_misconfigured' });
      expect(status.detail).toContain('Message Content Intent');
      expect(status.detail).toContain('Developer Portal');
      // It is not tried again and again: that would use up the day's session starts.
      expect(fake.gateway.journal.of('connected')).toHaveLength(1);
    }),
  );

  it.concurrent(
    'on a private network is refused, unless that is allowed, which its status shows',
    closing(async () => {
      const fake = await new FakeDiscord({ gateway: { identifyIntervalMs: 0 } }).start();
      closeLater(() => fake.close());
      const daemon = await openDaemon({ config: hasty });
      await connectDiscord(daemon, fake);
      const put = (config: Record<string, unknown>): Promise<unknown> =>
        daemon.api('PUT /channels/{id}', { params: { id: connector }, body: { config, enabled: true } });

      const { notices } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
      const refusal = put({ apiBaseUrl: fake.apiBaseUrl });

      expect(notices).toEqual(['may reach private and loopback addresses', `talks to ${fake.apiBaseUrl}`]);
      await expect(refusal).rejects.toThrow('allowPrivateNetwork');

      const requests = fake.requests.count;
      await put({ apiBaseUrl: fake.apiBaseUrl.replace('http:', 'https:') });
      const status = await blocked(daemon, connector);

      expect(status).toMatchObject({ code: 'connector_misconfigured' });
      expect(fake.requests.count).toBe(requests);
    }),
  );
});
