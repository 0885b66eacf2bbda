import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDaemonFile } from '../../src/daemon-file.ts';
import { closeAll, closeLater } from '../support/egress.ts';
import { runInShell, startInShell } from '../support/npm.ts';
import { root } from '../support/program.ts';

const installMs = 300_000;

interface Packed {
  readonly filename: string;
  readonly version: string;
  readonly files: readonly { readonly path: string }[];
}

describe('the package', () => {
  let project: string;
  let packed: Packed;

  beforeAll(async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'palyra-package-')));
    closeLater(() => rmSync(folder, { recursive: true, force: true }));
    project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"private":true}');
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await runInShell({ command: 'npm', args: pack, cwd: root });
    [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>) as [Packed];
    const install = ['install', '--no-audit', '--no-fund', join(folder, packed.filename)];
    await runInShell({ command: 'npm', args: install, cwd: project });
  }, installMs);

  afterAll(closeAll);

  it('holds what runs and what it is to be read with, and no tests', () => {
    const paths = packed.files.map(({ path }) => path);

    expect(paths).toEqual(
      expect.arrayContaining(['bin/palyra.mjs', 'src/entry.ts', 'README.md', 'LICENSE', 'docs/cli.md']),
    );
    expect(paths.filter((path) => /^(test|bench|scripts|\.)|\.test\.ts$|\.fixture\.ts$/.test(path))).toEqual(
      [],
    );
  });

  it('runs by npx, and says nothing but what it was asked for', async () => {
    const said = await runInShell({ command: 'npx', args: ['palyra', '--version'], cwd: project });

    expect(said).toEqual({ stdout: `${packed.version}\n`, stderr: '' });
  });

  it('runs the daemon, and does the main job', async () => {
    const stateDir = join(project, 'state');
    const up = ['palyra', 'up', '--demo', '--log-level', 'warn', '--state-dir', stateDir];
    const daemon = startInShell({ command: 'npx', args: up, cwd: project });
    await daemon.says('Ctrl-C stops it');

    const commands = daemon.stdout.match(/^ {4}\S.*$/gm) ?? [];
    for (const command of commands)
      await runInShell({ command: '/bin/sh', args: ['-c', command], cwd: project });
    await daemon.killGroup('SIGINT');

    expect(commands.map((command) => command.trim().split(' ').slice(0, 3).join(' '))).toEqual([
      'npx palyra channels',
      'npx palyra webhooks',
      'npx palyra trace',
    ]);
    expect(daemon.stderr).toBe('');
    expect(readDaemonFile(stateDir)).toBeUndefined();
  });
});
