import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MultipartField, parseMultipart } from '../../../../test/fakes/discord/multipart.ts';
import { encodeMultipart } from './multipart.ts';

const file = { name: 'a.txt', contentType: 'text/plain', bytes: Buffer.from('hello') };

function parse({ contentType, bytes }: ReturnType<typeof encodeMultipart>): readonly MultipartField[] {
  return parseMultipart(contentType, Buffer.from(bytes)) ?? [];
}

it('carries the payload and the files in their order', () => {
  const bytes = new Uint8Array([0, 13, 10, 255]);

  const fields = parse(encodeMultipart({ content: 'ä' }, [file, { ...file, name: 'b.bin', bytes }]));

  expect(fields.map(({ name }) => name)).toEqual(['payload_json', 'files[0]', 'files[1]']);
  expect(JSON.parse(Buffer.from(fields[0]?.bytes ?? []).toString())).toEqual({ content: 'ä' });
  expect(fields[2]).toMatchObject({ filename: 'b.bin', contentType: 'text/plain', bytes });
});

it('encodes the same files into the same bytes', () => {
  expect(encodeMultipart({ a: 1 }, [file])).toEqual(encodeMultipart({ a: 1 }, [file]));
});

it('does not let a name or a type break out of its header', () => {
  const evil = {
    name: 'a"\r\nx-evil: 1\r\n\r\n.txt',
    contentType: 'text/plain\r\nx-evil: 1',
    bytes: Buffer.from('x'),
  };

  const encoded = encodeMultipart({}, [evil]);

  expect(Buffer.from(encoded.bytes).toString()).not.toMatch(/^x-evil/m);
  expect(parse(encoded)[1]).toMatchObject({ contentType: 'application/octet-stream' });
});

it('gives back whatever bytes it was given', () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 }), (contents) => {
      const files = contents.map((bytes, index) => ({ ...file, name: `${index}.bin`, bytes }));

      const [, ...fields] = parse(encodeMultipart({}, files));

      expect(fields.map(({ bytes }) => bytes)).toEqual(contents);
    }),
  ));
