import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { good, palyra } from '../support/cli.ts';
import { commandLines } from '../support/command-lines.ts';
import { openDaemon, type TestDaemon, until } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';

/** What tells of a value that was never made for eyes. */
const slips = /\bundefined\b|\[object |\bNaN\b|\bInvalid Date\b|\bnull\b/;
const control = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;

describe('every command', () => {
  let daemon: TestDaemon;

  beforeAll(async () => {
    daemon = await openDaemon();
    await until(async () => (await good(daemon, 'channels', 'list')).includes('running') || undefined);
  });

  afterAll(closeAll);

  it('is tried here, but for the one that runs the daemon', () => {
    const commands = commandsOf(createProgram(nothing)).map(([path]) => path);

    expect(Object.keys(commandLines).toSorted()).toEqual(commands.filter((path) => path !== 'up').toSorted());
  });

  it.each(Object.entries(commandLines))('%s tells a person what it did', async (name, line) => {
    const argv = [...name.split(' '), ...(await line.args(daemon))];

    const ran = await palyra({ stateDir: daemon.stateDir, ...stdinOf(line) }, ...argv);

    expect(ran).toMatchObject({ exit: 0, stdout: expect.stringMatching(line.says) });
    expect(ran.stdout).not.toMatch(slips);
    expect(ran.stdout).not.toMatch(control);
    expect(ran.stdout).toMatch(/[^\n]\n$/);
  });

  it.each(Object.entries(commandLines))('%s answers a program in JSON', async (name, line) => {
    const argv = [...name.split(' '), ...(await line.args(daemon)), '--json'];

    const ran = await palyra({ stateDir: daemon.stateDir, ...stdinOf(line) }, ...argv);

    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    const answer = JSON.parse(ran.stdout) as object;
    if (Array.isArray(line.answers) || !isPlain(line.answers)) expect(answer).toEqual(line.answers);
    else expect(answer).toMatchObject(line.answers as object);
  });

  it.each(commandsOf(createProgram(nothing)))('%s explains itself', async (path, command) => {
    const ran = await palyra(daemon, ...path.split(' '), '--help');

    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).toContain(`Usage: palyra ${path}`);
    expect(ran.stdout).toContain('--json');
    expect(ran.stdout).toContain('--state-dir <path>');
    expect(ran.stdout.match(/--json/g)).toHaveLength(1);
    for (const option of command.options) expect(option.description, option.flags).not.toBe('');
  });

  it.each(commandsOf(createProgram(nothing)).filter(([path]) => path !== 'up'))(
    '%s refuses an option that it does not have',
    async (path) => {
      const ran = await palyra(daemon, ...path.split(' '), '--no-such-option');

      expect(ran).toMatchObject({ exit: 64, stdout: '' });
      expect(ran.stderr).toMatch(/^error: (unknown option '--no-such-option'|required option .*)\n$/);
    },
  );
});

const nothing = {
  run: () => () => Promise.resolve(),
  startDaemon: () => Promise.resolve(),
  version: '',
};

function stdinOf({ stdin }: { readonly stdin?: string }): { readonly stdin?: string } {
  return stdin === undefined ? {} : { stdin };
}

function isPlain(value: unknown): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** The commands that do something, each with its full name. */
function commandsOf(
  command: CommandUnknownOpts,
  above: readonly string[] = [],
): (readonly [string, CommandUnknownOpts])[] {
  return command.commands.flatMap((child) => {
    const path = [...above, child.name()];
    return child.commands.length === 0 ? [[path.join(' '), child] as const] : commandsOf(child, path);
  });
}
