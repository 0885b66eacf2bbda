import { expect, it } from 'vitest';
import { Secret } from '../lib/secret.ts';
import { providerOf, providers } from './providers.ts';
import { checkSecret, generateSecret } from './secret.ts';

const generic = (secret: string): Record<string, unknown> => ({ header: 'X-Signature', secret });

it.each([
  ['github', undefined, /^[A-Za-z0-9_-]{43}$/],
  ['standard-webhooks', undefined, /^whsec_[A-Za-z0-9+/]{43}=$/],
  ['generic-hmac', generic('text'), /^[A-Za-z0-9_-]{43}$/],
  ['generic-hmac', generic('hex'), /^[0-9a-f]{64}$/],
  ['generic-hmac', generic('base64'), /^[A-Za-z0-9+/]{43}=$/],
])('makes a secret for %s with %j', (id, settings, pattern) => {
  const [one, other] = [generateSecret(providerOf(id), settings), generateSecret(providerOf(id), settings)];

  expect(one.reveal()).toMatch(pattern);
  expect(one.reveal()).not.toBe(other.reveal());
  expect(() => checkSecret(providerOf(id), settings, one)).not.toThrow();
});

it('can be made repeatable', () => {
  const secret = generateSecret(providerOf('standard-webhooks'), undefined, (bytes) =>
    Buffer.alloc(bytes, 7),
  );

  expect(secret.reveal()).toBe(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
});

it.each(providers.map(({ id }) => id))('refuses an empty secret for %s', (id) => {
  const settings = id === 'generic-hmac' ? generic('text') : undefined;

  const check = (): void => checkSecret(providerOf(id), settings, new Secret(''));

  expect(check).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(id) }),
  );
});

it('refuses a secret that is not what the provider hands out, without repeating it', () => {
  const check = (): void => checkSecret(providerOf('standard-webhooks'), undefined, new Secret('hunter2!'));

  expect(check).toThrow(
    'This secret cannot be used with standard-webhooks. It must be whsec_ and then base64.',
  );
});
