import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeSecret, decodeStrict, encodeSecret } from './encoding.ts';
import { encodings } from './provider.ts';

it.each(encodings)('decodes whatever was encoded as %s', (encoding) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = Buffer.from(bytes).toString(encoding);

      expect(decodeStrict(text, encoding)).toEqual(Buffer.from(bytes));
    }),
  );
});

it.each(encodings)('takes nothing for %s that no encoder writes', (encoding) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
      const bytes = decodeStrict(text, encoding);
      const written = bytes && [bytes.toString(encoding), bytes.toString(encoding).toUpperCase()];

      if (written) expect(written).toContain(encoding === 'base64url' ? text.replace(/=+$/, '') : text);
    }),
    {
      examples: [['ab '], ['YQ'], ['YQ=='], ['YR=='], ['YQ==='], ['_w'], ['/w=='], ['0a0'], ['zz']],
      numRuns: 2_000,
    },
  );
});

it('takes hex in either case', () => {
  expect(decodeStrict('00fFAb', 'hex')).toEqual(Buffer.from([0, 255, 171]));
});

it.each(['YQ', 'YR==', 'YQ=', 'YQ===', 'Y Q==', 'YQ==\n', 'YQ==YQ==', '_-==', 'Y'])(
  'refuses %j as base64',
  (text) => {
    expect(decodeStrict(text, 'base64')).toBeUndefined();
  },
);

it.each([
  ['text', '', undefined],
  ['text', 'whsec_YQ==', 'whsec_YQ=='],
  ['text', ' padded\n', ' padded\n'],
  ['whsec', 'whsec_YQ==', 'a'],
  ['whsec', 'YQ==', 'a'],
  ['whsec', 'whsec_', undefined],
  ['whsec', '', undefined],
  ['whsec', 'whsec_YQ==\n', undefined],
  ['base64', 'YQ==', 'a'],
  ['base64', 'whsec_YQ==', undefined],
  ['hex', '61', 'a'],
  ['hex', '6', undefined],
  ['hex', '', undefined],
] as const)('makes of a %s secret %j the key %j', (form, text, key) => {
  expect(decodeSecret(text, form)?.toString()).toBe(key);
});

it.each(['hex', 'base64', 'whsec'] as const)('writes a key as a %s secret that it can read', (form) => {
  expect(decodeSecret(encodeSecret(Buffer.from([0, 255, 7]), form), form)).toEqual(Buffer.from([0, 255, 7]));
});
