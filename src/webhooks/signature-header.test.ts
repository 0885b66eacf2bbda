import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WebhookScheme } from './provider.ts';
import { parseSignatureHeader } from './signature-header.ts';

type Signature = WebhookScheme['signature'];

const list: Signature = {
  header: 'X',
  format: { kind: 'list', prefix: 'v1,', separator: ' ' },
  hash: 'sha256',
  encoding: 'hex',
  content: '{body}',
};
const one: Signature = { ...list, format: { kind: 'list', prefix: 'sha256=' } };
const fields: Signature = { ...list, format: { kind: 'fields', separator: ',', signature: 'v1' } };
const hex = (fill: number): string => Buffer.alloc(32, fill).toString('hex');

it.each([
  ['one after its prefix', one, `sha256=${hex(1)}`, [1]],
  ['none without it', one, hex(1), undefined],
  ['none after another', one, `sha1=${hex(1)}`, undefined],
  ['none after one in capitals', one, `SHA256=${hex(1)}`, undefined],
  ['none of two in one', one, `sha256=${hex(1)},sha256=${hex(2)}`, undefined],
  ['none of another length', one, `sha256=${hex(1).slice(2)}`, undefined],
  ['all of a list', list, `v1,${hex(1)} v1,${hex(2)}`, [1, 2]],
  ['the good ones of a list', list, `v2,${hex(3)} v1,junk v1,${hex(1)}00 v1,${hex(2)} v1`, [2]],
  ['none of a list of junk', list, 'v1, v1,zz  v1', undefined],
  ['all of the fields with its name', fields, `t=1,v1=${hex(1)},v0=${hex(9)}, v1=${hex(2)}`, [1, 2]],
  ['none of the fields with another', fields, `t=1,V1=${hex(1)}`, undefined],
])('finds %s', (_what, signature, value, expected) => {
  const parsed = parseSignatureHeader(value, signature);

  expect(parsed?.candidates.map((candidate) => candidate[0])).toEqual(expected);
});

it('refuses more signatures than any rotation needs', () => {
  const value = (count: number): string => Array.from({ length: count }, () => `v1,${hex(1)}`).join(' ');

  expect(parseSignatureHeader(value(16), list)?.candidates).toHaveLength(16);
  expect(parseSignatureHeader(value(17), list)).toBeUndefined();
});

it('keeps a value as it stands, equals signs and all', () => {
  expect(parseSignatureHeader(`t= 1=2 ,v1=${hex(1)}`, fields)?.fields.get('t')).toEqual([' 1=2']);
});

it('throws for no text whatsoever', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('v1', '=', ',', ' ', 't', hex(1))).map(String),
  );

  fc.assert(
    fc.property(text, fc.constantFrom(one, list, fields), (value, signature) => {
      const parsed = parseSignatureHeader(value, signature);

      expect(parsed?.candidates.every(({ length }) => length === 32) ?? true).toBe(true);
    }),
  );
});
