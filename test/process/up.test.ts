import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBootstrapToken, readDaemonFile } from '../../src/daemon-file.ts';
import { openAgentServer } from '../support/agent-server.ts';
import { asJson, good, palyra } from '../support/cli.ts';
import { newStateDir, until } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';
import { freePorts, Program, runProgram, script, startUp } from '../support/program.ts';

let stateDir: string;

beforeEach(() => {
  stateDir = newStateDir();
  closeLater(() => rmSync(stateDir, { recursive: true, force: true }));
});

afterEach(closeAll);

function events(log: string): readonly string[] {
  return log
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);
}

describe('palyra up', () => {
  it('says where it listens, and leaves the same in daemon.json', async () => {
    const program = await startUp(stateDir);

    const file = readDaemonFile(stateDir);
    expect(file).toMatchObject({ pid: program.child.pid, version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(program.stdout).toBe(
      `palyra ${file?.version} is up.\n` +
        `  webhooks come in at  ${file?.ingressUrl}\n` +
        `  the API listens at   ${file?.adminUrl}\n` +
        `  its state is in      ${stateDir}\n`,
    );
    for (const url of [file?.ingressUrl, file?.adminUrl]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('says it as JSON to programs', async () => {
    const program = new Program({ args: [script, 'up', '--json', '--state-dir', stateDir, ...freePorts] });
    await program.says(/^\}$/m);

    const { pid, ingressUrl, adminUrl, version } = readDaemonFile(stateDir) ?? {};
    expect(JSON.parse(program.stdout)).toEqual({ version, pid, ingressUrl, adminUrl, stateDir });
  });

  it('makes its state directory for its own user alone, and everything in it', async () => {
    const deeper = join(stateDir, 'not', 'there');

    await startUp(deeper);

    expect(statSync(deeper).mode & 0o777).toBe(0o700);
    for (const name of ['admin.token', 'daemon.json', 'master.key', 'palyra.sqlite'])
      expect([name, statSync(join(deeper, name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  it('ends when it cannot make the demo webhook, instead of running on unheard', async () => {
    writeFileSync(
      join(stateDir, 'config.json'),
      JSON.stringify({ masterKey: { kind: 'env', variable: 'PALYRA_TEST_NO_KEY' } }),
    );

    const { exit, stdout, stderr } = await runProgram({
      args: [script, 'up', '--demo', '--state-dir', stateDir, ...freePorts],
    });

    expect([exit, stdout]).toEqual([77, '']);
    expect(stderr).toContain('palyra: The vault is locked. The environment variable PALYRA_TEST_NO_KEY');
    expect(readDaemonFile(stateDir)).toBeUndefined();
  });

  it('prints three commands that work when they are pasted into a shell', async () => {
    const program = await startUp(stateDir, '--demo');
    await program.says('Ctrl-C stops it');

    const commands = program.stdout.match(/^ {4}\S.*$/gm) ?? [];
    const ran = [];
    for (const command of commands)
      ran.push(await runProgram({ command: '/bin/sh', args: ['-c', command], cwd: '/' }));

    expect(ran.map(({ exit, stderr }) => [exit, stderr])).toEqual(commands.map(() => [0, '']));
    expect(commands).toHaveLength(3);
    expect(ran[0]?.stdout).toMatch(/^you {4}hello\nreply {2}echo: hello {2}\(delivered\)/);
    expect(ran[1]?.stdout).toMatch(/^The ingress answered 202 accepted[^]*delivered \(delivered\)/);
    expect(ran[2]?.stdout).toMatch(/accepted +type=webhook event=push[^]*outcome +state=delivered/);
  });

  it('goes on when nobody reads its log any more', async () => {
    const program = await startUp(stateDir);
    program.child.stderr?.destroy();
    program.child.stdout?.destroy();

    for (let turn = 0; turn < 5; turn++) await good({ stateDir }, 'channels', 'test', 'echo:default');

    expect(program.isRunning).toBe(true);
    expect(await program.kill('SIGTERM')).toBe(0);
  });
});

describe('palyra up is stopped', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('in good order by %s', async (signal) => {
    const program = await startUp(stateDir);
    await good({ stateDir }, 'channels', 'test', 'echo:default');

    const exit = await program.kill(signal);

    expect(exit).toBe(0);
    expect(events(program.stderr).slice(-2)).toEqual(['daemon.stopping', 'daemon.stopped']);
    expect(readDaemonFile(stateDir)).toBeUndefined();
    expect(readBootstrapToken(stateDir)).toMatch(/^palyra_/);
  });

  it('in good order by one Ctrl-C, however many processes pass it on', async () => {
    const program = await startUp(stateDir);

    for (let copy = 0; copy < 5; copy++) program.child.kill('SIGINT');

    expect(await program.ended()).toBe(0);
    expect(events(program.stderr).at(-1)).toBe('daemon.stopped');
  });

  it('at once by a later signal, when good order takes too long; and nothing is lost', async () => {
    writeFileSync(join(stateDir, 'config.json'), JSON.stringify({ worker: { graceMs: 3_600_000 } }));
    const agent = await openAgentServer();
    closeLater(() => agent.close());
    agent.next(() => undefined);
    const program = await startUp(stateDir);
    await good({ stateDir }, 'agents', 'set', 'slow', 'http', '--url', agent.url);
    await good({ stateDir }, 'router', 'rules', 'set', 'echo', '--agent', 'slow');
    await palyra({ stateDir }, 'channels', 'test', 'echo:default', '--timeout', '0.1');
    await agent.arrived(1);

    program.child.kill('SIGTERM');
    await until(() => (program.stderr.includes('daemon.stopping') ? true : undefined));
    await until(() => (program.isRunning ? void program.child.kill('SIGTERM') : true));

    expect(await program.ended()).toBe(69);
    expect(events(program.stderr)).not.toContain('daemon.stopped');
    await startUp(stateDir);
    await until(async () => {
      const { state } = await asJson<{ state: string }>({ stateDir }, 'why', 'latest');
      return state === 'delivered' || undefined;
    });
  });
});

describe('palyra up refuses to start', () => {
  it('beside another daemon in the same state directory, and says which', async () => {
    const first = await startUp(stateDir);

    const second = await runProgram({ args: [script, 'up', '--state-dir', stateDir, ...freePorts] });

    const { pid, adminUrl } = readDaemonFile(stateDir) ?? {};
    expect(second).toEqual({
      exit: 75,
      stdout: '',
      stderr: `palyra: A daemon (pid ${pid}, ${adminUrl}) already runs in ${stateDir}. Stop it, or use another --state-dir.\n`,
    });
    expect(first.isRunning).toBe(true);
    await good({ stateDir }, 'channels', 'test', 'echo:default');
  });

  it.each(['--ingress', '--admin'])('on a port that is taken, and names %s', async (flag) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closeLater(() => taken.close());
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;

    const { exit, stdout, stderr } = await runProgram({
      args: [script, 'up', '--state-dir', stateDir, ...freePorts, flag, address],
    });

    expect([exit, stdout]).toEqual([69, '']);
    expect(stderr.trim().split('\n').at(-1)).toBe(
      `palyra: ${address} is in use already. Choose another with ${flag} HOST:PORT; port 0 takes a free one.`,
    );
    expect(stderr).not.toContain('daemon.stopped');
    expect(readDaemonFile(stateDir)).toBeUndefined();
    await startUp(stateDir);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['an address that is none', ['--ingress', 'nonsense'], 78, /^palyra: --ingress .* must be HOST:PORT/],
    ['a port that there is not', ['--admin', '127.0.0.1:70000'], 78, /^palyra: --admin .* must be HOST:PORT/],
    ['a host that is not this machine', ['--ingress', '192.0.2.1:0'], 69, /cannot be used \(EADDRNOTAVAIL\)/],
    [
      'a public address that is none',
      ['--public-url', 'x'],
      78,
      /^palyra: --public-url \/ PALYRA_PUBLIC_URL: /,
    ],
    [
      'a state directory that is a file',
      ['--state-dir', script],
      69,
      /cannot be used\. Check that it is a directory/,
    ],
    [
      'a level that there is not',
      ['--log-level', 'loud'],
      64,
      /Allowed choices are debug, info, warn, error/,
    ],
  ])('with %s', async (_what, flags, exit, why) => {
    const ran = await runProgram({ args: [script, 'up', '--state-dir', stateDir, ...freePorts, ...flags] });

    expect(ran).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(why) });
    expect(ran.stderr).not.toMatch(/^ +at /m);
  });

  it('with a config.json that is wrong, and names the key', async () => {
    writeFileSync(join(stateDir, 'config.json'), '{"outbox":{"attemptsMax":0}}');

    const ran = await runProgram({ args: [script, 'up', '--state-dir', stateDir, ...freePorts] });

    expect(ran).toMatchObject({ exit: 78, stdout: '' });
    expect(ran.stderr).toMatch(/^palyra: \S+config\.json: outbox\.attemptsMax: .*\n$/);
  });

  it('with a database that is none, and leaves it as it is', async () => {
    writeFileSync(join(stateDir, 'palyra.sqlite'), 'x'.repeat(8_192));

    const ran = await runProgram({ args: [script, 'up', '--state-dir', stateDir, ...freePorts] });

    expect(ran).toMatchObject({ exit: 69, stdout: '' });
    expect(ran.stderr).toMatch(/^palyra: /m);
    expect(ran.stderr).not.toMatch(/^ +at /m);
    expect(readFileSync(join(stateDir, 'palyra.sqlite'), 'utf8')).toBe('x'.repeat(8_192));
  });

  it('with a folder where its database should be', async () => {
    mkdirSync(join(stateDir, 'palyra.sqlite'));

    const ran = await runProgram({ args: [script, 'up', '--state-dir', stateDir, ...freePorts] });

    expect(ran).toMatchObject({ exit: 69, stdout: '', stderr: expect.stringMatching(/^palyra: /m) });
  });
});
