import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseHostPort, placeOf, stateDirOf } from './place.ts';

describe('the state directory', () => {
  const inClone = {
    npm_package_name: 'palyra',
    npm_package_config_state_dir: '.palyra',
    npm_config_local_prefix: '/clone',
  };

  it.each([
    ['the flag first', '/flag', { ...inClone, PALYRA_STATE_DIR: '/env' }, '/flag'],
    ['then the environment', undefined, { ...inClone, PALYRA_STATE_DIR: '/env' }, '/env'],
    ['then the clone, from an npm script', undefined, inClone, '/clone/.palyra'],
    ['not that of another package’s script', undefined, { ...inClone, npm_package_name: 'x' }, undefined],
    ['an empty variable as none', undefined, { PALYRA_STATE_DIR: '' }, undefined],
    ['a relative one from here', 'here', {}, join(process.cwd(), 'here')],
  ])('is %s', (_what, flag, env, path) => {
    expect(stateDirOf(flag, env)).toBe(path ?? join(homedir(), '.palyra'));
  });
});

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1:8787', { host: '127.0.0.1', port: 8787 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    [' 0.0.0.0:80 ', { host: '0.0.0.0', port: 80 }],
  ])('is read from %j', (text, place) => {
    expect(parseHostPort(text, 'It')).toEqual(place);
  });

  it.each([
    '',
    '8787',
    ':8787',
    'host',
    'host:',
    'host:x',
    'host:65536',
    'http://host:80',
    '::1:80',
    'a b:1',
  ])('is not %j', (text) => {
    expect(() => parseHostPort(text, '--ingress')).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringMatching(/^--ingress must be HOST:PORT/),
      }),
    );
  });

  it('has a default, which the environment changes, which a flag changes', () => {
    const env = { PALYRA_INGRESS: '127.0.0.1:1', PALYRA_ADMIN: '127.0.0.1:2' };

    const ports = [placeOf({}, {}), placeOf({}, env), placeOf({ ingress: 'h:3', admin: 'h:4' }, env)];

    expect(ports.map(({ ingress, admin }) => [ingress.port, admin.port])).toEqual([
      [8787, 8788],
      [1, 2],
      [3, 4],
    ]);
  });
});
