import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A project of somebody else, who has installed this package and written the connector of the fake chat platform. */
function createProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'palyra-outside-'));
  directories.push(project);
  const modules = join(project, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== 'palyra') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const part of ['src', 'bin', 'package.json'])
    cpSync(join(root, part), join(modules, 'palyra', part), { recursive: true });
  for (const file of ['adapter.ts', 'harness.ts', 'http.ts', 'platform.ts'])
    writeFileSync(join(project, file), asOutsider(readFileSync(join(root, 'test/fakes/chat', file), 'utf8')));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
  writeFileSync(join(project, 'contract.test.ts'), contractTest);
  return project;
}

/** What is a path into the sources for us is a name of the package for them. */
function asOutsider(source: string): string {
  return source
    .replaceAll(/'[./]+\/src\/connectors\/contract[a-z-]*\.ts'/g, `'palyra/testing'`)
    .replaceAll(/'[./]+\/src\/[a-z/-]+\.ts'/g, `'palyra/connector'`);
}

const contractTest = `
import { test } from 'node:test';
import { connectorContract } from 'palyra/testing';
import { createChatAdapter } from './adapter.ts';
import { createChatHarness } from './harness.ts';
import { httpChatApi } from './http.ts';

const traits = { idempotentKeys: true, lookUp: true };
const claims = createChatAdapter(traits, httpChatApi);
for (const { name, run } of connectorContract(claims, () => createChatHarness(traits))) test(name, run);
`;

const tsconfig = {
  compilerOptions: {
    ...{ target: 'es2024', module: 'nodenext', strict: true, noEmit: true, allowImportingTsExtensions: true },
    ...{ lib: ['es2024', 'esnext.collection', 'esnext.iterator'], types: ['node'], skipLibCheck: true },
  },
  include: ['*.ts'],
};

async function run(
  project: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  const child = spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode ?? -1, out: out + err };
}

it('a connector outside this repository is written, type-checked and proven with what the package exports', async () => {
  const project = createProject();

  const types = await run(project, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.');
  const tests = await run(project, '--import', 'palyra/strip-types', '--test', 'contract.test.ts');

  expect(types).toEqual({ code: 0, out: '' });
  expect(tests.code, tests.out).toBe(0);
  expect(Number(/^ℹ pass (\d+)$/m.exec(tests.out)?.[1])).toBeGreaterThan(25);
});
