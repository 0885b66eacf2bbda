import { describe, expect, it } from 'vitest';
import { parseExtras, showsSomething } from './extras.ts';

const id = '123456789012345678';
const button = (customId: string): object => ({ type: 2, style: 1, label: 'x', custom_id: customId });
const row = (...components: readonly object[]): object => ({ type: 1, components });
const embed = (fields: object): object => ({ embeds: [fields] });
const poll = (fields: object): object => ({
  poll: { question: { text: 'q' }, answers: [{ poll_media: { text: 'a' } }], ...fields },
});

describe('extras', () => {
  it.each([
    [{}],
    [embed({ title: '😀'.repeat(256), description: 'x'.repeat(4_096), color: 0xffffff })],
    [
      embed({
        timestamp: '2026-01-02T03:04:05Z',
        footer: { text: 'x' },
        image: { url: 'attachment://a.png' },
      }),
    ],
    [{ components: [row(button('a'), button('b')), row({ type: 3, custom_id: 'c', options: [] })] }],
    [
      {
        components: [
          {
            type: 17,
            components: [{ type: 9, components: [{ type: 10, content: 'x' }], accessory: button('a') }],
          },
        ],
        flags: ['componentsV2'],
      },
    ],
    [{ components: [row(button('vote~until:2025-12-31'), button('vote~until:'))] }],
    [{ components: [row(button('x'.repeat(85)))], expiresAfterMs: 1_000 }],
    [poll({ duration: 24, allow_multiselect: true, layout_type: 1 })],
    [{ stickers: [id], flags: ['suppressEmbeds', 'suppressNotifications'] }],
    [{ files: [{ name: 'a.png', contentType: 'image/png', base64: 'AAA=' }] }],
    [{ allowedMentions: { parse: ['everyone'], users: [id], roles: [], repliedUser: true } }],
    [{ threadName: 'x', appliedTags: [id] }],
  ])('may be %j', (extras) => {
    expect(parseExtras(extras)).toEqual(extras);
  });

  it.each([
    ['unknown things', { tts: true }, 'tts'],
    ['no object', 'x', 'extras'],
    ['eleven embeds', { embeds: Array.from({ length: 11 }, () => ({ title: 'x' })) }, 'embeds'],
    ['a long title', embed({ title: 'x'.repeat(257) }), 'embeds.0.title: Over 256'],
    ['a long description', embed({ description: 'x'.repeat(4_097) }), 'Over 4096'],
    ['an empty field', embed({ fields: [{ name: '', value: 'x' }] }), 'embeds.0.fields.0.name'],
    ['26 fields', embed({ fields: Array.from({ length: 26 }, () => ({ name: 'n', value: 'v' })) }), 'fields'],
    [
      '6,001 characters of embeds',
      { embeds: [{ description: 'x'.repeat(4_000) }, { description: 'x'.repeat(2_001) }] },
      '6000',
    ],
    ['a script for a picture', embed({ image: { url: 'javascript:alert(1)' } }), 'embeds.0.image.url'],
    ['a type of embed', embed({ type: 'video' }), 'type'],
    ['41 components', { components: Array.from({ length: 41 }, () => ({ type: 14 })) }, '41 components'],
    [
      '41 components, some within others',
      {
        components: Array.from({ length: 7 }, (_none, nth) =>
          row(...Array.from({ length: 5 }, (_no, index) => button(`${nth}-${index}`))),
        ),
      },
      '42 components',
    ],
    [
      'six buttons in a row',
      { components: [row(...Array.from({ length: 6 }, (_none, nth) => button(`${nth}`)))] },
      '5 buttons',
    ],
    ['the same custom_id twice', { components: [row(button('a'), button('a'))] }, 'same custom_id'],
    ['a long custom_id', { components: [row(button('a'.repeat(101)))] }, 'custom_id'],
    [
      'a custom_id that would be read as one whose time is over',
      { components: [row(button('vote~until:20251231'))] },
      'ends in "~until:"',
    ],
    ['a component without a type', { components: [{ content: 'x' }] }, 'components.0.type'],
    [
      'a custom_id without room for its time',
      { components: [row(button('a'.repeat(86)))], expiresAfterMs: 60_000 },
      'at most 85',
    ],
    ['a time without components', { expiresAfterMs: 60_000 }, 'expiresAfterMs'],
    ['a time of months', { components: [row(button('a'))], expiresAfterMs: 3e9 }, 'expiresAfterMs'],
    ['a poll without answers', poll({ answers: [] }), 'poll.answers'],
    [
      'a poll of eleven answers',
      poll({ answers: Array.from({ length: 11 }, () => ({ poll_media: { text: 'a' } })) }),
      'poll.answers',
    ],
    ['a poll for ever', poll({ duration: 769 }), 'poll.duration'],
    ['four stickers', { stickers: [id, id, id, id] }, 'stickers'],
    ['eleven files', { files: Array.from({ length: 11 }, () => ({ name: 'a', text: 'a' })) }, 'files'],
    ['a file in a folder', { files: [{ name: '../a', text: 'a' }] }, 'files.0.name'],
    ['a file of nothing', { files: [{ name: 'a' }] }, 'text or base64'],
    ['a file of two things', { files: [{ name: 'a', text: 'a', base64: '' }] }, 'text or base64'],
    ['a file that is no base64', { files: [{ name: 'a', base64: '%%%' }] }, 'files.0.base64'],
    [
      'a file over 10 MiB',
      { files: [{ name: 'a', text: 'x'.repeat(10 * 1024 * 1024 + 1) }] },
      'Over 10485760 bytes',
    ],
    [
      'files over 24 MiB',
      { files: Array.from({ length: 3 }, () => ({ name: 'a', text: 'x'.repeat(9 * 1024 * 1024) })) },
      'Together over',
    ],
    [
      'a type with a line break',
      { files: [{ name: 'a', text: 'a', contentType: 'text/plain\r\nx: y' }] },
      'contentType',
    ],
    ['a flag that bots cannot set', { flags: ['ephemeral'] }, 'flags.0'],
    ['users by kind and by id', { allowedMentions: { parse: ['users'], users: [id] } }, 'allowedMentions'],
    ['a name for a user', { allowedMentions: { users: ['ada'] } }, 'allowedMentions.users.0'],
    ['101 users', { allowedMentions: { users: Array.from({ length: 101 }, () => id) } }, 'users'],
    [
      'embeds with the second kind of components',
      { flags: ['componentsV2'], components: [{ type: 14 }], embeds: [] },
      'componentsV2',
    ],
    ['the second kind of components without any', { flags: ['componentsV2'] }, 'componentsV2'],
    ['a long name of a thread', { threadName: 'x'.repeat(101) }, 'threadName'],
    ['six tags', { appliedTags: Array.from({ length: 6 }, () => id) }, 'appliedTags'],
  ])('cannot be %s, and say where it is wrong', (_what, extras, where) => {
    const parse = (): unknown => parseExtras(extras);

    expect(parse).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining(where) as string,
      }) as Error,
    );
  });

  it('are refused in few words, whatever they are', () => {
    const deep = JSON.parse(`${'{"components":['.repeat(50)}{"type":1}${']}'.repeat(50)}`) as unknown;
    const nested = {
      components: [
        {
          type: 17,
          components: [
            {
              type: 17,
              components: [
                {
                  type: 17,
                  components: [
                    {
                      type: 17,
                      components: [{ type: 17, components: [{ type: 17, components: [{ type: 14 }] }] }],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    };

    for (const extras of [deep, nested, { ['x'.repeat(10_000)]: 1 }])
      try {
        parseExtras(extras);
        expect.unreachable();
      } catch (error) {
        expect((error as Error).message.length).toBeLessThan(400);
      }
  });

  it.each([
    [{}, false],
    [{ embeds: [] }, false],
    [{ flags: ['suppressEmbeds'] }, false],
    [{ embeds: [{ title: 'x' }] }, true],
    [poll({}), true],
    [{ files: [{ name: 'a', text: '' }] }, true],
  ])('show something without a text: %j, %s', (extras, expected) => {
    expect(showsSomething(parseExtras(extras))).toBe(expected);
  });
});
