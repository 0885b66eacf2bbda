import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeAll, closeLater } from '../support/egress.ts';
import { root, runProgram } from '../support/program.ts';

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'palyra-install-'));
  closeLater(() => rmSync(clone, { recursive: true }));
  cpSync(join(root, 'scripts/install.mjs'), join(clone, 'scripts/install.mjs'));
  mkdirSync(join(clone, 'dep'));
  writeFileSync(join(clone, 'dep/package.json'), '{"name":"dep","version":"1.0.0"}');
  writeFileSync(join(clone, 'package.json'), JSON.stringify(own));
  lock('1.0.0');
});

afterEach(closeAll);

const own = { name: 'x', version: '1.0.0', dependencies: { dep: 'file:dep' } };

/** A lock whose one dependency is in the clone itself, so that nothing is fetched. */
function lock(version: string): void {
  const packages = {
    '': own,
    dep: { version: '1.0.0' },
    'node_modules/dep': { resolved: 'dep', link: true },
  };
  const contents = { name: 'x', version, lockfileVersion: 3, packages };
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(contents));
}

/** As if what the lock says had been installed. */
function pretendInstalled(what: string): void {
  const digest = createHash('sha256')
    .update(readFileSync(join(clone, 'package-lock.json')))
    .digest('hex');
  mkdirSync(join(clone, 'node_modules'), { recursive: true });
  writeFileSync(join(clone, 'node_modules/.palyra-install'), `${digest} ${what}`);
}

function install(...flags: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram({ args: [join(clone, 'scripts/install.mjs'), ...flags], cwd: '/' });
}

describe('the installation', () => {
  it.each([
    ['everything', []],
    ['everything', ['--production']],
    ['production', ['--production']],
  ])('says and does nothing when %s is there and %j is wanted', async (what, flags) => {
    pretendInstalled(what);

    expect(await install(...flags)).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  it('happens when there is nothing, and once', async () => {
    const first = await install();
    const second = await install();

    expect(first).toMatchObject({ exit: 0, stderr: expect.stringMatching(/^Installing dependencies/) });
    expect(second).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  it('happens when the lock is another, and when less is there than is wanted', async () => {
    pretendInstalled('production');

    const more = await install();
    lock('1.0.1');
    const other = await install();

    for (const ran of [more, other])
      expect(ran).toMatchObject({ exit: 0, stderr: expect.stringMatching(/^Installing/) });
  });

  it('fails with what npm says, and is tried again the next time', async () => {
    writeFileSync(join(clone, 'package-lock.json'), 'not a lock');

    const ran = await install();

    expect(ran.exit).not.toBe(0);
    expect(ran.stderr).toMatch(
      /npm error[^]*\nnpm ci failed \(see above\)\. Fix that, then run the same command again\.\n$/,
    );
    expect(existsSync(join(clone, 'node_modules/.palyra-install'))).toBe(false);
  });
});
