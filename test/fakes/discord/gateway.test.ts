import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { testTls } from '../../support/test-tls.ts';
import type { FakeDiscord } from './fake-discord.ts';
import type { RawGateway } from './raw-client.ts';
import { chat, closeScene, connect, contents, login, openScene } from './scene.ts';

afterEach(closeScene);

describe('a connection', () => {
  it('begins with hello, and answers heartbeats', async () => {
    const { fake } = await openScene();
    const gateway = await connect(fake);

    gateway.send(1, null);

    await gateway.first(11);
    expect((await gateway.first(10)).d).toMatchObject({ heartbeat_interval: 41_250 });
  });

  it('is ready with its guilds unavailable, and then gets each of them', async () => {
    const { fake, guild, channel } = await openScene();

    const gateway = await login(fake);

    expect((await gateway.first('READY')).d).toMatchObject({
      v: 10,
      user: { id: fake.bot.user.id, bot: true },
      guilds: [{ id: guild.id, unavailable: true }],
      resume_gateway_url: fake.world.urls.resume,
      application: { id: fake.bot.applicationId, flags: fake.bot.flags },
    });
    expect((await gateway.first('GUILD_CREATE')).d).toMatchObject({
      id: guild.id,
      channels: [{ id: channel.id }],
      members: [{ user: { id: fake.bot.user.id } }],
    });
  });

  it.each<[string, number, (gateway: RawGateway, fake: FakeDiscord) => void]>([
    ['an unknown op', 4001, (gateway) => gateway.send(99, null)],
    ['what is no JSON', 4002, (gateway) => gateway.sendText('{')],
    ['more than 4096 bytes', 4002, (gateway) => gateway.send(3, 'x'.repeat(4_096))],
    ['a command before the identify', 4003, (gateway) => gateway.send(3, {})],
    ['a wrong token', 4004, (gateway, fake) => gateway.identify(fake.bot, chat, { token: 'wrong' })],
    ['a wrong token to resume with', 4004, (gateway) => gateway.send(6, { token: 'wrong', seq: 1 })],
    ['a shard that cannot be', 4010, (gateway, fake) => gateway.identify(fake.bot, chat, { shard: [2, 2] })],
    ['intents that mean nothing', 4013, (gateway, fake) => gateway.identify(fake.bot, 1 << 30)],
    [
      'intents that are switched off',
      4014,
      (gateway, fake) => {
        fake.bot.flags = 0;
        gateway.identify(fake.bot, chat);
      },
    ],
    [
      'too few shards',
      4011,
      (gateway, fake) => {
        fake.bot.guildsPerShardMax = 0;
        gateway.identify(fake.bot, chat);
      },
    ],
    [
      'a 121st payload within a minute',
      4008,
      (gateway) => {
        for (let nth = 0; nth < 121; nth++) gateway.send(1, null);
      },
    ],
  ])('is closed for %s', async (_what, code, act) => {
    const { fake } = await openScene();
    const gateway = await connect(fake);

    act(gateway, fake);

    expect((await gateway.closed).code).toBe(code);
  });

  it('is closed for a second identify', async () => {
    const { fake } = await openScene();
    const gateway = await login(fake);

    gateway.identify(fake.bot, chat);

    expect((await gateway.closed).code).toBe(4005);
  });

  it('is closed for a version that there is not', async () => {
    const { fake } = await openScene();
    const gateway = await connect(fake, { query: '?v=3&encoding=json' });

    expect((await gateway.closed).code).toBe(4012);
  });

  it('is closed when the heartbeat does not come in time', async () => {
    const { fake, clock } = await openScene();
    const gateway = await login(fake);
    clock.advance(41_250);
    gateway.send(1, null);
    await gateway.first(11);

    clock.advance(41_250 + 20_000 - 1);
    const isOpenBefore = fake.gateway.live().length;
    clock.advance(1);

    expect(isOpenBefore).toBe(1);
    expect((await gateway.closed).code).toBe(4009);
  });

  it('gets op 9 for identifies that follow too soon', async () => {
    const { fake, clock } = await openScene();
    await login(fake);
    const second = await connect(fake);
    second.identify(fake.bot, chat);
    const refusal = await second.first(9);
    const third = await connect(fake);

    clock.advance(5_000);
    third.identify(fake.bot, chat);

    expect(refusal.d).toBe(false);
    await third.first('READY');
  });

  it('loses its token with the identify after the last of the day', async () => {
    const { fake, clock } = await openScene({ bot: { identifiesMax: 1 } });
    const { token } = fake.bot;
    const first = await login(fake);
    clock.advance(5_000);
    const second = await connect(fake);

    second.identify(fake.bot, chat);

    expect((await first.closed).code).toBe(4004);
    expect((await second.closed).code).toBe(4004);
    expect(fake.bot.token).not.toBe(token);
    expect(fake.gateway.sessions.size).toBe(0);
  });
});

describe('a session can', () => {
  it('ask for members', async () => {
    const { fake, guild, user } = await openScene();
    fake.addMember(guild, user);
    const gateway = await login(fake);

    gateway.send(8, { guild_id: guild.id, user_ids: [user.id], nonce: 'n' });

    expect((await gateway.first('GUILD_MEMBERS_CHUNK')).d).toMatchObject({
      guild_id: guild.id,
      members: [{ user: { id: user.id } }],
      nonce: 'n',
    });
  });
});

describe('a test can', () => {
  it('have it all over TLS, by a name', async () => {
    const { fake } = await openScene({ server: { tls: testTls, name: 'agent.test' } });
    const ask = httpsGet(`${fake.apiBaseUrl}/gateway`, {
      ca: testTls.cert,
      headers: { 'user-agent': 'DiscordBot (x, 1)' },
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });

    const [response] = (await once(ask, 'response')) as [IncomingMessage];

    expect(await json(response)).toEqual({ url: fake.world.urls.gateway });
    expect(fake.world.urls.resume).toMatch(/^wss:\/\/agent\.test:\d+$/);
  });

  it('close the fake, and nothing goes on after that', async () => {
    const { fake, clock } = await openScene();
    const gateway = await login(fake);
    const away = await connect(fake);
    away.terminate();

    await fake.close();

    await gateway.closed;
    expect([clock.pending, fake.gateway.sessions.size, fake.gateway.connections.size]).toEqual([0, 0, 0]);
  });

  it('ask for a reconnect, a heartbeat, a new session; stop the acks; and close with any code', async () => {
    const { fake } = await openScene();
    const gateway = await login(fake);
    const [connection] = fake.gateway.live();

    connection!.acks = false;
    gateway.send(1, 7);
    await fake.until(() => connection!.heartbeats.length === 1);
    connection!.requestHeartbeat();
    connection!.requestReconnect();
    connection!.invalidate(true);
    connection!.close(4000, 'why not');

    expect(await gateway.closed).toEqual({ code: 4000, reason: 'why not' });
    expect(gateway.payloads.map(({ op }) => op).filter((op) => op > 0)).toEqual([10, 1, 7, 9]);
    expect(connection!.heartbeats).toEqual([7]);
    expect(fake.gateway.sessions.size).toBe(1);
  });

  it('end the session with op 9 false', async () => {
    const { fake } = await openScene();
    const gateway = await login(fake);

    fake.gateway.live()[0]?.invalidate(false);

    expect((await gateway.first(9)).d).toBe(false);
    expect(fake.gateway.sessions.size).toBe(0);
  });

  it('send what is no part of the stream, or no JSON', async () => {
    const { fake } = await openScene();
    const gateway = await login(fake);

    fake.gateway.live()[0]?.sendRaw(Buffer.from('{"op":11}'));
    const ack = await gateway.first(11);

    expect(ack).toEqual({ op: 11 });
  });

  it('take the token away', async () => {
    const { fake, clock } = await openScene();
    const { token } = fake.bot;
    const gateway = await login(fake);

    fake.resetToken();

    expect((await gateway.closed).code).toBe(4004);
    await fake.until(() => fake.gateway.connections.size === 0);
    expect(clock.pending).toBe(0);
    expect(fake.bot.token).not.toBe(token);
  });

  it('refuse a connection, say nothing on it, or greet it with op 7 or a close', async () => {
    const { fake } = await openScene();
    fake.faults.connect({ kind: 'refuse', status: 503 });
    fake.faults.connect({ kind: 'silent' });
    fake.faults.connect({ kind: 'reconnect' });
    fake.faults.connect({ kind: 'close', code: 4000 });

    const refused = await connect(fake);
    const silent = await connect(fake);
    const sentAway = await connect(fake);
    const closed = await connect(fake);

    expect((await refused.closed).code).toBe(1006);
    expect((await sentAway.first(7)).op).toBe(7);
    expect((await closed.closed).code).toBe(4000);
    expect(silent.payloads).toEqual([]);
  });
});

describe('a zlib stream', () => {
  it('carries every message in one context, each ended by a flush', async () => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake, chat, { query: '?v=10&encoding=json&compress=zlib-stream' });

    fake.say({ channel, author: user, content: 'x'.repeat(2_000) });
    fake.say({ channel, author: user, content: 'x'.repeat(2_000) });

    await gateway.until(() => contents(gateway).length === 2);
    expect(gateway.frames.at(-1)).toBeLessThan(200);
  });

  it('can be cut into frames anywhere', async () => {
    const { fake, channel, user } = await openScene();
    fake.gateway.splitBytes = 7;
    const gateway = await login(fake, chat, { query: '?v=10&encoding=json&compress=zlib-stream' });

    fake.say({ channel, author: user, content: 'Grüße 👋' });

    await gateway.until(() => contents(gateway).length === 1);
    expect(contents(gateway)).toEqual(['Grüße 👋']);
    expect(Math.max(...gateway.frames)).toBe(7);
  });
});
