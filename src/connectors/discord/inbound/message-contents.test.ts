import { type APIAttachment, type APIEmbed, type APIPoll, PollLayoutType } from 'discord-api-types/v10';
import { expect, it } from 'vitest';
import type { Attachment, InboundMessageEvent } from '../../../domain/inbound-event.ts';
import { example, inboundOf } from './inbound.fixture.ts';

function created(fields: Readonly<Record<string, unknown>>): InboundMessageEvent {
  const data = { ...example('message'), content: '', ...fields };
  return inboundOf('MESSAGE_CREATE', data).kept[0] as InboundMessageEvent;
}

function file(fields: Partial<APIAttachment> = {}): APIAttachment {
  const url = String(example('attachment-url').url);
  return { id: '1234567891233211234', filename: 'my_image.png', size: 1_024, url, proxy_url: url, ...fields };
}

const voice = file({
  filename: 'voice-message.ogg',
  content_type: 'audio/ogg',
  duration_secs: 3.2,
  waveform: 'AAAA',
});
const poll: APIPoll = {
  question: { text: 'Lunch?' },
  answers: [
    { answer_id: 1, poll_media: { text: 'Soup' } },
    { answer_id: 2, poll_media: { text: 'Bread', emoji: { id: null, name: '🍞' } } },
  ],
  expiry: null,
  allow_multiselect: false,
  layout_type: PollLayoutType.Default,
};
const alert: APIEmbed = {
  author: { name: 'Monitor' },
  title: 'Disk full',
  description: 'On web-1.',
  fields: [{ name: 'Used', value: '99 %' }],
  footer: { text: 'Look at it' },
};
const forwarded = { content: 'Supa Hot', attachments: [file()], embeds: [], mentions: [], type: 0 };
const sticker = example('sticker');

const texts: readonly [string, Readonly<Record<string, unknown>>, string][] = [
  ['its text', { content: 'hello', sticker_items: [sticker], poll, embeds: [alert] }, 'hello'],
  ['nothing where there is nothing', {}, ''],
  ['nothing of the names of files', { attachments: [file({ filename: '@bot do it.png' })] }, ''],
  ['a sticker by its name', { sticker_items: [sticker] }, '[sticker: Wave]'],
  ['a sticker of the older form', { stickers: [sticker] }, '[sticker: Wave]'],
  ['a poll', { poll }, '[poll] Lunch?\n- Soup\n- Bread'],
  ['an embed', { embeds: [alert] }, '[embed] Monitor\nDisk full\nOn web-1.\nUsed: 99 %\nLook at it'],
  ['an embed that is only a link', { embeds: [{ url: 'https://a.example' }] }, '[embed] https://a.example'],
  ['an embed that is only a picture', { embeds: [{ image: { url: 'https://a.example' } }] }, ''],
  ['a voice message by its length', { flags: 1 << 13, attachments: [voice] }, '[voice message, 4 s]'],
  ['a voice message of unknown length', { flags: 1 << 13 }, '[voice message]'],
  ['a forward', { message_snapshots: [{ message: forwarded }] }, '[forwarded]\nSupa Hot'],
  [
    'a forward of what has no text either',
    { message_snapshots: [{ message: { sticker_items: [sticker] } }] },
    '[forwarded]\n[sticker: Wave]',
  ],
  ['a forward of a picture', { message_snapshots: [{ message: { attachments: [file()] } }] }, '[forwarded]'],
  [
    'what its components say',
    {
      flags: 1 << 15,
      components: [
        { type: 10, content: 'This is a message with v2 components' },
        { type: 17, components: [{ type: 9, components: [{ type: 10, content: 'inside' }] }] },
        { type: 1, components: [{ type: 2, label: 'Click Me', custom_id: 'click_me_1' }] },
      ],
    },
    'This is a message with v2 components\ninside',
  ],
  [
    'nothing again of what a thread began with',
    { type: 21, message_snapshots: [{ message: forwarded }], referenced_message: example('message') },
    '',
  ],
];

it.each(texts)('reads %s', (_what, fields, text) => {
  const event = created(fields);

  expect(event.text).toBe(text);
});

it('reads no more of what is long than a model needs', () => {
  const long = { title: 'x'.repeat(256), description: 'y'.repeat(4_096) };

  const event = created({ embeds: Array.from({ length: 10 }, () => long) });

  expect(event.text.length).toBe(16 * 1_024);
});

const files: readonly [string, Partial<APIAttachment>, Partial<Attachment>][] = [
  [
    'a picture',
    { content_type: 'image/png', width: 10, height: 20 },
    { kind: 'image', width: 10, height: 20 },
  ],
  ['a picture, with parameters', { content_type: 'Image/PNG; charset=x' }, { kind: 'image' }],
  ['a drawing that can run scripts', { content_type: 'image/svg+xml' }, { kind: 'file' }],
  ['the same by its name', { filename: 'a.SVG' }, { kind: 'file' }],
  ['a film', { content_type: 'video/mp4' }, { kind: 'video' }],
  ['a sound', { content_type: 'audio/mpeg' }, { kind: 'audio' }],
  ['a text', { content_type: 'text/plain; charset=utf-8' }, { kind: 'file' }],
  ['a picture by its name alone', { filename: 'a.JPEG' }, { kind: 'image' }],
  ['a sound by its name alone', { filename: 'a.ogg' }, { kind: 'audio' }],
  ['a film by its name alone', { filename: 'a.b.webm' }, { kind: 'video' }],
  ['what has no ending', { filename: 'png' }, { kind: 'file' }],
  ['what is no type', { content_type: 'png' }, { kind: 'file' }],
];

it.each(files)('takes a file for %s', (_what, fields, attachment) => {
  const event = created({ attachments: [file(fields)] });

  expect(event.attachments).toMatchObject([{ id: '1234567891233211234', sizeBytes: 1_024, ...attachment }]);
});

it('knows until when the address of a file is good', () => {
  const event = created({ attachments: [file()] });

  expect(event.attachments[0]).toMatchObject({
    url: expect.stringContaining('ex=65d903de') as string,
    urlExpiresAt: 0x65d903de * 1_000,
  });
});

it.each(['https://a.example/x.png', 'https://a.example/x.png?ex=', 'https://a.example/x.png?index=65d903de'])(
  'says nothing of until when %s is good',
  (url) => {
    const event = created({ attachments: [file({ url })] });

    expect(event.attachments[0]).not.toHaveProperty('urlExpiresAt');
  },
);

it('marks a voice note, a sticker, and what was forwarded', () => {
  const event = created({
    flags: 1 << 13,
    attachments: [voice],
    sticker_items: [sticker],
    message_snapshots: [{ message: forwarded }, { message: { flags: 1 << 13, attachments: [voice] } }],
  });

  expect(event.attachments).toMatchObject([
    { kind: 'audio', marker: 'voice_note' },
    { id: '749054660769218631', kind: 'file', name: 'Wave', marker: 'sticker' },
    { kind: 'image', marker: 'forwarded' },
    { kind: 'audio', marker: 'voice_note' },
  ]);
});

it('marks no sound as a voice note that was sent as a file', () => {
  const event = created({ attachments: [voice] });

  expect(event.attachments[0]).not.toHaveProperty('marker');
});
