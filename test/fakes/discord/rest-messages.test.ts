import { afterEach, describe, expect, it } from 'vitest';
import { call, type CallOptions } from './raw-client.ts';
import { closeScene, openScene, type Scene } from './scene.ts';

afterEach(closeScene);

function post(scene: Scene, json: unknown): readonly [string, string, CallOptions] {
  return ['POST', `/channels/${scene.channel.id}/messages`, { json }];
}

describe('a message', () => {
  it('is made once for a nonce that is enforced, for five minutes', async () => {
    const scene = await openScene();
    const { fake, clock, channel } = scene;
    const send = () => call(fake, ...post(scene, { content: 'once', nonce: 'n', enforce_nonce: true }));

    const first = await send();
    clock.advance(299_999);
    const second = await send();
    clock.advance(1);
    const third = await send();

    expect(second.json.id).toBe(first.json.id);
    expect(third.json.id).not.toBe(first.json.id);
    expect(fake.messagesIn(channel)).toHaveLength(2);
  });

  it('is another one for another nonce, channel or author', async () => {
    const scene = await openScene();
    const { fake, guild } = scene;
    const other = fake.addBot();
    fake.inviteBot(guild, other);
    const send = (given: Scene, nonce: string, token = fake.bot.token) => {
      const [method, path, options] = post(given, { content: 'x', nonce, enforce_nonce: true });
      return call(fake, method, path, { ...options, token: `Bot ${token}` });
    };

    const answers = [
      await send(scene, 'n'),
      await send(scene, 'm'),
      await send({ ...scene, channel: fake.addChannel(guild) }, 'n'),
      await send(scene, 'n', other.token),
    ];

    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(4);
  });

  it('is made again for a nonce that is not enforced', async () => {
    const scene = await openScene();
    await call(scene.fake, ...post(scene, { content: 'x', nonce: 'n' }));

    await call(scene.fake, ...post(scene, { content: 'x', nonce: 'n' }));

    expect(scene.fake.messagesIn(scene.channel)).toHaveLength(2);
  });

  it('that was deleted is unknown to its nonce, not made again', async () => {
    const scene = await openScene();
    const body = { content: 'once', nonce: 'n', enforce_nonce: true };
    await call(scene.fake, ...post(scene, body));
    scene.fake.delete(...scene.fake.messagesIn(scene.channel));

    const answer = await call(scene.fake, ...post(scene, body));

    expect([answer.status, answer.json.code]).toEqual([404, 10008]);
  });

  it('shows its nonce to the one who makes it, and to nobody who reads it later', async () => {
    const scene = await openScene();
    const made = await call(scene.fake, ...post(scene, { content: 'x', nonce: 'n' }));

    const read = await call(
      scene.fake,
      'GET',
      `/channels/${scene.channel.id}/messages/${String(made.json.id)}`,
    );

    expect(made.json.nonce).toBe('n');
    expect(read.json).not.toHaveProperty('nonce');
  });

  it('is an ordinary one when the one that it answers is gone and that may be', async () => {
    const scene = await openScene();
    const message_reference = { message_id: '1', fail_if_not_exists: false };

    const answer = await call(scene.fake, ...post(scene, { content: 'x', message_reference }));

    expect(answer.json).toMatchObject({ type: 0, content: 'x' });
    expect(answer.json).not.toHaveProperty('message_reference');
  });

  it.each([
    ['all of them when nothing is said', undefined, { users: true, everyone: false }],
    ['none when nothing is to be parsed', { parse: [] }, { users: false, everyone: false }],
    ['those that are listed', { users: 'listed' }, { users: true, everyone: false }],
  ])('mentions %s', async (_name, allowed, expected) => {
    const scene = await openScene();
    const { user } = scene;
    const allowed_mentions = allowed && 'users' in allowed ? { users: [user.id] } : allowed;

    const answer = await call(
      scene.fake,
      ...post(scene, {
        content: `<@${user.id}> @everyone`,
        ...(allowed_mentions ? { allowed_mentions } : {}),
      }),
    );

    expect(answer.json.mentions).toEqual(expected.users ? [expect.objectContaining({ id: user.id })] : []);
    expect(answer.json.mention_everyone).toBe(expected.everyone);
  });

  it('carries files, whose links expire', async () => {
    const { fake, clock, channel } = await openScene({ limits: { cdnTtlMs: 60_000 } });
    const form = new FormData();
    form.set('payload_json', JSON.stringify({ attachments: [{ id: 0, description: 'a note' }] }));
    form.set('files[0]', new Blob(['hello'], { type: 'text/plain' }), 'note.txt');
    const answer = await call(fake, 'POST', `/channels/${channel.id}/messages`, { form });
    const [attachment] = answer.json.attachments as { url: string }[];
    const { url } = attachment!;

    const before = await fetch(url);
    const tampered = await fetch(url.replace(/ex=[0-9a-f]+/, 'ex=ffffffff'));
    clock.advance(61_000);
    const after = await fetch(url);

    expect(attachment).toMatchObject({
      filename: 'note.txt',
      size: 5,
      content_type: 'text/plain',
      description: 'a note',
    });
    expect(await before.text()).toBe('hello');
    expect([tampered.status, after.status]).toEqual([404, 404]);
  });

  it('is read with those before, after and around it, the newest first', async () => {
    const { fake, channel, user } = await openScene();
    const said = ['a', 'b', 'c', 'd', 'e'].map((content) => fake.say({ channel, author: user, content }));
    const read = async (query: string): Promise<string> => {
      const response = await call(fake, 'GET', `/channels/${channel.id}/messages?${query}`);
      return (JSON.parse(response.text) as { content: string }[]).map(({ content }) => content).join('');
    };
    const c = said[2]!.id;

    const answers = [
      await read('limit=2'),
      await read(`before=${c}&limit=1`),
      await read(`after=${c}&limit=1`),
    ];

    expect(answers).toEqual(['ed', 'b', 'd']);
    expect(await read(`around=${c}&limit=3`)).toBe('dcb');
  });

  it('is edited, reacted to and deleted by its author', async () => {
    const scene = await openScene();
    const { fake, channel } = scene;
    const { json } = await call(fake, ...post(scene, { content: 'one' }));
    const path = `/channels/${channel.id}/messages/${String(json.id)}`;

    const edited = await call(fake, 'PATCH', path, { json: { content: 'two' } });
    const reacted = await call(fake, 'PUT', `${path}/reactions/${encodeURIComponent('👍')}/@me`);
    const read = await call(fake, 'GET', path);
    const deleted = await call(fake, 'DELETE', path);

    expect(edited.json).toMatchObject({ content: 'two', edited_timestamp: expect.any(String) });
    expect(read.json.reactions).toMatchObject([{ emoji: { name: '👍', id: null }, count: 1, me: true }]);
    expect([reacted.status, deleted.status]).toEqual([204, 204]);
    expect(fake.messagesIn(channel)).toEqual([]);
  });

  it('has no content to read for an application without the intent', async () => {
    const { fake, channel, user } = await openScene({ bot: { flags: 0 } });
    const { id } = fake.say({ channel, author: user, content: 'secret' });

    const answer = await call(fake, 'GET', `/channels/${channel.id}/messages/${id}`);

    expect(answer.json).toMatchObject({ content: '', attachments: [] });
  });
});

describe('a body that is refused', () => {
  it('may be JSON that is none', async () => {
    const { fake, channel } = await openScene();

    const response = await fetch(`${fake.apiBaseUrl}/channels/${channel.id}/messages`, {
      method: 'POST',
      headers: {
        'user-agent': 'DiscordBot (x, 1)',
        authorization: `Bot ${fake.bot.token}`,
        'content-type': 'application/json',
      },
      body: '{',
    });

    expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([400, 50109]);
  });

  it('is told the path of what is wrong', async () => {
    const scene = await openScene();

    const answer = await call(
      scene.fake,
      ...post(scene, { embeds: [{ fields: [{ name: 'x', value: '' }] }] }),
    );

    expect(answer.json.errors).toEqual({
      embeds: {
        0: {
          fields: { 0: { value: { _errors: [expect.objectContaining({ code: 'BASE_TYPE_BAD_LENGTH' })] } } },
        },
      },
    });
  });
});
