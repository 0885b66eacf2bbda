import { afterEach, describe, expect, it } from 'vitest';
import { intent } from './gateway-intents.ts';
import { chat, closeScene, connect, contents, login, openScene, sessionOf } from './scene.ts';

afterEach(closeScene);

describe('what a session gets', () => {
  it.each([
    ['guild messages', intent.guildMessages, ['in the guild']],
    ['direct messages', intent.directMessages, ['direct']],
    ['neither', intent.guilds, []],
  ])('follows its intents: %s', async (_name, intents, expected) => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake, intents | intent.messageContent | intent.guildMessageTyping);

    fake.say({ channel, author: user, content: 'in the guild' });
    fake.say({ channel: fake.dm(user), author: user, content: 'direct' });
    fake.type(channel, user);

    await gateway.first('TYPING_START');
    expect(contents(gateway)).toEqual(expected);
  });

  it('has no content without its intent, but for direct, own and addressed messages', async () => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake, intent.guildMessages | intent.directMessages);

    fake.say({ channel, author: user, content: 'secret', embeds: [{ title: 'secret' }] });
    fake.say({ channel, author: user, content: `<@${fake.bot.user.id}> hello` });
    fake.say({ channel, author: fake.bot, content: 'mine' });
    fake.say({ channel: fake.dm(user), author: user, content: 'direct' });

    await gateway.until(() => contents(gateway).length === 4);
    expect(contents(gateway)).toEqual(['', `<@${fake.bot.user.id}> hello`, 'mine', 'direct']);
    expect(gateway.dispatches('MESSAGE_CREATE')[0]?.d).toMatchObject({ embeds: [], attachments: [] });
  });

  it('leaves out channels that the bot cannot see, and guilds that it is not in', async () => {
    const { fake, guild, channel, user } = await openScene();
    const overwrites = [{ id: guild.id, type: 0 as const, allow: 0n, deny: 1n << 10n }];
    const hidden = fake.addChannel(guild, { overwrites });
    const elsewhere = fake.addChannel(fake.addGuild({ bots: [] }));
    const gateway = await login(fake);

    fake.say({ channel: hidden, author: user, content: 'hidden' });
    fake.say({ channel: elsewhere, author: user, content: 'elsewhere' });
    fake.say({ channel, author: user, content: 'here' });

    await gateway.until(() => contents(gateway).length > 0);
    expect(contents(gateway)).toEqual(['here']);
  });

  it('goes to the shard of its guild, and to the first when it is direct', async () => {
    const { fake, guild, channel, user } = await openScene({ bot: { maxConcurrency: 2 } });
    const shards = await Promise.all(
      [0, 1].map(async (index) => {
        const gateway = await connect(fake);
        gateway.identify(fake.bot, chat, { shard: [index, 2] });
        await gateway.first('READY');
        return gateway;
      }),
    );
    const own = Number((BigInt(guild.id) >> 22n) % 2n);

    fake.say({ channel, author: user, content: 'guild' });
    fake.say({ channel: fake.dm(user), author: user, content: 'direct' });

    await shards[own]!.until(() => contents(shards[own]!).includes('guild'));
    await shards[0]!.until(() => contents(shards[0]!).includes('direct'));
    expect(contents(shards[1]!)).not.toContain('direct');
  });

  it('can come twice, late or never, as the faults have it', async () => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake);
    fake.faults.dispatch('twice', 'MESSAGE_CREATE');
    fake.faults.dispatch('lose', 'MESSAGE_CREATE');
    fake.faults.dispatch('late', 'MESSAGE_CREATE');

    for (const content of ['one', 'two', 'three', 'four']) fake.say({ channel, author: user, content });

    await gateway.until(() => contents(gateway).length === 4);
    expect(contents(gateway)).toEqual(['one', 'one', 'four', 'three']);
    const numbers = gateway.dispatches().map(({ s }) => s);
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  });
});

describe('a session', () => {
  it('is resumed with what was missed, in order, and then RESUMED', async () => {
    const { fake, channel, user } = await openScene();
    const before = await login(fake);
    fake.say({ channel, author: user, content: 'one' });
    await before.until(() => contents(before).length === 1);
    const { seq } = [...fake.gateway.sessions.values()][0]!;
    before.terminate();
    fake.say({ channel, author: user, content: 'two' });
    fake.say({ channel, author: user, content: 'three' });
    const after = await connect(fake, { url: fake.world.urls.resume });

    after.resume(fake.bot, sessionOf(before), seq);

    await after.first('RESUMED');
    expect(contents(after)).toEqual(['two', 'three']);
    expect(after.dispatches().map(({ s }) => s)).toEqual([seq + 1, seq + 2, seq + 3]);
    expect(after.dispatches().at(-1)?.t).toBe('RESUMED');
  });

  it('is resumed a second time without the RESUMED of the first', async () => {
    const { fake, channel, user } = await openScene();
    const before = await login(fake);
    await before.first('GUILD_CREATE');
    before.terminate();
    fake.say({ channel, author: user, content: 'one' });
    const resume = async () => {
      const gateway = await connect(fake, { url: fake.world.urls.resume });
      gateway.resume(fake.bot, sessionOf(before), 2);
      await gateway.first('RESUMED');
      return gateway;
    };

    const first = await resume();
    fake.say({ channel, author: user, content: 'two' });
    await first.until(() => contents(first).length === 2);
    const second = await resume();

    expect((await first.closed).code).toBe(4000);
    expect(second.dispatches().map(({ t, s }) => [t, s])).toEqual([
      ['MESSAGE_CREATE', 3],
      ['MESSAGE_CREATE', 5],
      ['RESUMED', 6],
    ]);
  });

  it.each([
    ['1000', 1000],
    ['1001', 1001],
  ])('is over when the client closes with %s', async (_name, code) => {
    const { fake } = await openScene();
    const gateway = await login(fake);

    gateway.close(code);

    await fake.until(() => fake.gateway.sessions.size === 0);
  });

  it('waits for a client that closed with another code, but not for ever', async () => {
    const { fake, clock } = await openScene({ gateway: { resumeWindowMs: 60_000 } });
    const gateway = await login(fake);
    gateway.close(4900);
    await fake.until(() => fake.gateway.connections.size === 0);

    clock.advance(59_999);
    const sizeBefore = fake.gateway.sessions.size;
    clock.advance(1);
    const late = await connect(fake, { url: fake.world.urls.resume });
    late.resume(fake.bot, sessionOf(gateway), 1);

    expect(sizeBefore).toBe(1);
    expect((await late.first(9)).d).toBe(false);
  });

  it('cannot be resumed from where it no longer remembers', async () => {
    const { fake, channel, user } = await openScene({ gateway: { resumeBufferMax: 10 } });
    const gateway = await login(fake);
    gateway.terminate();
    for (let nth = 0; nth < 20; nth++) fake.say({ channel, author: user, content: `${nth}` });
    const late = await connect(fake, { url: fake.world.urls.resume });

    late.resume(fake.bot, sessionOf(gateway), 2);

    expect((await late.first(9)).d).toBe(false);
  });

  it('is not resumed with a number that it has not reached, nor at the wrong address', async () => {
    const { fake } = await openScene();
    const gateway = await login(fake);
    const ahead = await connect(fake, { url: fake.world.urls.resume });
    const elsewhere = await connect(fake);

    ahead.resume(fake.bot, sessionOf(gateway), 1_000);
    elsewhere.resume(fake.bot, sessionOf(gateway), 1);

    expect((await ahead.closed).code).toBe(4007);
    expect((await elsewhere.closed).code).toBe(4000);
  });

  it('survives an outage of the whole platform', async () => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake);
    const { resume } = fake.world.urls;
    await fake.stop();
    fake.say({ channel, author: user, content: 'meanwhile' });
    await fake.start();

    const after = await connect(fake, { url: resume });
    after.resume(fake.bot, sessionOf(gateway), 2);

    await after.first('RESUMED');
    expect(contents(after)).toEqual(['meanwhile']);
  });

  it('replays after a zombie what the zombie did not get', async () => {
    const { fake, channel, user } = await openScene();
    const zombie = await login(fake);
    await zombie.first('GUILD_CREATE');
    fake.gateway.live()[0]?.freeze();
    fake.say({ channel, author: user, content: 'unheard' });
    zombie.send(1, 2);
    const after = await connect(fake, { url: fake.world.urls.resume });

    after.resume(fake.bot, sessionOf(zombie), 2);

    await after.first('RESUMED');
    expect(contents(after)).toEqual(['unheard']);
    expect(contents(zombie)).toEqual([]);
    expect(zombie.payloads.map(({ op }) => op)).not.toContain(11);
  });
});
