import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sniffType } from './sniff-type.ts';

/** The beginnings of files, by what they are. */
const png = Buffer.from(
  '89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154',
  'hex',
);
const mp3 = Buffer.concat([Buffer.from('ID3\x04\x00\x00\x00\x00\x7f\x7f', 'latin1'), Buffer.alloc(90)]);
const ogg = Buffer.concat([
  Buffer.from('OggS\x00\x02', 'latin1'),
  Buffer.alloc(22),
  Buffer.from('OpusHead', 'latin1'),
  Buffer.alloc(20),
]);

describe('what a file is', () => {
  it.each<readonly [string, Uint8Array, string | undefined]>([
    ['a picture', png, 'image/png'],
    ['a photograph', Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'), 'image/jpeg'],
    ['an animation', Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00', 'latin1'), 'image/gif'],
    ['a document', Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'), 'application/pdf'],
    ['a song', mp3, 'audio/mpeg'],
    ['a voice message', ogg, 'audio/ogg'],
    ['an archive', Buffer.from('504b03040a0000000000', 'hex'), 'application/zip'],
    ['a program', Buffer.from('7f454c4602010100000000000000000002003e00', 'hex'), 'application/x-elf'],
    ['words', Buffer.from('Grüße, 世界\r\n\tand more'), 'text/plain'],
    ['a page, which is words to us', Buffer.from('<!doctype html><script>alert(1)</script>'), 'text/plain'],
    [
      'a drawing, which is words to us',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'text/plain',
    ],
    ['words cut in the middle of a letter', Buffer.from('Grüße 世').subarray(0, -1), 'text/plain'],
    ['words in another encoding', Buffer.from('\xff\xfeG\x00r\x00', 'latin1'), undefined],
    ['words with a control character', Buffer.from('escape \x1b[31m'), undefined],
    ['noise', Buffer.from('00112233445566778899aabbccddeeff', 'hex'), undefined],
    ['nothing', new Uint8Array(), undefined],
  ])('is told from its bytes: %s', async (_what, head, type) => {
    expect(await sniffType(head)).toBe(type);
  });

  it('never fails, whatever the bytes are', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 512 }),
        fc.constantFrom(new Uint8Array(), png, mp3, ogg),
        async (bytes, beginning) => {
          const type = await sniffType(Buffer.concat([beginning.subarray(0, bytes[0] ?? 0), bytes]));

          expect(type === undefined || /^[a-z]+\/\S/.test(type)).toBe(true);
        },
      ),
    ));
});
