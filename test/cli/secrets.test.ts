import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { asJson, good, palyra, type Shell } from '../support/cli.ts';
import { databaseBytes, newStateDir, openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon();
});

afterAll(closeAll);

const value = 'it is a value that nobody may see';

function file(contents: string | Uint8Array): string {
  const folder = newStateDir();
  closeLater(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'secret'), contents);
  return join(folder, 'secret');
}

/** Each way in which a secret may come, with what stands on the command line. */
const ways: readonly (readonly [
  string,
  () => { shell: Omit<Shell, 'stateDir'>; flags: readonly string[] },
])[] = [
  ['asked for', () => ({ shell: { typed: [value] }, flags: [] })],
  ['from standard input', () => ({ shell: { stdin: `${value}\n` }, flags: ['--secret-stdin'] })],
  ['from a variable', () => ({ shell: { env: { MINE: value } }, flags: ['--secret-env', 'MINE'] })],
  ['from a file', () => ({ shell: {}, flags: ['--secret-file', file(`${value}\r\n`)] })],
];

/** The commands that take one, each with what uses it. */
const takers: readonly (readonly [string, readonly string[]])[] = [
  ['secrets set', ['secrets', 'set', 'global/taken']],
  ['channels add', ['channels', 'add', '--provider', 'echo', '--account', 'taken']],
  ['agents set', ['agents', 'set', 'taken', 'http', '--url', 'http://127.0.0.1:9/']],
  ['webhooks rotate', ['webhooks', 'rotate', 'taken']],
  ['webhooks sign', ['webhooks', 'sign', 'github']],
];

describe.each(ways)('a secret that is %s', (way, make) => {
  it.each(takers.filter(([name]) => way !== 'asked for' || asks.has(name)))(
    'is taken by %s and said nowhere',
    async (_name, argv) => {
      await palyra(daemon, 'webhooks', 'add', 'taken', 'github', '--generate-secret');
      const { shell, flags } = make();

      const ran = await palyra({ stateDir: daemon.stateDir, ...shell }, ...argv, ...flags);

      expect(ran.stderr).toBe('');
      expect(ran.exit).toBe(0);
      expect(`${ran.stdout}${ran.asked.join()}${daemon.logged.join()}`).not.toContain(value);
      expect(databaseBytes(daemon.stateDir).includes(value)).toBe(false);
    },
  );

  it('is the secret that webhooks add signs with, without the line end', async () => {
    const id = `hook-${ways.findIndex(([name]) => name === way)}`;
    const { shell, flags } = make();

    await good({ stateDir: daemon.stateDir, ...shell }, 'webhooks', 'add', id, 'github', ...flags);
    const { url } = await asJson<{ url: string }>(daemon, 'webhooks', 'show', id);
    const { headers, bodyBase64 } = await asJson<{ headers: readonly string[]; bodyBase64: string }>(
      { stateDir: daemon.stateDir, env: { MINE: value } },
      ...['webhooks', 'sign', 'github', '--secret-env', 'MINE', '--id', id],
    );
    const response = await fetch(url, {
      method: 'POST',
      headers: Object.fromEntries(headers.map((line) => line.split(': ') as [string, string])),
      body: Buffer.from(bodyBase64, 'base64'),
    });
    await response.arrayBuffer();

    expect(response.status).toBe(202);
  });
});

/** The others are given a secret only when they are told to. */
const asks = new Set(['secrets set', 'webhooks sign']);

describe('a person', () => {
  it('is asked only at a terminal', async () => {
    const there = await palyra(
      { stateDir: daemon.stateDir, typed: ['typed'] },
      'webhooks',
      'add',
      'asked',
      'github',
    );
    const away = await palyra(daemon, 'webhooks', 'add', 'unasked', 'github');

    expect(there).toMatchObject({ exit: 0, asked: ['The signing secret (not shown)'] });
    expect(away).toMatchObject({ exit: 64, asked: [], stderr: expect.stringContaining('--secret-stdin') });
  });

  it('may change their mind', async () => {
    const shell = { stateDir: daemon.stateDir, typed: [undefined] };

    const ran = await palyra(shell, 'secrets', 'set', 'global/cancelled');

    expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: 'palyra: Cancelled.\n' });
    expect(await good(daemon, 'secrets', 'list')).not.toContain('global/cancelled');
  });

  it('is not asked for what a flag names', async () => {
    const shell = { stateDir: daemon.stateDir, typed: ['typed'], env: { MINE: value } };

    const ran = await palyra(shell, 'secrets', 'set', 'global/named', '--secret-env', 'MINE');

    expect(ran).toMatchObject({ exit: 0, asked: [] });
  });
});

describe('a secret is refused when', () => {
  it.each<[string, Omit<Shell, 'stateDir'>, readonly string[], RegExp]>([
    ['it is empty', { stdin: '\n' }, ['--secret-stdin'], /The secret is empty/],
    ['it is typed empty', { typed: [''] }, [], /The secret is empty/],
    ['its variable is not there', {}, ['--secret-env', 'NONE'], /no variable NONE/],
    ['its file is not there', {}, ['--secret-file', '/nowhere'], /\/nowhere cannot be read/],
    ['it is no text', { stdin: new Uint8Array([0xff, 0xfe]) }, ['--secret-stdin'], /is not UTF-8 text/],
    ['it comes from two places', { stdin: 'a' }, ['--secret-stdin', '--secret-env', 'A'], /Name one place/],
    ['it is larger than any', { stdin: 'x'.repeat(70_000) }, ['--secret-stdin'], /value/],
  ])('%s', async (_what, shell, flags, why) => {
    const ran = await palyra(
      { stateDir: daemon.stateDir, ...shell },
      'secrets',
      'set',
      'global/refused',
      ...flags,
    );

    expect(ran).toMatchObject({ exit: 64, stdout: '', stderr: expect.stringMatching(why) });
    expect(await good(daemon, 'secrets', 'list')).not.toContain('global/refused');
  });

  it.each(['bad', 'bad/../x', 'global/', '/x', 'global/a b', 'nobody/x'])(
    'its name is none: %j, before anybody is asked for it',
    async (ref) => {
      const ran = await palyra({ stateDir: daemon.stateDir, typed: [value] }, 'secrets', 'set', ref);

      expect(ran).toMatchObject({
        exit: 64,
        asked: [],
        stderr: expect.stringContaining('Write <scope>/<key>'),
      });
    },
  );

  it('it stands on the command line, where every user of the machine could read it', () => {
    const program = createProgram({
      run: () => () => Promise.resolve(),
      startDaemon: () => Promise.resolve(),
      version: '',
    });

    const suspicious = optionsOf(program).filter(
      (flags) =>
        /secret|password|token|key|credential/i.test(flags) &&
        !/-(stdin|env <name>|file <path>|ref <ref>)$/.test(flags),
    );

    expect(suspicious).toEqual(['--idempotency-key <key>', '--generate-secret']);
  });
});

describe('the vault', () => {
  it('lists names and times, and never a value', async () => {
    await good({ stateDir: daemon.stateDir, stdin: value }, 'secrets', 'set', 'global/listed');

    const list = await asJson<readonly object[]>(daemon, 'secrets', 'list');

    expect(list).toContainEqual({
      ref: 'global/listed',
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
    });
  });

  it('goes on with all secrets after rotate-key, also after a restart', async () => {
    const own = await openDaemon();
    await good(own, 'webhooks', 'add', 'kept', 'github', '--generate-secret');

    const rotated = await asJson<{ secrets: number }>(own, 'secrets', 'rotate-key');
    await own.restart();

    expect(rotated.secrets).toBe(1);
    expect(await good(own, 'webhooks', 'test', 'kept')).toContain('delivered');
  });

  it('takes a new key on standard input where the key is the operator’s own', async () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const own = await openDaemon({
      config: { masterKey: { kind: 'env' } },
      env: { PALYRA_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') },
    });
    await good({ stateDir: own.stateDir, stdin: value }, 'secrets', 'set', 'global/a');

    const ran = await palyra(
      { stateDir: own.stateDir, stdin: `${key}\n` },
      'secrets',
      'rotate-key',
      '--new-key-stdin',
    );

    expect(ran).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^Wrapped with master key \w+: 1 secret\. /),
    });
    expect(ran.stdout).not.toContain(key);
  });

  it('says that it is locked, and how it is not', async () => {
    const own = await openDaemon({ config: { masterKey: { kind: 'env' } } });

    const unlock = await palyra(own, 'secrets', 'rotate-key', '--unlock');
    const list = await palyra(own, 'secrets', 'list');
    const set = await palyra({ stateDir: own.stateDir, stdin: value }, 'secrets', 'set', 'global/a');

    expect(unlock).toMatchObject({ exit: 77, stderr: 'palyra: The vault is still locked.\n' });
    expect(list.stderr).toMatch(/^The vault is locked: .*PALYRA_MASTER_KEY/);
    expect(set.exit).toBe(77);
  });

  it('refuses to delete what is not there', async () => {
    expect(await palyra(daemon, 'secrets', 'delete', 'global/nothing')).toMatchObject({
      exit: 69,
      stderr: 'palyra: There is no secret global/nothing.\n',
    });
  });
});

function optionsOf(command: CommandUnknownOpts): string[] {
  const own = command.options.map(({ flags }) => flags);
  return [...new Set([...own, ...command.commands.flatMap(optionsOf)])];
}
