import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDaemonFile } from '../../src/daemon-file.ts';
import { takeStateDir } from '../../src/state-dir.ts';
import { good } from '../support/cli.ts';
import { newStateDir, until } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';
import { asNode20, freePorts, Program, root, runProgram, script } from '../support/program.ts';

let stateDir: string;

beforeEach(() => {
  stateDir = newStateDir();
  closeLater(() => rmSync(stateDir, { recursive: true, force: true }));
});

afterEach(closeAll);

/** `palyra up` as somebody with Node 20 starts it from a shell. */
async function startUp(): Promise<Program> {
  const up = [script, 'up', '--state-dir', stateDir, ...freePorts];
  const program = new Program({ args: [...asNode20, ...up], ownGroup: true });
  await program.says('is up.');
  return program;
}

/** Nobody runs in the state directory any more, and nobody holds its lock. */
async function isFree(): Promise<void> {
  await until(() => {
    try {
      takeStateDir(stateDir).release();
      return true;
    } catch {
      return undefined;
    }
  });
}

describe('on Node 20 the program', () => {
  it('runs in the Node 24 that npm has installed', async () => {
    const version = await runProgram({ args: [...asNode20, script, '--version'] });
    const doctor = await runProgram({ args: [...asNode20, script, 'doctor', '--state-dir', stateDir] });

    expect(version).toMatchObject({ exit: 0, stderr: '' });
    expect(doctor.stdout).toMatch(/^✓ node: (2[4-9]|[3-9]\d)\./);
  });

  it.each([
    [64, ['trace']],
    [69, ['status', '--state-dir', '/nowhere']],
    [78, ['up', '--ingress', 'nonsense']],
  ])('ends with the exit code of the command: %i', async (exit, argv) => {
    const direct = await runProgram({ args: [script, ...argv] });

    const launched = await runProgram({ args: [...asNode20, script, ...argv] });

    expect(launched).toEqual(direct);
    expect(launched.exit).toBe(exit);
  });

  it('runs the daemon, which knows its own process', async () => {
    const program = await startUp();

    const { pid } = readDaemonFile(stateDir) ?? {};
    await good({ stateDir }, 'channels', 'test', 'echo:default');

    expect(pid).not.toBe(program.child.pid);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on, and waits for the end', async (signal) => {
    const program = await startUp();

    const exit = await program.kill(signal);

    expect(exit).toBe(0);
    expect(program.stderr).toContain('"daemon.stopped"');
    expect(readDaemonFile(stateDir)).toBeUndefined();
  });

  it('stops in good order with Ctrl-C, which reaches both', async () => {
    const program = await startUp();

    const exit = await program.killGroup('SIGINT');

    expect(exit).toBe(0);
    expect(program.stderr).toContain('"daemon.stopped"');
  });

  it('takes the daemon with it when it is killed with SIGKILL', async () => {
    const program = await startUp();

    await program.kill('SIGKILL');
    await isFree();

    expect(program.stderr).not.toContain('daemon.stopping');
    await startUp();
    await good({ stateDir }, 'channels', 'test', 'echo:default');
  });

  it('dies of the signal that the daemon died of', async () => {
    const program = await startUp();

    process.kill(readDaemonFile(stateDir)?.pid ?? 0, 'SIGKILL');

    expect(await program.ended()).toBe('SIGKILL');
  });

  it('ends a command that follows when it is told to', async () => {
    const up = await startUp();
    await good({ stateDir }, 'channels', 'test', 'echo:default');
    const logs = [script, 'logs', '--follow', '--state-dir', stateDir];

    const interrupted = new Program({ args: [...asNode20, ...logs], ownGroup: true });
    const terminated = new Program({ args: [...asNode20, ...logs], ownGroup: true });
    await Promise.all([interrupted.says('delivery.attempted'), terminated.says('delivery.attempted')]);

    expect(await interrupted.killGroup('SIGINT')).toBe(0);
    expect(await terminated.kill('SIGTERM')).toBe('SIGTERM');
    expect(up.isRunning).toBe(true);
  });
});

describe('a program that was not installed', () => {
  it.each([
    ['on Node 24', []],
    ['on Node 20', asNode20],
  ])('says so %s, without a stack', async (_where, flags) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'palyra-bare-')));
    closeLater(() => rmSync(folder, { recursive: true }));
    for (const part of ['bin', 'src', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true });

    const ran = await runProgram({ args: [...flags, join(folder, 'bin/palyra.mjs'), 'status'] });

    expect(ran).toMatchObject({ exit: 69, stdout: '' });
    expect(ran.stderr).toMatch(/^palyra: What it needs is not installed\. In a clone: npm ci\. .*\n$/);
  });
});

it('knows the name by which it was called, and can be called by it again', async () => {
  const bin = join(stateDir, 'bin');
  mkdirSync(bin);
  symlinkSync(script, join(bin, 'palyra'));
  const env = { PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH ?? ''}` };
  const args = ['-c', `exec palyra up --demo --state-dir ${stateDir} ${freePorts.join(' ')}`];

  const program = new Program({ command: '/bin/sh', args, env });
  await program.says('Ctrl-C stops it');
  const [first = ''] = program.stdout.match(/^ {4}\S.*$/gm) ?? [];
  const ran = await runProgram({ command: '/bin/sh', args: ['-c', first], env });

  expect(first.trim()).toMatch(/^palyra channels test /);
  expect(ran).toMatchObject({ exit: 0, stderr: '' });
});
