import { expect, it } from 'vitest';
import { readMessage } from '../api-read-message.ts';
import { renderMessage } from './render.ts';
import { likenessOf } from './same-message.ts';

const self = '1';
const loading = 1 << 7;
const v2 = 1 << 15;
const suppressEmbeds = 1 << 2;

type Sent = Parameters<typeof renderMessage>[0];

function likeness(sent: Sent, fields: object): string | undefined {
  const rendered = renderMessage(sent, { mentions: 'none' });
  const message = readMessage({
    id: '7',
    channel_id: '5',
    type: 0,
    content: '',
    author: { id: self },
    ...fields,
  });
  return message && likenessOf(message, rendered, self);
}

it.each([
  ['a message', 0, 'same'],
  ['a reply', 19, 'same'],
  ['the answer to a command', 20, 'same'],
  ['the answer to a command on a message', 23, 'same'],
  ['the notice of a new thread', 18, 'other'],
])('takes %s (type %i) for what was sent: %s', (_what, type, expected) => {
  expect(likeness({ text: 'hello' }, { type, content: 'hello' })).toBe(expected);
});

const button = (id: string): object => ({
  type: 1,
  components: [{ type: 2, style: 1, label: 'x', custom_id: id }],
});
const container = (...texts: string[]): object => ({
  type: 17,
  components: texts.map((content) => ({ type: 10, content })),
});
const section = (text: string, id: string): object => ({
  ...{ type: 9, components: [{ type: 10, content: text }] },
  accessory: { type: 2, style: 1, label: 'x', custom_id: id },
});
const picture = { type: 12, items: [{ media: { url: 'https://cdn.test/a.png' } }] };
const poll = (question: string, ...answers: string[]): object => ({
  ...{ question: { text: question }, answers: answers.map((text) => ({ poll_media: { text } })) },
});
const inV2 = (...components: object[]): Sent => ({
  text: '',
  extras: { flags: ['componentsV2'], components },
});
const files = (...names: string[]): Sent => ({
  text: '',
  extras: { files: names.map((name) => ({ name, text: 'x' })) },
});
const file = (filename: string): object => ({ id: '8', filename, size: 1, url: 'https://cdn.test/x' });
const field = (value: string): object => ({ fields: [{ name: 'State', value }] });

it.each<[string, string, Sent, object]>([
  [
    'texts of its components',
    'same',
    inV2(container('a', 'b')),
    { flags: v2, components: [container('a ', 'b')] },
  ],
  ['fewer texts', 'other', inV2(container('a', 'b')), { flags: v2, components: [container('a')] }],
  ['another text', 'other', inV2(container('a')), { flags: v2, components: [container('b')] }],
  [
    'a text and what is below',
    'same',
    { ...inV2(container('b')), text: 'a' },
    { flags: v2, components: [{ type: 10, content: 'a' }, container('b')] },
  ],
  [
    'the label before them',
    'same',
    inV2(container('a')),
    { flags: v2, components: [{ type: 10, content: '(possibly a repeat) ' }, container('a')] },
  ],
  [
    'the button beside a text',
    'same',
    inV2(section('a', 'go')),
    { flags: v2, components: [section('a', 'go')] },
  ],
  [
    'another button beside it',
    'other',
    inV2(section('a', 'go')),
    { flags: v2, components: [section('a', 'no')] },
  ],
  ['nothing but a picture', 'unclear', inV2(picture), { flags: v2, components: [picture] }],
  ['nothing but a picture, and a text', 'other', inV2(picture), { flags: v2, components: [container('a')] }],
  [
    'its buttons',
    'same',
    { text: '', extras: { components: [button('go')] } },
    { components: [button('go')] },
  ],
  [
    'its buttons, good for a while',
    'same',
    { text: '', extras: { components: [button('go')] } },
    { components: [button('go~until:mbx1k2zz')] },
  ],
  [
    'other buttons',
    'other',
    { text: '', extras: { components: [button('go')] } },
    { components: [button('no')] },
  ],
  ['"is thinking"', 'other', { text: '', extras: { stickers: ['5'] } }, { type: 20, flags: loading }],
  ['its embed', 'same', { text: '', extras: { embeds: [field('up')] } }, { embeds: [field('up')] }],
  ['another embed', 'other', { text: '', extras: { embeds: [field('up')] } }, { embeds: [field('down')] }],
  [
    'an embed without words',
    'unclear',
    { text: '', extras: { embeds: [{ image: { url: 'https://a.test' } }] } },
    { embeds: [{ image: { url: 'https://a.test' } }] },
  ],
  [
    'no embeds, as somebody has hidden them',
    'unclear',
    { text: '', extras: { embeds: [field('up')] } },
    { flags: suppressEmbeds },
  ],
  [
    'its text, and the embeds hidden',
    'same',
    { text: 'a', extras: { embeds: [field('up')] } },
    { flags: suppressEmbeds, content: 'a' },
  ],
  [
    'its poll',
    'same',
    { text: '', extras: { poll: poll('Now? ', 'yes', 'no') } },
    { poll: poll('Now?', 'yes', 'no') },
  ],
  [
    'another poll',
    'other',
    { text: '', extras: { poll: poll('Now?', 'yes', 'no') } },
    { poll: poll('Now?', 'yes') },
  ],
  [
    'its sticker',
    'same',
    { text: '', extras: { stickers: ['5'] } },
    { sticker_items: [{ id: '5', name: 's' }] },
  ],
  [
    'another sticker',
    'other',
    { text: '', extras: { stickers: ['5'] } },
    { sticker_items: [{ id: '6', name: 's' }] },
  ],
  ['its files', 'same', files('my log.txt'), { attachments: [file('my_log.txt')] }],
  ['a file of another name', 'unclear', files('über.txt'), { attachments: [file('log.txt')] }],
  ['more files', 'other', files('log.txt'), { attachments: [file('log.txt'), file('b.txt')] }],
  [
    'a file that an embed shows',
    'same',
    {
      text: 'a',
      extras: { files: [{ name: 'a.png', text: 'x' }], embeds: [{ image: { url: 'attachment://a.png' } }] },
    },
    { content: 'a', embeds: [{ image: { url: 'https://cdn.test/a.png' } }] },
  ],
])('knows by %s: %s', (_what, expected, sent, fields) => {
  expect(likeness(sent, fields)).toBe(expected);
});
