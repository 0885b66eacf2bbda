import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createKeySource } from './create-key-source.ts';
import type { KeySource, KeySourceConfig } from './key-source.ts';
import { createMasterKey, formatMasterKey, type MasterKey } from './master-key.ts';
import { temporaryDirectory, TestClock, waitingFiles } from './vault.fixture.ts';

const key = createMasterKey();
const text = formatMasterKey(key);
const anyKey = { wantedId: undefined, mayCreate: false };
const create = { wantedId: undefined, mayCreate: true };

function source(
  config: KeySourceConfig,
  env: Record<string, string> = {},
  clock = new TestClock(),
): KeySource {
  return createKeySource(config, { env, clock });
}

function write(path: string, content: string, mode = 0o600): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

function keyFile(): { path: string; directory: string; file: KeySource } {
  const directory = temporaryDirectory();
  const path = join(directory, 'master.key');
  return { path, directory, file: source({ kind: 'file', path }) };
}

describe('a key file', () => {
  it('is made at the first start, as one line that only its owner can read', async () => {
    const { path, directory, file } = keyFile();

    const made = await file.load(create);

    expect(readFileSync(path, 'utf8')).toBe(`${formatMasterKey(made)}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['master.key']);
  });

  it('stays as it is when it is there', async () => {
    const { path, file } = keyFile();
    write(path, `${text}\n`);

    const loaded = await file.load(create);

    expect(loaded.id).toBe(key.id);
    expect(readFileSync(path, 'utf8')).toBe(`${text}\n`);
  });

  it('is made once when two processes start at the same moment', async () => {
    const { path } = keyFile();

    const made = await Promise.all(
      Array.from({ length: 8 }, () => source({ kind: 'file', path }).load(create)),
    );

    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  it('is not made anew for a store that has secrets', async () => {
    const { directory, file } = keyFile();

    const loading = file.load({ wantedId: key.id, mayCreate: false });

    await expect(loading).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('backup'),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o644, 0o666])(
    'is refused with mode %o, with the command that mends it',
    async (mode) => {
      const { path, file } = keyFile();
      write(path, text, mode);

      const loading = file.load(anyKey);

      await expect(loading).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining(`chmod 600 "${path}"`),
      });
    },
  );

  it.each([0o600, 0o400])('is taken with mode %o', async (mode) => {
    const { path, file } = keyFile();
    write(path, text, mode);

    expect((await file.load(anyKey)).id).toBe(key.id);
  });

  it('is refused when it holds something else, without repeating it', async () => {
    const { path, file } = keyFile();
    write(path, 'hunter2hunter2');

    const error: unknown = await file.load(create).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('openssl rand') });
    expect(String(error)).not.toContain('hunter2');
    expect(readFileSync(path, 'utf8')).toBe('hunter2hunter2');
  });

  it('is refused when it is a directory or far too long', async () => {
    const { path, file } = keyFile();
    const long = keyFile();
    mkdirSync(path, 0o700);
    write(long.path, `${text}\n`.repeat(1000));

    await expect(file.load(create)).rejects.toMatchObject({
      message: expect.stringContaining('is not a key file'),
    });
    await expect(long.file.load(create)).rejects.toMatchObject({
      message: expect.stringContaining('is not a key file'),
    });
  });

  it('says so when it cannot be made', async () => {
    const path = join(temporaryDirectory(), 'missing', 'master.key');

    const loading = source({ kind: 'file', path }).load(create);

    await expect(loading).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('ENOENT'),
    });
  });

  it('may be a link, and then a rotation replaces what it points to', async () => {
    const { path, directory, file } = keyFile();
    const real = join(directory, 'real.key');
    write(real, text);
    symlinkSync(real, path);

    const next = await file.prepare(key, undefined);
    const todo = await file.finish(next);

    expect(todo).toBeUndefined();
    expect(readlinkSync(path)).toBe(real);
    expect(readFileSync(real, 'utf8')).toBe(`${formatMasterKey(next)}\n`);
  });

  it('takes up the key of a rotation that was cut short before its commit', async () => {
    const { path, file } = keyFile();
    write(path, text);

    const first = await file.prepare(key, undefined);
    const second = await file.prepare(key, undefined);

    expect(second.id).toBe(first.id);
    expect(waitingFiles(path)).toEqual([`${path}.${first.id}.next`]);
    expect(statSync(`${path}.${first.id}.next`).mode & 0o777).toBe(0o600);
  });

  it('is put in place first when it still waits and yet another is to come', async () => {
    const { path, file } = keyFile();
    write(path, text);
    const next = await file.prepare(key, undefined);

    const third = await file.prepare(next, undefined);

    expect(readFileSync(path, 'utf8')).toBe(`${formatMasterKey(next)}\n`);
    expect(waitingFiles(path)).toEqual([`${path}.${third.id}.next`]);
  });

  it('is never thrown away while it waits, whichever key the store wants', async () => {
    const { path, file } = keyFile();
    write(path, text);
    const next = await file.prepare(key, undefined);

    await file.load({ wantedId: key.id, mayCreate: false });
    await file.load({ wantedId: undefined, mayCreate: true });

    expect(readFileSync(`${path}.${next.id}.next`, 'utf8')).toBe(`${formatMasterKey(next)}\n`);
  });

  it('does not take the place of another that a later rotation made', async () => {
    const { path, file } = keyFile();
    write(path, text);
    const next = await file.prepare(key, undefined);
    await file.finish(next);
    const later = await file.prepare(next, undefined);

    const todo = await file.finish(next);

    expect(todo).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe(`${formatMasterKey(next)}\n`);
    expect(waitingFiles(path)).toEqual([`${path}.${later.id}.next`]);
  });

  it('is found while another process is just putting it in place', async () => {
    const { path, file } = keyFile();
    let current = await file.load(create);

    for (let round = 0; round < 200; round++) {
      const next = await file.prepare(current, undefined);
      const loading = file.load({ wantedId: next.id, mayCreate: false });
      for (let pause = 0; pause < round % 10; pause++) await setImmediate();
      await source({ kind: 'file', path }).finish(next);
      expect((await loading).id, `round ${round}`).toBe(next.id);
      current = next;
    }
  });

  it('is refused while it waits, too, when others can read it', async () => {
    const { path, file } = keyFile();
    write(path, text);
    const { id } = await file.prepare(key, undefined);
    chmodSync(`${path}.${id}.next`, 0o644);

    const preparing = file.prepare(key, undefined);

    await expect(preparing).rejects.toMatchObject({
      message: expect.stringContaining(`chmod 600 "${path}.${id}.next"`),
    });
  });
});

describe('a key in the environment', () => {
  const load = (env: Record<string, string>): Promise<MasterKey> =>
    source({ kind: 'env', variable: 'PALYRA_MASTER_KEY' }, env).load(anyKey);

  it('is read from the record that was handed in', async () => {
    expect((await load({ PALYRA_MASTER_KEY: text })).id).toBe(key.id);
  });

  it.each([{}, { PALYRA_MASTER_KEY: '' }, { PALYRA_MASTER_KEY: '  ' }])(
    'says that the variable is not set when it is %j',
    async (env) => {
      await expect(load(env)).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining('PALYRA_MASTER_KEY is not set'),
      });
    },
  );

  it('is refused when it is something else, without repeating it', async () => {
    const error: unknown = await load({ PALYRA_MASTER_KEY: 'hunter2hunter2' }).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('PALYRA_MASTER_KEY does not hold a key'),
    });
    expect(String(error)).not.toContain('hunter2');
  });
});

describe('a key command', () => {
  const load = (
    argv: string[],
    env: Record<string, string> = {},
    clock = new TestClock(),
  ): Promise<MasterKey> => source({ kind: 'command', argv }, env, clock).load(anyKey);
  const sh = (script: string): string[] => ['/bin/sh', '-c', script];

  it('gives the first line that it prints', async () => {
    const loaded = await load(sh('echo "$KEY"; echo and more'), { KEY: text });

    expect(loaded.id).toBe(key.id);
  });

  it('is not run by a shell', async () => {
    const loading = load(['/bin/echo', '$KEY'], { KEY: text });

    await expect(loading).rejects.toMatchObject({ message: expect.stringContaining('does not print a key') });
  });

  it('sees the environment that was handed in and no other', async () => {
    const loading = load(sh('test -z "$HOME" && echo "$KEY"'), { KEY: text });

    await expect(loading).resolves.toMatchObject({ id: key.id });
  });

  it.each([
    ['cannot be started', ['/nonexistent/pass', 'show']],
    ['failed with exit code 3', sh('echo hunter2 >&2; exit 3')],
    ['was killed by SIGTERM', sh('kill -TERM $$')],
    ['prints more than 4096 bytes', sh('printf "%5000s" hunter2')],
    ['does not print a key', sh('echo hunter2')],
    ['does not print a key', sh('true')],
  ])('says that it %s', async (what, argv) => {
    const error: unknown = await load(argv).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(what) });
    expect(String(error)).not.toContain('hunter2');
  });

  it('is given up, and killed, when it does not end', async () => {
    const clock = new TestClock();
    const pidFile = join(temporaryDirectory(), 'pid');
    const loading = load(
      sh('echo "$KEY"; echo $$ > "$PID_FILE"; exec sleep 60'),
      { KEY: text, PID_FILE: pidFile },
      clock,
    );
    const pid = await vi.waitFor(() => Number(/^\d+\n/.exec(readFileSync(pidFile, 'utf8'))![0]));

    clock.advance(10_000);

    await expect(loading).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('10 seconds'),
    });
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  });

  it('leaves no timer behind', async () => {
    const clock = new TestClock();

    await load(sh('echo "$KEY"'), { KEY: text }, clock);
    await load(sh('exit 1'), {}, clock).catch(() => undefined);

    expect(clock.pending).toBe(0);
  });

  it('is named in messages without its arguments', async () => {
    const argv = ['/nonexistent/pass', '--token', 'hunter2'];

    const loading = load(argv);

    expect(source({ kind: 'command', argv }).name).toBe('the key command /nonexistent/pass');
    await expect(loading).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
  });
});

it.each<KeySourceConfig>([
  { kind: 'file', path: '' },
  { kind: 'env', variable: '' },
  { kind: 'command', argv: [] },
  { kind: 'command', argv: [''] },
])('refuses a source without a name: %j', (config) => {
  expect(() => source(config)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
});
