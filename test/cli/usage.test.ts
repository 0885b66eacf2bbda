import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorTable } from '../../src/domain/errors.ts';
import { good, palyra } from '../support/cli.ts';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});

afterAll(closeAll);

describe('the command line', () => {
  it('says its version', async () => {
    expect(await good(daemon, '--version')).toBe('0.0.0-test\n');
  });

  it('shows every noun in its help', async () => {
    const text = await good(daemon, '--help');

    for (const noun of ['up', 'status', 'doctor', 'logs', 'trace', 'why', 'channels', 'message'])
      expect(text).toMatch(new RegExp(`^ {2}${noun} `, 'm'));
    for (const noun of ['router', 'webhooks', 'agents', 'secrets', 'tokens'])
      expect(text).toMatch(new RegExp(`^ {2}${noun} `, 'm'));
  });

  it.each([[[]], [['channels']], [['channels', 'dead-letters']], [['router', 'rules']]])(
    'shows its help, and fails, when %j is all there is',
    async (argv) => {
      const ran = await palyra(daemon, ...argv);

      expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: expect.stringContaining('Usage: palyra') });
    },
  );

  it.each([
    [['channnels'], "error: unknown command 'channnels'\n(Did you mean channels?)\n"],
    [['channels', 'lst'], "error: unknown command 'lst'\n(Did you mean list?)\n"],
    [['status', '--jsn'], "error: unknown option '--jsn'\n(Did you mean --json?)\n"],
    [['trace'], "error: missing required argument 'id'\n"],
    [['status', 'extra'], "error: too many arguments for 'status'. Expected 0 arguments but got 1: extra.\n"],
    [['tokens', 'create', 'x'], "error: required option '--scope <scope...>' not specified\n"],
  ])('says of %j what is wrong with it', async (argv, stderr) => {
    const ran = await palyra(daemon, ...argv);

    expect(ran).toMatchObject({ exit: 64, stdout: '' });
    expect(
      ran.stderr.replace(/ Expected 0 arguments but got 1.*/, ' Expected 0 arguments but got 1: extra.'),
    ).toBe(stderr);
  });

  it.each([
    ['logs', '--limit', '0'],
    ['logs', '--limit', 'abc'],
    ['logs', '--limit', '1e3'],
    ['channels', 'logs', 'echo:default', '--limit', '-1'],
    ['channels', 'dead-letters', 'list', '--limit', ''],
    ['channels', 'test', 'echo:default', '--timeout', 'x'],
    ['channels', 'test', 'echo:default', '--timeout', '0'],
    ['message', 'send', 'echo:default', 'r', '--text', 'x', '--timeout', 'Infinity'],
    ['agents', 'set', 'a', 'echo', '--timeout-ms', '1.5'],
    ['agents', 'set', 'a', 'echo', '--concurrency', 'NaN'],
    ['agents', 'set', 'a', 'echo', '--attempts-max', '0'],
    ['router', 'rules', 'set', 'r', '--position', '-1'],
    ['webhooks', 'rotate', 'x', '--overlap-hours', '-1'],
    ['webhooks', 'rotate', 'x', '--overlap-hours', '99999999999999999999'],
    ['tokens', 'create', 'x', '--scope', 'read', '--expires-in-days', '0'],
  ])('takes no nonsense for a number: %s %s %s %s %s', async (...argv) => {
    const ran = await palyra(daemon, ...argv);

    expect(ran).toMatchObject({ exit: 64, stdout: '' });
    expect(ran.stderr).toMatch(
      /^error: option '--[a-z-]+ <\w+>' argument '.*' is invalid\. Write a .*number.*\n$/,
    );
  });

  it.each([
    ['webhooks', 'deliveries', 'x', '--verdict', 'x'],
    ['router', 'preview', 'echo:default', '--type', 'x'],
    ['router', 'preview', 'echo:default', '--sender-kind', 'x'],
    ['router', 'rules', 'set', 'r', '--action', 'x'],
    ['router', 'rules', 'set', 'r', '--enabled', 'true'],
    ['router', 'rules', 'set', 'r', '--direct-messages', 'x'],
    ['tokens', 'create', 'x', '--scope', 'root'],
    ['up', '--log-level', 'x'],
    ['up', '--log-format', 'x'],
  ])('names what may be chosen instead: %s %s %s %s %s', async (...argv) => {
    const ran = await palyra(daemon, ...argv);

    expect(ran).toMatchObject({
      exit: 64,
      stdout: '',
      stderr: expect.stringContaining('Allowed choices are '),
    });
  });

  it('hides what went wrong inside, and shows it to who asks', async () => {
    const startDaemon = (): Promise<void> => Promise.reject(new TypeError('a bug'));
    const { stateDir } = daemon;

    const ran = await palyra({ stateDir, startDaemon }, 'up');
    const debug = await palyra({ stateDir, startDaemon, env: { PALYRA_DEBUG: '1' } }, 'up');

    expect(ran).toMatchObject({ exit: errorTable.internal.exit, stdout: '' });
    expect(ran.stderr).toBe('palyra: Unexpected error. Set PALYRA_DEBUG=1 to see where it comes from.\n');
    expect(debug.stderr).toContain('TypeError: a bug\n    at ');
  });
});

describe('up', () => {
  it('hands what it was told to the daemon', async () => {
    const seen: object[] = [];
    const startDaemon = (options: object): Promise<void> => {
      seen.push(options);
      return Promise.resolve();
    };
    const { stateDir } = daemon;

    const flags = ['--ingress', '[::1]:0', '--admin', '127.0.0.1:1', '--public-url', 'https://a.example'];
    await palyra({ stateDir, startDaemon }, 'up');
    await palyra(
      { stateDir, startDaemon },
      ...['up', ...flags, '--log-level', 'warn', '--log-format', 'json', '--demo', '--json'],
    );

    expect(seen).toEqual([
      { stateDir, demo: false, json: false },
      {
        stateDir,
        ingress: '[::1]:0',
        admin: '127.0.0.1:1',
        publicUrl: 'https://a.example',
        logLevel: 'warn',
        logFormat: 'json',
        demo: true,
        json: true,
      },
    ]);
  });
});
