import { afterEach, describe, expect, it } from 'vitest';
import { permission } from './permissions.ts';
import { call } from './raw-client.ts';
import { closeScene, contents, login, openScene } from './scene.ts';

afterEach(closeScene);

describe('a thread', () => {
  it('grows out of a message, whose id it has, once', async () => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake);
    const message = fake.say({ channel, author: user, content: 'A topic' });
    const path = `/channels/${channel.id}/messages/${message.id}/threads`;

    const made = await call(fake, 'POST', path, { json: { name: 'Topic' } });
    const again = await call(fake, 'POST', path, { json: { name: 'Topic' } });

    expect(made.json).toMatchObject({ id: message.id, type: 11, parent_id: channel.id, name: 'Topic' });
    expect([again.status, again.json.code]).toEqual([400, 160004]);
    expect((await gateway.first('THREAD_CREATE')).d).toMatchObject({ id: message.id, newly_created: true });
    expect((await gateway.first('MESSAGE_UPDATE')).d).toMatchObject({
      flags: 32,
      thread: { id: message.id },
    });
  });

  it('is written to by its own permission', async () => {
    const { fake, guild, user } = await openScene();
    const overwrites = [{ id: guild.id, type: 0 as const, allow: 0n, deny: permission.sendMessages }];
    const quiet = fake.addChannel(guild, { overwrites });
    const thread = fake.openThread({ parent: quiet, name: 'x', owner: user });

    const inThread = await call(fake, 'POST', `/channels/${thread.id}/messages`, { json: { content: 'x' } });
    const inChannel = await call(fake, 'POST', `/channels/${quiet.id}/messages`, { json: { content: 'x' } });

    expect([inThread.status, inChannel.status]).toEqual([200, 403]);
  });

  it('that is archived opens for a message but not for an edit, and when it is locked for neither', async () => {
    const { fake, channel, user } = await openScene();
    const thread = fake.openThread({ parent: channel, name: 'x', owner: user });
    const path = `/channels/${thread.id}/messages`;
    const { id } = fake.say({ channel: thread, author: fake.bot, content: 'x' });
    fake.changeThread(thread, { archived: true });

    const edited = await call(fake, 'PATCH', `${path}/${id}`, { json: { content: 'y' } });
    const sent = await call(fake, 'POST', path, { json: { content: 'x' } });
    const isOpen = thread.thread?.archived === false;
    fake.changeThread(thread, { archived: true, locked: true });
    const locked = await call(fake, 'POST', path, { json: { content: 'x' } });

    expect([edited.status, edited.json.code]).toEqual([400, 50083]);
    expect([sent.status, isOpen]).toEqual([200, true]);
    expect([locked.status, locked.json.code]).toEqual([400, 160005]);
  });

  it('that is private is seen by those in it', async () => {
    const { fake, channel, user } = await openScene();
    const gateway = await login(fake);
    const thread = fake.openThread({ parent: channel, name: 'x', owner: user, isPrivate: true });
    fake.say({ channel: thread, author: user, content: 'unheard' });

    const outside = await call(fake, 'GET', `/channels/${thread.id}/messages`);
    thread.thread?.members.add(fake.bot.user.id);
    fake.say({ channel: thread, author: user, content: 'heard' });

    expect([outside.status, outside.json.code]).toEqual([403, 50001]);
    await gateway.until(() => contents(gateway).length > 0);
    expect(contents(gateway)).toEqual(['heard']);
  });

  it('in a forum comes with the message that opens it', async () => {
    const { fake, guild } = await openScene();
    const forum = fake.addChannel(guild, { type: 15, tags: ['help'], requiresTag: true });
    const post = (json: object) => call(fake, 'POST', `/channels/${forum.id}/threads`, { json });
    const body = { name: 'Post', message: { content: 'First.' } };

    const untagged = await post(body);
    const made = await post({ ...body, applied_tags: [forum.tags[0]?.id] });
    const empty = await post({ name: 'Post', message: {}, applied_tags: [forum.tags[0]?.id] });

    expect([untagged.status, untagged.json.code]).toEqual([400, 40067]);
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      name: 'Post',
      parent_id: forum.id,
      message: { id: made.json.id, content: 'First.' },
    });
    expect([empty.status, empty.json.code]).toEqual([400, 50006]);
  });

  it('is listed while it is active, and read back when it is archived', async () => {
    const { fake, guild, channel, user } = await openScene();
    const active = fake.openThread({ parent: channel, name: 'active', owner: user });
    const old = fake.openThread({ parent: channel, name: 'old', owner: user });
    fake.changeThread(old, { archived: true });

    const listed = await call(fake, 'GET', `/guilds/${guild.id}/threads/active`);
    const archived = await call(fake, 'GET', `/channels/${channel.id}/threads/archived/public`);

    expect(listed.json.threads).toMatchObject([{ id: active.id }]);
    expect(archived.json.threads).toMatchObject([{ id: old.id, thread_metadata: { archived: true } }]);
  });

  it('is archived by its owner, and locked only by who may manage threads', async () => {
    const { fake, channel } = await openScene();
    const thread = fake.openThread({ parent: channel, name: 'x', owner: fake.bot.user });

    const locked = await call(fake, 'PATCH', `/channels/${thread.id}`, { json: { locked: true } });
    const archived = await call(fake, 'PATCH', `/channels/${thread.id}`, { json: { archived: true } });

    expect([locked.status, locked.json.code]).toEqual([403, 50013]);
    expect(archived.json).toMatchObject({ thread_metadata: { archived: true, locked: false } });
  });
});

describe('what a bot can look up', () => {
  it('is its account, application, guilds, channels, roles and members', async () => {
    const { fake, guild, channel, user } = await openScene();
    fake.addMember(guild, user);
    const get = async (path: string): Promise<unknown> => JSON.parse((await call(fake, 'GET', path)).text);

    expect(await get('/users/@me')).toMatchObject({ id: fake.bot.user.id, bot: true });
    expect(await get('/applications/@me')).toMatchObject({
      id: fake.bot.applicationId,
      flags: fake.bot.flags,
    });
    expect(await get('/users/@me/guilds')).toMatchObject([{ id: guild.id }]);
    expect(await get(`/guilds/${guild.id}`)).toMatchObject({ id: guild.id, roles: [{ id: guild.id }, {}] });
    expect(await get(`/guilds/${guild.id}/channels`)).toMatchObject([{ id: channel.id }]);
    expect(await get(`/guilds/${guild.id}/members/${user.id}`)).toMatchObject({ user: { id: user.id } });
    expect(await get(`/channels/${channel.id}`)).toMatchObject({ id: channel.id, guild_id: guild.id });
    expect(await get('/gateway')).toEqual({ url: fake.world.urls.gateway });
  });

  it('is how much of the session budget is left', async () => {
    const { fake, clock } = await openScene({ bot: { identifiesMax: 7, shards: 2, maxConcurrency: 3 } });
    await login(fake);
    clock.advance(1_000);

    const answer = await call(fake, 'GET', '/gateway/bot');

    expect(answer.json).toEqual({
      url: fake.world.urls.gateway,
      shards: 2,
      session_start_limit: { total: 7, remaining: 6, reset_after: 86_399_000, max_concurrency: 3 },
    });
  });

  it.each([
    ['a guild that it is not in', '/guilds/{other}', 404, 10004],
    ['somebody who is not there', '/guilds/{guild}/members/1', 404, 10007],
    ['a user that there is not', '/users/1', 404, 10013],
  ])('is not %s', async (_what, template, status, code) => {
    const { fake, guild } = await openScene();
    const other = fake.addGuild({ bots: [] });

    const answer = await call(
      fake,
      'GET',
      template.replace('{other}', other.id).replace('{guild}', guild.id),
    );

    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('is a list of members only with the members intent', async () => {
    const { fake, guild } = await openScene({ bot: { flags: 0 } });

    const answer = await call(fake, 'GET', `/guilds/${guild.id}/members`);

    expect([answer.status, answer.json.code]).toEqual([403, 50001]);
  });
});
