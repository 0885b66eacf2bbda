import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeAll, closeLater } from '../support/egress.ts';
import { runInShell, startInShell } from '../support/npm.ts';
import { type Program, root } from '../support/program.ts';

const installMs = 300_000;

describe('a fresh clone', () => {
  let clone: string;
  let daemon: Program;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'palyra-clone-'));
    closeLater(() => rmSync(folder, { recursive: true, force: true }));
    clone = join(folder, 'palyra');
    await runInShell({ command: 'git', args: ['clone', '--quiet', root, clone] });
    daemon = startInShell({ command: 'npm', args: ['start'], cwd: clone });
    await daemon.says('Ctrl-C stops it');
  }, installMs);

  afterAll(closeAll);

  it('installs what it needs by npm start, and says that it does', () => {
    expect(daemon.stderr).toMatch(/^Installing dependencies \(once, about half a minute\) …$/m);
    expect(existsSync(join(clone, 'node_modules/zod'))).toBe(true);
    expect(existsSync(join(clone, 'node_modules/vitest'))).toBe(false);
  });

  it('does the main job by the three commands that it prints', async () => {
    const commands = daemon.stdout.match(/^ {4}\S.*$/gm) ?? [];

    const said = [];
    for (const command of commands)
      said.push(await runInShell({ command: '/bin/sh', args: ['-c', command], cwd: clone }));

    expect(said.map(({ stdout }) => stdout)).toEqual([
      expect.stringMatching(/^you {4}hello\nreply {2}echo: hello {2}\(delivered\)\n/),
      expect.stringMatching(/^The ingress answered 202 accepted/),
      expect.stringMatching(/^evt_\S+ {2}delivered \(delivered\)/),
    ]);
    expect(said.map(({ stderr }) => stderr)).toEqual(['', '', '']);
  });

  it('keeps its state where git does not look', async () => {
    const { stdout } = await runInShell({ command: 'git', args: ['status', '--porcelain'], cwd: clone });

    expect(stdout).toBe('');
    expect(existsSync(join(clone, '.palyra/daemon.json'))).toBe(true);
  });

  it('stops in good order with Ctrl-C, and starts again without installing anything', async () => {
    await daemon.killGroup('SIGINT');
    const stopped = existsSync(join(clone, '.palyra/daemon.json'));

    const again = startInShell({ command: 'npm', args: ['start'], cwd: clone });
    await again.says('Ctrl-C stops it');
    await again.killGroup('SIGINT');

    expect(stopped).toBe(false);
    expect(daemon.stderr).toContain('"daemon.stopped"');
    expect(again.stderr).not.toContain('Installing');
    expect(again.stderr).toContain('"daemon.stopped"');
  });
});
