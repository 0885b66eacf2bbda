import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBootstrapToken, readDaemonFile, writeBootstrapToken, writeDaemonFile } from './daemon-file.ts';
import { newToken, takeStateDir } from './state-dir.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'palyra-state-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const file = { pid: 42, ingressUrl: 'http://127.0.0.1:1', adminUrl: 'http://127.0.0.1:2', version: '1.2.3' };

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

describe('a state directory', () => {
  it('is made, with what is above it, for its own user alone', () => {
    const path = join(folder, 'a', 'b');

    const taken = takeStateDir(path);

    expect([mode(path), mode(join(folder, 'a'))]).toEqual([0o700, 0o700]);
    taken.release();
  });

  it('is left as it is when it is there', () => {
    const path = join(folder, 'mine');
    mkdirSync(path, { mode: 0o750 });
    writeFileSync(join(path, 'note'), '');

    takeStateDir(path).release();

    expect([mode(path), existsSync(join(path, 'note'))]).toEqual([0o750, true]);
  });

  it('belongs to one daemon at a time, and the other is told which', () => {
    const taken = takeStateDir(folder);
    writeDaemonFile(folder, file);

    expect(() => takeStateDir(folder)).toThrow(
      expect.objectContaining({
        code: 'conflict',
        message: `A daemon (pid 42, http://127.0.0.1:2) already runs in ${folder}. Stop it, or use another --state-dir.`,
      }),
    );

    expect(readDaemonFile(folder)).toEqual(file);
    taken.release();
    takeStateDir(folder).release();
  });

  it('no longer tells of the daemon that was killed in it, nor of the one that left it', () => {
    writeDaemonFile(folder, file);

    const taken = takeStateDir(folder);
    const afterTheKilled = readDaemonFile(folder);
    writeDaemonFile(folder, file);
    taken.release();

    expect([afterTheKilled, readDaemonFile(folder)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a file', () => join(folder, 'file')],
    ['below a file', () => join(folder, 'file', 'deeper')],
    ['where nothing can be made', () => '/proc/palyra/deeper'],
  ])('cannot be %s', (_what, path) => {
    writeFileSync(join(folder, 'file'), '');

    expect(() => takeStateDir(path())).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: `The state directory ${path()} cannot be used. Check that it is a directory you may write to.`,
      }),
    );
  });

  it('is not taken for in use when its lock is no lock', () => {
    writeFileSync(join(folder, 'daemon.lock'), 'x'.repeat(4_096));

    expect(() => takeStateDir(folder)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});

describe('what a daemon says of itself', () => {
  it('is for its own user alone, whatever stood there before', () => {
    writeFileSync(join(folder, 'admin.token'), 'old', { mode: 0o666 });

    writeDaemonFile(folder, file);
    writeBootstrapToken(folder, 'palyra_new');

    expect([mode(join(folder, 'daemon.json')), mode(join(folder, 'admin.token'))]).toEqual([0o600, 0o600]);
    expect(readDaemonFile(folder)).toEqual(file);
    expect(readBootstrapToken(folder)).toBe('palyra_new');
  });

  it('is nothing when it is not there or cannot be read as such', () => {
    const missing = [readDaemonFile(folder), readBootstrapToken(join(folder, 'none'))];
    writeFileSync(join(folder, 'daemon.json'), '{"pid":1}');
    writeFileSync(join(folder, 'admin.token'), '\n');

    expect([...missing, readDaemonFile(folder), readBootstrapToken(folder)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

it('makes tokens that nobody guesses and everybody recognises', () => {
  const tokens = Array.from({ length: 100 }, newToken);

  expect(new Set(tokens).size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^palyra_[\w-]{43}$/);
});
