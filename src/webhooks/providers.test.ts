import { expect, it } from 'vitest';
import { schemeOf } from './provider.ts';
import { providerIds, providerOf, providers } from './providers.ts';

it('knows each provider by an id of its own', () => {
  expect(providerIds).toEqual(['github', 'standard-webhooks', 'stripe', 'slack', 'generic-hmac']);
  expect(providers.map(({ id }) => providerOf(id))).toEqual(providers);
});

it('names the known ones to whoever asks for another', () => {
  const expected = { code: 'invalid_request', message: expect.stringContaining(providerIds.join(', ')) };

  expect(() => providerOf('gitlab\u0007')).toThrow(expect.objectContaining(expected));
  expect(() => providerOf('__proto__')).toThrow(expect.objectContaining(expected));
});

it('refuses settings for a provider that has none', () => {
  const expected = { code: 'invalid_request', message: 'Provider github has no settings. Take them out.' };

  expect(() => schemeOf(providerOf('github'), { header: 'X' })).toThrow(expect.objectContaining(expected));
  expect(schemeOf(providerOf('github'), {})).toBe(schemeOf(providerOf('github')));
});
