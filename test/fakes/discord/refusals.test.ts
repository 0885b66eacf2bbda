import { afterEach, describe, expect, it } from 'vitest';
import { permission } from './permissions.ts';
import { call, type CallOptions } from './raw-client.ts';
import { closeScene, openScene, type Scene } from './scene.ts';

afterEach(closeScene);

const dayMs = 86_400_000;

/** What a bot asks for, and what it is told. */
type Row = readonly [
  what: string,
  status: number,
  code: number,
  ask: (scene: Scene) => readonly [method: string, path: string, options?: CallOptions],
];

const post = (scene: Scene, json: unknown): readonly [string, string, CallOptions] => [
  'POST',
  `/channels/${scene.channel.id}/messages`,
  { json },
];

function deny(scene: Scene, bits: bigint): Scene {
  const overwrites = [{ id: scene.guild.id, type: 0 as const, allow: 0n, deny: bits }];
  return { ...scene, channel: scene.fake.addChannel(scene.guild, { overwrites }) };
}

const bodies: readonly Row[] = [
  ['nothing to say', 400, 50006, (scene) => post(scene, {})],
  ['only white space', 400, 50006, (scene) => post(scene, { content: ' \n ' })],
  ['2001 characters', 400, 50035, (scene) => post(scene, { content: 'x'.repeat(2_001) })],
  ['2001 emoji', 400, 50035, (scene) => post(scene, { content: '👋'.repeat(2_001) })],
  ['content that is no text', 400, 50035, (scene) => post(scene, { content: 7 })],
  ['a nonce of 26 characters', 400, 50035, (scene) => post(scene, { content: 'x', nonce: 'n'.repeat(26) })],
  [
    'an enforced nonce that is not there',
    400,
    50035,
    (scene) => post(scene, { content: 'x', enforce_nonce: true }),
  ],
  ['11 embeds', 400, 50035, (scene) => post(scene, { embeds: Array(11).fill({ title: 'x' }) })],
  ['a long title', 400, 50035, (scene) => post(scene, { embeds: [{ title: 'x'.repeat(257) }] })],
  [
    '6001 characters in all embeds',
    400,
    50035,
    (scene) =>
      post(scene, { embeds: [{ description: 'x'.repeat(4_000) }, { description: 'x'.repeat(2_001) }] }),
  ],
  ['a link that is none', 400, 50035, (scene) => post(scene, { embeds: [{ title: 'x', url: 'nowhere' }] })],
  ['6 rows of components', 400, 50035, (scene) => post(scene, { components: rows(6, 1) })],
  ['6 buttons in a row', 400, 50035, (scene) => post(scene, { components: rows(1, 6) })],
  ['two buttons with one id', 400, 50035, (scene) => post(scene, { components: [row('a', 'a')] })],
  ['a button without an id', 400, 50035, (scene) => post(scene, { components: [row('')] })],
  ['a poll without answers', 400, 50035, (scene) => post(scene, { poll: { question: { text: 'Why?' } } })],
  [
    'mentions both listed and parsed',
    400,
    50035,
    (scene) => post(scene, { content: 'x', allowed_mentions: { parse: ['users'], users: ['1'] } }),
  ],
  [
    'a reply to a message that there is not',
    400,
    50035,
    (scene) => post(scene, { content: 'x', message_reference: { message_id: '1' } }),
  ],
  ['text beside new components', 400, 50035, (scene) => post(scene, { content: 'x', flags: 1 << 15 })],
];

const places: readonly Row[] = [
  [
    'a channel that there is not',
    404,
    10003,
    () => ['POST', '/channels/1/messages', { json: { content: 'x' } }],
  ],
  [
    'a channel of another guild',
    403,
    50001,
    (scene) => {
      const channel = scene.fake.addChannel(scene.fake.addGuild({ bots: [] }));
      return post({ ...scene, channel }, { content: 'x' });
    },
  ],
  [
    'a channel that it cannot see',
    403,
    50001,
    (scene) => post(deny(scene, permission.viewChannel), { content: 'x' }),
  ],
  [
    'a channel where it may not write',
    403,
    50013,
    (scene) => post(deny(scene, permission.sendMessages), { content: 'x' }),
  ],
  [
    'embeds where it may not',
    403,
    50013,
    (scene) => post(deny(scene, permission.embedLinks), { embeds: [{ title: 'x' }] }),
  ],
  [
    'a reply where it may not read',
    400,
    160002,
    (scene) =>
      post(deny(scene, permission.readMessageHistory), {
        content: 'x',
        message_reference: { message_id: '1' },
      }),
  ],
  [
    'a forum',
    400,
    40058,
    (scene) =>
      post({ ...scene, channel: scene.fake.addChannel(scene.guild, { type: 15 }) }, { content: 'x' }),
  ],
  [
    'a category',
    400,
    50008,
    (scene) => post({ ...scene, channel: scene.fake.addChannel(scene.guild, { type: 4 }) }, { content: 'x' }),
  ],
  [
    'closed direct messages',
    403,
    50007,
    (scene) => {
      const user = scene.fake.addUser({ acceptsDms: false });
      return post({ ...scene, channel: scene.fake.dm(user) }, { content: 'x' });
    },
  ],
  [
    'somebody in no common guild',
    403,
    50278,
    (scene) => post({ ...scene, channel: scene.fake.dm(scene.user) }, { content: 'x' }),
  ],
  ['nobody', 400, 50033, () => ['POST', '/users/@me/channels', { json: { recipient_id: '1' } }]],
];

const messages: readonly Row[] = [
  ['a message that there is not', 404, 10008, ({ channel }) => ['GET', `/channels/${channel.id}/messages/1`]],
  ['101 messages', 400, 50035, ({ channel }) => ['GET', `/channels/${channel.id}/messages?limit=101`]],
  [
    "an edit of another's message",
    403,
    50005,
    (scene) => ['PATCH', pathOf(scene, scene.user), { json: { content: 'x' } }],
  ],
  [
    'an edit to nothing',
    400,
    50006,
    (scene) => ['PATCH', pathOf(scene, scene.fake.bot.user), { json: { content: '' } }],
  ],
  ["a deletion of another's message", 403, 50013, (scene) => ['DELETE', pathOf(scene, scene.user)]],
  ['one message in bulk', 400, 50016, (scene) => bulk(scene, 1)],
  ['101 messages in bulk', 400, 50016, (scene) => bulk(scene, 101)],
  [
    'messages of two weeks ago in bulk',
    400,
    50034,
    (scene) => {
      const ask = bulk(scene, 2);
      scene.clock.advance(14 * dayMs + 1);
      return ask;
    },
  ],
  [
    'a reaction that is no emoji',
    400,
    10014,
    (scene) => ['PUT', `${pathOf(scene, scene.user)}/reactions/nope/@me`],
  ],
  [
    'an emoji of no guild',
    400,
    10014,
    (scene) => ['PUT', `${pathOf(scene, scene.user)}/reactions/party%3A1/@me`],
  ],
  [
    'a reaction to somebody who blocked it',
    403,
    90001,
    (scene) => {
      scene.user.blocked.add(scene.fake.bot.user.id);
      return ['PUT', `${pathOf(scene, scene.user)}/reactions/${encodeURIComponent('👍')}/@me`];
    },
  ],
  [
    'a reaction where it may not',
    403,
    50013,
    (given) => {
      const scene = deny(given, permission.addReactions);
      return ['PUT', `${pathOf(scene, scene.user)}/reactions/${encodeURIComponent('👍')}/@me`];
    },
  ],
];

const requests: readonly Row[] = [
  ['no token', 401, 0, (scene) => ['POST', `/channels/${scene.channel.id}/messages`, { token: '' }]],
  ['a wrong token', 401, 0, () => ['GET', '/users/@me', { token: 'Bot wrong' }]],
  [
    'a token of another kind',
    401,
    0,
    ({ fake }) => ['GET', '/users/@me', { token: `Bearer ${fake.bot.token}` }],
  ],
  [
    'no user agent of a bot',
    403,
    40333,
    () => ['GET', '/users/@me', { headers: { 'user-agent': 'curl/8' } }],
  ],
  ['a path that there is not', 404, 0, () => ['GET', '/nowhere']],
  ['an id that is none', 400, 50035, () => ['GET', '/channels/general/messages']],
  ['a method that there is not', 405, 0, () => ['PUT', '/users/@me']],
  [
    'another type of content',
    400,
    50035,
    (scene) => [
      ...(post(scene, {}).slice(0, 2) as [string, string]),
      { json: {}, headers: { 'content-type': 'text/plain' } },
    ],
  ],
];

describe('a bot is refused', () => {
  it.each([...bodies, ...places, ...messages, ...requests])('%s: %d %d', async (_what, status, code, ask) => {
    const scene = await openScene();
    const [method, path, options] = ask(scene);

    const answer = await call(scene.fake, method, path, options);

    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('an eleventh attachment, and one that is too large', async () => {
    const { fake, channel } = await openScene({ limits: { attachmentBytesMax: 100 } });
    const upload = (count: number, bytes: number) => {
      const form = new FormData();
      form.set('payload_json', JSON.stringify({ content: 'x' }));
      for (let nth = 0; nth < count; nth++) form.set(`files[${nth}]`, new Blob(['x'.repeat(bytes)]), 'x.txt');
      return call(fake, 'POST', `/channels/${channel.id}/messages`, { form });
    };

    const many = await upload(11, 1);
    const large = await upload(1, 101);

    expect([many.status, many.json.code]).toEqual([400, 30015]);
    expect([large.status, large.json.code]).toEqual([413, 40005]);
  });
});

function rows(count: number, buttons: number): unknown[] {
  return Array.from({ length: count }, (_, nth) =>
    row(...Array.from({ length: buttons }, (_button, index) => `${nth}-${index}`)),
  );
}

function row(...ids: readonly string[]): unknown {
  return { type: 1, components: ids.map((id) => ({ type: 2, style: 1, label: 'x', custom_id: id })) };
}

function pathOf({ fake, channel }: Scene, author: Scene['user']): string {
  return `/channels/${channel.id}/messages/${fake.say({ channel, author, content: 'x' }).id}`;
}

function bulk({ fake, guild, channel, user }: Scene, count: number): readonly [string, string, CallOptions] {
  guild.ownerId = fake.bot.user.id;
  const ids = Array.from({ length: count }, () => fake.say({ channel, author: user, content: 'x' }).id);
  return ['POST', `/channels/${channel.id}/messages/bulk-delete`, { json: { messages: ids } }];
}
