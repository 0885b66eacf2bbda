import { describe, expect, it } from 'vitest';
import { followRedirect, type Hop, redirectTarget } from './guarded-fetch-redirect.ts';

const policy = { hosts: ['a.test', 'b.test', '10.0.0.1', 'localhost'], allowPrivate: false, allowHttp: true };

const hop = (given: Partial<Hop> = {}): Hop => ({
  url: new URL('https://a.test/folder/page?query=1'),
  method: 'POST',
  headers: { 'Content-Type': 'text/plain', Authorization: 'Bearer secret', accept: 'text/plain' },
  body: 'x',
  ...given,
});

describe('followRedirect', () => {
  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [301, 'PUT', 'PUT'],
    [302, 'DELETE', 'DELETE'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [302, 'GET', 'GET'],
  ])('after %i turns %s into %s, and keeps the body only with the method', (status, method, expected) => {
    const next = followRedirect(hop({ method }), status, '/next', policy);

    expect(next.method).toBe(expected);
    expect(next.body).toBe(expected === method ? 'x' : undefined);
    expect('Content-Type' in next.headers).toBe(expected === method);
  });

  it.each([
    ['/next', 'https://a.test/next'],
    ['next', 'https://a.test/folder/next'],
    ['?page=2', 'https://a.test/folder/page?page=2'],
    ['//b.test/next', 'https://b.test/next'],
    ['http://b.test:8080/next', 'http://b.test:8080/next'],
  ])('reads %s from where it is', (location, expected) => {
    expect(followRedirect(hop(), 302, location, policy).url.href).toBe(expected);
  });

  it.each(['https://b.test/', 'https://a.test:8443/', 'http://a.test/'])(
    'takes no credential along to %s',
    (location) => {
      expect(followRedirect(hop(), 307, location, policy).headers).toEqual({
        'Content-Type': 'text/plain',
        accept: 'text/plain',
      });
    },
  );

  it('never gives a credential back once it is dropped', () => {
    const away = followRedirect(hop(), 307, 'https://b.test/', policy);

    const back = followRedirect(away, 307, 'https://a.test/', policy);

    expect(back.headers).not.toHaveProperty('Authorization');
  });

  it.each([
    'http://10.0.0.1/',
    '//10.0.0.1/',
    'http://localhost/',
    'http://167772161/',
    'http://c.test/',
    '/\\c.test/',
  ])('refuses to go to %s', (location) => {
    expect(() => followRedirect(hop(), 302, location, policy)).toThrow();
  });
});

describe('redirectTarget', () => {
  it.each([
    [302, { location: '/next' }, '/next'],
    [302, {}, undefined],
    [304, { location: '/next' }, undefined],
    [200, { location: '/next' }, undefined],
  ])('of %i with %j is %s', (status, headers, expected) => {
    expect(redirectTarget({ status, headers })).toBe(expected);
  });
});
