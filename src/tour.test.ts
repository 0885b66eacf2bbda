import { describe, expect, it } from 'vitest';
import { tour } from './tour.ts';

/** What the lines of the tour that are commands begin and end with. */
function commands(place: { stateDir: string }, world: Parameters<typeof tour>[1]): readonly string[] {
  return tour(place, world).flatMap((line) => /^ {4}(\S.*)$/.exec(line)?.[1] ?? []);
}

const clone = {
  npm_lifecycle_event: 'start',
  npm_package_name: 'palyra',
  npm_package_config_state_dir: '.palyra',
  npm_config_local_prefix: '/clone',
};

describe('the tour', () => {
  it('has three commands, as a person in the clone would paste them', () => {
    expect(commands({ stateDir: '/clone/.palyra' }, { env: clone, script: '/clone/bin/palyra.mjs' })).toEqual(
      [
        'npm run --silent palyra -- channels test echo:default --text "hello"',
        'npm run --silent palyra -- webhooks test demo --event push',
        'npm run --silent palyra -- trace latest',
      ],
    );
  });

  it.each([
    ['npx', { npm_command: 'exec' }, '/x/node_modules/.bin/palyra', 'npx palyra'],
    ['its own name', {}, '/usr/local/bin/palyra', 'palyra'],
    ['its file', {}, '/my clone/bin/palyra.mjs', "node '/my clone/bin/palyra.mjs'"],
  ])('calls the program as it was called itself: by %s', (_how, env, script, palyra) => {
    const world = { env: { ...env, PALYRA_STATE_DIR: '/elsewhere' }, script };

    expect(commands({ stateDir: '/elsewhere' }, world).at(-1)).toBe(
      `${palyra} trace latest --state-dir /elsewhere`,
    );
  });

  it('quotes a state directory for the shell', () => {
    const [first] = commands({ stateDir: "/it's here" }, { env: clone, script: '' });

    expect(first).toMatch(/ --state-dir '\/it'\\''s here'$/);
  });
});
