import { afterEach, describe, expect, it } from 'vitest';
import type { Interaction } from './interactions.ts';
import { call, type CallAnswer } from './raw-client.ts';
import { closeScene, contents, login, openScene, type Scene } from './scene.ts';

afterEach(closeScene);

function use({ fake, channel, user }: Scene): Interaction {
  return fake.interact({ kind: 'command', name: 'ask', registered: false, channel, user });
}

function answer({ fake }: Scene, { id, token }: Interaction, json: unknown, query = ''): Promise<CallAnswer> {
  return call(fake, 'POST', `/interactions/${id}/${token}/callback${query}`, { json, token: '' });
}

function hook({ fake }: Scene, { token }: Interaction, method: string, tail: string, json?: unknown) {
  const path = `/webhooks/${fake.bot.applicationId}/${token}${tail}`;
  return call(fake, method, path, { token: '', ...(json === undefined ? {} : { json }) });
}

const message = { type: 4, data: { content: 'Here.' } };

describe('an interaction', () => {
  it('comes over the gateway, whatever the intents', async () => {
    const scene = await openScene();
    const gateway = await login(scene.fake, 0);

    const { id, token } = use(scene);

    expect((await gateway.first('INTERACTION_CREATE')).d).toMatchObject({
      id,
      token,
      type: 2,
      guild_id: scene.guild.id,
      channel_id: scene.channel.id,
      member: { user: { id: scene.user.id } },
      data: { name: 'ask', type: 1 },
      context: 0,
    });
  });

  it('is answered with a message, once', async () => {
    const scene = await openScene();
    const interaction = use(scene);

    const first = await answer(scene, interaction, message);
    const second = await answer(scene, interaction, message);

    expect(first.status).toBe(204);
    expect([second.status, second.json.code]).toEqual([400, 40060]);
    expect(interaction.response).toMatchObject({ type: 4, data: { content: 'Here.' } });
    expect(scene.fake.messagesIn(scene.channel)).toMatchObject([{ content: 'Here.', type: 20 }]);
  });

  it('is unknown after three seconds, and with another token', async () => {
    const scene = await openScene();
    const interaction = use(scene);

    const wrong = await answer(scene, { ...interaction, token: 'wrong' }, message);
    scene.clock.advance(3_001);
    const late = await answer(scene, interaction, message);

    expect([wrong.status, wrong.json.code]).toEqual([404, 10062]);
    expect([late.status, late.json.code]).toEqual([404, 10062]);
  });

  it('can be deferred, and the message that is loading then takes its text', async () => {
    const scene = await openScene();
    const interaction = use(scene);
    await answer(scene, interaction, { type: 5 });
    const [loading] = scene.fake.messagesIn(scene.channel);
    const wasLoading = (loading!.flags & 128) !== 0;
    scene.clock.advance(60_000);

    const edited = await hook(scene, interaction, 'PATCH', '/messages/@original', { content: 'Done.' });

    expect(wasLoading).toBe(true);
    expect(edited.json).toMatchObject({ id: loading!.id, content: 'Done.', flags: 0 });
    expect(scene.fake.messagesIn(scene.channel)).toHaveLength(1);
  });

  it('gives a first followup the place of the message that is loading, and further ones their own', async () => {
    const scene = await openScene();
    const interaction = use(scene);
    await answer(scene, interaction, { type: 5 });

    await hook(scene, interaction, 'POST', '', { content: 'one' });
    await hook(scene, interaction, 'POST', '', { content: 'two' });

    expect(scene.fake.messagesIn(scene.channel).map(({ content }) => content)).toEqual(['one', 'two']);
    expect(interaction.followups).toHaveLength(1);
  });

  it('keeps an ephemeral answer out of the channel, and of the gateway', async () => {
    const scene = await openScene();
    const gateway = await login(scene.fake);
    const interaction = use(scene);

    await answer(scene, interaction, { type: 4, data: { content: 'Only you.', flags: 64 } });
    await hook(scene, interaction, 'PATCH', '/messages/@original', { content: 'Still.' });
    const read = await hook(scene, interaction, 'GET', '/messages/@original');
    scene.fake.say({ channel: scene.channel, author: scene.user, content: 'aloud' });

    expect(read.json).toMatchObject({ content: 'Still.', flags: 64 });
    await gateway.until(() => contents(gateway).length > 0);
    expect([contents(gateway), gateway.dispatches('MESSAGE_UPDATE')]).toEqual([['aloud'], []]);
    scene.fake.delete(...scene.fake.messagesIn(scene.channel));
    expect(scene.fake.messagesIn(scene.channel)).toEqual([]);
  });

  it('has a token that is nothing before the answer, and lives fifteen minutes', async () => {
    const scene = await openScene();
    const interaction = use(scene);

    const before = await hook(scene, interaction, 'POST', '', { content: 'x' });
    await answer(scene, interaction, message);
    scene.clock.advance(15 * 60_000 + 1);
    const after = await hook(scene, interaction, 'POST', '', { content: 'x' });

    expect([before.status, before.json.code]).toEqual([404, 10015]);
    expect([after.status, after.json.code]).toEqual([401, 50027]);
  });

  it('is answered by its kind', async () => {
    const scene = await openScene();
    const { fake, channel, user } = scene;
    const source = fake.say({ channel, author: fake.bot, content: 'Press.' });
    const button = fake.interact({ kind: 'component', channel, user, message: source, customId: 'go' });
    const typing = fake.interact({ kind: 'autocomplete', name: 'ask', registered: false, channel, user });
    const modal = fake.interact({
      kind: 'modal',
      channel,
      user,
      customId: 'form',
      fields: { why: 'because' },
    });

    const update = await answer(
      scene,
      button,
      { type: 7, data: { content: 'Pressed.' } },
      '?with_response=true',
    );
    const wrong = await answer(scene, typing, message);
    const choices = await answer(scene, typing, { type: 8, data: { choices: [{ name: 'a', value: 'a' }] } });
    const again = await answer(scene, modal, {
      type: 9,
      data: { custom_id: 'x', title: 'x', components: [{}] },
    });

    expect([update.status, source.content]).toEqual([200, 'Pressed.']);
    expect([wrong.status, wrong.json.code]).toEqual([400, 50035]);
    expect([choices.status, typing.response?.data]).toEqual([204, { choices: [{ name: 'a', value: 'a' }] }]);
    expect([again.status, again.json.code]).toEqual([400, 50035]);
  });

  it('in a direct message names the user, not a member', async () => {
    const scene = await openScene();
    const gateway = await login(scene.fake);

    use({ ...scene, channel: scene.fake.dm(scene.user) });

    const { d } = await gateway.first('INTERACTION_CREATE');
    expect(d).toMatchObject({ user: { id: scene.user.id }, context: 1 });
    expect(d).not.toHaveProperty('member');
  });
});

describe('commands', () => {
  const command = { name: 'ask', description: 'Asks.' };

  it('are made, changed by their name, replaced as a whole, and removed', async () => {
    const { fake } = await openScene({ rateLimits: { scale: 100 } });
    const path = `/applications/${fake.bot.applicationId}/commands`;
    const list = async () =>
      JSON.parse((await call(fake, 'GET', path)).text) as { id: string; name: string }[];

    const made = await call(fake, 'POST', path, { json: command });
    const same = await call(fake, 'POST', path, { json: { ...command, description: 'Other.' } });
    await call(fake, 'PUT', path, { json: [command, { name: 'tell', description: 'Tells.' }] });
    const replaced = await list();
    await call(fake, 'DELETE', `${path}/${replaced[1]!.id}`);

    expect([made.status, same.status]).toEqual([201, 200]);
    expect(same.json).toMatchObject({ id: made.json.id, description: 'Other.' });
    expect(replaced.map(({ id, name }) => [id === made.json.id, name])).toEqual([
      [true, 'ask'],
      [false, 'tell'],
    ]);
    expect(await list()).toHaveLength(1);
  });

  it.each([
    ['capitals in a name', { name: 'Ask', description: 'x' }],
    ['no description', { name: 'ask' }],
    ['a long description', { name: 'ask', description: 'x'.repeat(101) }],
    ['26 options', { ...command, options: Array(26).fill({ type: 3, name: 'a', description: 'x' }) }],
    [
      'a required option after one that is not',
      {
        ...command,
        options: [
          { type: 3, name: 'a', description: 'x' },
          { type: 3, name: 'b', description: 'x', required: true },
        ],
      },
    ],
  ])('are refused with %s', async (_what, json) => {
    const { fake } = await openScene();

    const refused = await call(fake, 'POST', `/applications/${fake.bot.applicationId}/commands`, { json });

    expect([refused.status, refused.json.code]).toEqual([400, 50035]);
  });

  it('are at most 100, of which 200 may be made in a day', async () => {
    const { fake, guild } = await openScene({ rateLimits: { scale: 100 } });
    const path = `/applications/${fake.bot.applicationId}/guilds/${guild.id}/commands`;
    const put = (prefix: string, count: number) =>
      call(fake, 'PUT', path, {
        json: Array.from({ length: count }, (_, nth) => ({ name: `${prefix}${nth}`, description: 'x' })),
      });

    await put('a', 100);
    const over = await call(fake, 'POST', path, { json: command });
    await put('b', 100);
    const known = await put('b', 100);
    const spent = await put('c', 1);

    expect([over.status, over.json.code]).toEqual([400, 30032]);
    expect(known.status).toBe(200);
    expect([spent.status, spent.json.code, spent.json.retry_after]).toEqual([429, 30034, 86_400]);
  });

  it('of another application, or of a guild that it is not in, are out of reach', async () => {
    const { fake } = await openScene();
    const elsewhere = fake.addGuild({ bots: [] });

    const foreign = await call(fake, 'GET', '/applications/1/commands');
    const outside = await call(
      fake,
      'GET',
      `/applications/${fake.bot.applicationId}/guilds/${elsewhere.id}/commands`,
    );

    expect([foreign.status, foreign.json.code]).toEqual([403, 20012]);
    expect([outside.status, outside.json.code]).toEqual([403, 50001]);
  });

  it('can be used once they are registered', async () => {
    const scene = await openScene();
    const { fake, channel, user } = scene;
    await call(fake, 'POST', `/applications/${fake.bot.applicationId}/commands`, { json: command });
    const gateway = await login(fake);

    fake.interact({ kind: 'command', name: 'ask', channel, user });

    expect((await gateway.first('INTERACTION_CREATE')).d).toMatchObject({ data: { name: 'ask' } });
    expect(() => fake.interact({ kind: 'command', name: 'tell', channel, user })).toThrow(/no command/);
  });
});
