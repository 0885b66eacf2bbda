import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { AppError } from './errors.ts';
import { formatVaultRef, parseVaultRef } from './vault-ref.ts';

it.each([
  ['global/token', { scope: 'global', key: 'token' }],
  ['channel:discord:default/token', { scope: 'channel:discord:default', key: 'token' }],
  ['webhook:site/secret-2', { scope: 'webhook:site', key: 'secret-2' }],
  ['principal:ada@example.org/key', { scope: 'principal:ada@example.org', key: 'key' }],
])('reads %s', (text, ref) => {
  expect(parseVaultRef(text)).toEqual(ref);
  expect(formatVaultRef(ref)).toBe(text);
});

it.each([
  '',
  'token',
  '/token',
  'global/',
  'global/a/b',
  'other:x/key',
  'channel:discord/token',
  'global/a b',
])('refuses "%s"', (text) => {
  expect(() => parseVaultRef(text)).toThrow(AppError);
});

it('says nothing of what it refuses, which might be the secret itself', () =>
  fc.assert(
    fc.property(anyText(60), (text) => {
      const secret = `s3cr3t${text}`;
      try {
        parseVaultRef(secret);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).message).not.toContain('s3cr3t');
        expect((error as AppError).cause).toBeUndefined();
      }
    }),
  ));
