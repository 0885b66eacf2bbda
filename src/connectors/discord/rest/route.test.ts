import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../../test/support/any-text.ts';
import { AppError } from '../../../domain/errors.ts';
import { toTarget } from './route.ts';

describe('toTarget', () => {
  it.each([
    ['/channels/{channel}/messages', { channel: '1' }, '/channels/1/messages', 'channels/1'],
    [
      '/channels/{channel}/messages/{message}',
      { channel: '1', message: '2' },
      '/channels/1/messages/2',
      'channels/1',
    ],
    ['/guilds/{guild}/roles', { guild: '3' }, '/guilds/3/roles', 'guilds/3'],
    ['/webhooks/{application}/{token}', { application: '4', token: 't' }, '/webhooks/4/t', 'webhooks/4/t'],
    [
      '/interactions/{interaction}/{token}/callback',
      { interaction: '5', token: 't' },
      '/interactions/5/t/callback',
      'interactions/5/t',
    ],
    ['/users/@me/channels', {}, '/users/@me/channels', ''],
    ['/users/{user}', { user: '6' }, '/users/6', ''],
  ])('fills in %s, and knows its top-level resource', (route, params, path, resource) => {
    const target = toTarget({ method: 'GET', route, params });

    expect(target).toEqual({ path, route: `GET ${route}`, resource, exact: `GET ${path}` });
  });

  it('puts the query behind the path, and out of what the limits go by', () => {
    const target = toTarget({
      method: 'GET',
      route: '/channels/{channel}/messages',
      params: { channel: '1' },
      query: { after: '2', limit: '100' },
    });

    expect(target.path).toBe('/channels/1/messages?after=2&limit=100');
    expect(target.exact).toBe('GET /channels/1/messages');
  });

  it('writes an emoji as Discord wants it', () => {
    const route = '/channels/{channel}/messages/{message}/reactions/{emoji}/@me';

    const target = toTarget({ method: 'PUT', route, params: { channel: '1', message: '2', emoji: '👍' } });

    expect(target.path).toBe('/channels/1/messages/2/reactions/%F0%9F%91%8D/@me');
  });

  it.each(['', '.', '..', '\ud800', 'x'.repeat(600)])(
    'refuses %j as a parameter, without showing it',
    (channel) => {
      const fill = (): unknown =>
        toTarget({ method: 'GET', route: '/channels/{channel}', params: { channel } });

      expect(fill).toThrow('The channel of a request is missing, empty or not one segment of a path.');
    },
  );

  it.each(['/channels/{channel', 'channels/{channel}', '/channels//x', '/a/../b', '/a?b'])(
    'refuses the template %s',
    (route) => {
      expect(() => toTarget({ method: 'GET', route, params: { channel: '1' } })).toThrow(AppError);
    },
  );

  it('never lets a parameter be more than one segment', () =>
    fc.assert(
      fc.property(anyText(), anyText(), (channel, message) => {
        const route = '/channels/{channel}/messages/{message}';
        let path: string;
        try {
          path = toTarget({ method: 'GET', route, params: { channel, message } }).path;
        } catch {
          return;
        }

        const url = new URL(`https://discord.test/api/v10${path}`);

        const segments = url.pathname.split('/');
        expect(segments.slice(0, 4)).toEqual(['', 'api', 'v10', 'channels']);
        expect(segments).toHaveLength(7);
        expect([segments[4], segments[6]].map((segment) => decodeURIComponent(segment ?? ''))).toEqual([
          channel,
          message,
        ]);
        expect(url.search + url.hash).toBe('');
      }),
    ));
});
