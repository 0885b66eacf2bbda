import { expect, it } from 'vitest';
import { valueOf, valuesOf, withoutCredentials } from './headers.ts';
import { schemeOf } from './provider.ts';
import { providerOf } from './providers.ts';

it('finds a header in any case, all of its values, and never a value that looks like a name', () => {
  const headers = ['X-A', 'x-b', 'x-a', 'second', 'X-B', '', 'odd'];

  expect(valuesOf(headers, 'X-a')).toEqual(['x-b', 'second']);
  expect(valueOf(headers, 'x-A')).toBe('x-b');
  expect(valueOf(headers, 'x-b')).toBeUndefined();
  expect(valueOf(headers, 'odd')).toBeUndefined();
});

it('blanks out what may be a credential, and keeps what a second verification needs', () => {
  const scheme = {
    ...schemeOf(providerOf('generic-hmac'), { header: 'X-Auth-Signature' }),
    secretHeaders: ['X-Private'],
  };
  const secrets = [
    'Authorization',
    'Proxy-Authorization',
    'COOKIE',
    'X-Gitlab-Token',
    'X-Api-Key',
    'apikey',
    'X-Private',
  ];
  const headers = [
    ...secrets.flatMap((name) => [name, 'hush']),
    'X-Auth-Signature',
    'kept',
    'Host',
    'token',
    'X-Event',
    'a',
  ];

  const kept = withoutCredentials(headers, scheme);

  expect(kept).toEqual([
    ...secrets.flatMap((name) => [name, '[redacted]']),
    ...['X-Auth-Signature', 'kept', 'Host', 'token', 'X-Event', 'a'],
  ]);
});
