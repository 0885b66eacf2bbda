import { openSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { good } from '../support/cli.ts';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';
import { Program, runProgram, script } from '../support/program.ts';

let daemon: TestDaemon;

beforeEach(async () => {
  daemon = await openDaemon();
});

afterEach(closeAll);

describe('a command whose output', () => {
  it('nobody reads to its end, as with head, ends without a word', async () => {
    const follow = [script, 'logs', '--follow', '--state-dir', daemon.stateDir];
    const program = new Program({ args: follow });
    await program.says('connector.status');

    program.child.stdout?.destroy();
    await good(daemon, 'channels', 'test', 'echo:default');

    expect(await program.ended()).toBe(0);
    expect(program.stderr).toBe('');
  });

  it('cannot be written, as on a full disk, has failed', async () => {
    // A file that takes no writes stands in for the disk that has no room.
    const readOnly = openSync(script, 'r');

    const { exit } = await runProgram({
      args: [script, 'channels', 'list', '--state-dir', daemon.stateDir],
      stdio: ['ignore', readOnly, 'pipe'],
    });

    expect(exit).toBe(69);
  });

  it('goes to a pipe has all of it there, however much it is', async () => {
    for (let nth = 0; nth < 40; nth++)
      await good(daemon, 'message', 'send', 'echo:default', 'r', '--text', 'x'.repeat(8_000), '--wait');

    const { exit, stdout } = await runProgram({
      args: [script, 'logs', '--limit', '500', '--json', '--state-dir', daemon.stateDir],
    });

    expect(exit).toBe(0);
    expect((JSON.parse(stdout) as object[]).length).toBeGreaterThan(100);
  });
});

it('leaves no state directory where one was only asked about', async () => {
  const nowhere = `${daemon.stateDir}-nowhere`;

  const { exit } = await runProgram({ args: [script, 'status', '--state-dir', nowhere] });

  expect(exit).toBe(69);
  expect(() => rmSync(nowhere, { recursive: true })).toThrow(/ENOENT/);
});
