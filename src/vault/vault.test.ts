import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { limits } from '../domain/limits.ts';
import type { SealedSecret } from '../domain/sealed-secret.ts';
import { parseVaultRef } from '../domain/vault-ref.ts';
import { Redactor } from '../lib/redact.ts';
import { openInlineSqliteStore } from '../store/sqlite/open.ts';
import { createMasterKey, formatMasterKey, parseMasterKey } from './master-key.ts';
import type { SealedSecretStore } from './sealed-secret-store.ts';
import { createWorld, recordingLogger, reveal, TestClock, type World } from './vault.fixture.ts';

const ref = parseVaultRef('channel:discord:default/token');
const other = parseVaultRef('webhook:github/signing');
const value = 'MTk4NjIyNDgzNDcx.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs';

const world = (): World => createWorld(openInlineSqliteStore);

/** Puts an envelope in the store behind the back of the vault. */
async function tamper(store: SealedSecretStore, change: Partial<SealedSecret>): Promise<void> {
  const sealed = await store.getSecret(ref.scope, ref.key);
  await store.putSecret({ ...sealed!, ...change });
}

describe('a vault', () => {
  it('gives back what was put in, also after the next start', async () => {
    const { start } = world();
    const vault = await start();

    await vault.put(ref, value);
    await vault.close();

    expect(await reveal(await start(), ref)).toBe(value);
  });

  it('writes no secret to the disk in the open', async () => {
    const { directory, start } = world();
    const vault = await start();

    await vault.put(ref, value);

    for (const name of readdirSync(directory))
      expect(readFileSync(join(directory, name)).includes(value), name).toBe(false);
  });

  it('replaces a secret and remembers when it was first stored', async () => {
    const clock = new TestClock();
    const vault = await world().start({ clock });
    await vault.put(ref, value);
    clock.advance(500);

    await vault.put(ref, 'another value');

    expect(await reveal(vault, ref)).toBe('another value');
    expect(await vault.list()).toEqual([{ ref, createdAt: 1_000, updatedAt: 1_500 }]);
  });

  it('forgets a secret that is removed', async () => {
    const vault = await world().start();
    await vault.put(ref, value);

    const removed = [await vault.remove(ref), await vault.remove(ref)];

    expect(removed).toEqual([true, false]);
    expect(await vault.has(ref)).toBe(false);
  });

  it('names the secret that it does not have', async () => {
    const vault = await world().start();

    const resolving = vault.resolve(other);

    await expect(resolving).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('webhook:github/signing'),
    });
  });

  it.each([
    ['empty', '', 'invalid_request'],
    ['blank', ' \n', 'invalid_request'],
    ['half of a surrogate pair', 'abc\ud800def', 'invalid_request'],
    ['a byte too long', 'ä'.repeat(limits.secretBytesMax / 2) + 'x', 'too_large'],
  ])('refuses a value that is %s, and stores nothing', async (_what, bad, code) => {
    const vault = await world().start();

    await expect(vault.put(ref, bad)).rejects.toMatchObject({ code });

    expect(await vault.has(ref)).toBe(false);
  });

  it('takes a value of exactly the longest size', async () => {
    const vault = await world().start();
    const longest = 'ä'.repeat(limits.secretBytesMax / 2);

    await vault.put(ref, longest);

    expect(await reveal(vault, ref)).toBe(longest);
  });

  it('refuses a name that cannot be written as a reference', async () => {
    const vault = await world().start();

    await expect(vault.put({ scope: 'skill:x', key: 'y' }, value)).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('tells what is there without opening it', async () => {
    const { store, start } = world();
    const vault = await start();
    await vault.put(ref, value);
    await tamper(store, { envelope: new Uint8Array(200) });

    expect(await vault.has(ref)).toBe(true);
    expect(await vault.has(other)).toBe(false);
    expect(await vault.list()).toMatchObject([{ ref }]);
    await expect(vault.resolve(ref)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('does not open a secret that was moved to another name', async () => {
    const { store, start } = world();
    const vault = await start();
    await vault.put(ref, value);
    await tamper(store, { scope: other.scope, key: other.key });

    const resolving = vault.resolve(other);

    await expect(resolving).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('webhook:github/signing'),
    });
  });

  it('stays open when a single secret is under a key that nobody has', async () => {
    const { store, start } = world();
    const vault = await start();
    await vault.put(ref, value);
    await vault.put(other, 'still fine');
    await tamper(store, { masterKeyId: 'ffffffffffffffff' });

    await expect(vault.resolve(ref)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('never had'),
    });

    expect(await reveal(vault, other)).toBe('still fine');
  });

  it('opens nothing once it is closed', async () => {
    const vault = await world().start();
    await vault.put(ref, value);

    await vault.close();

    await expect(vault.resolve(ref)).rejects.toMatchObject({ code: 'vault_locked' });
    await expect(vault.put(ref, value)).rejects.toMatchObject({ code: 'vault_locked' });
  });
});

describe('what is printed', () => {
  it('never holds a secret that was put or resolved', async () => {
    const { start } = world();
    const writing = new Redactor();
    const reading = new Redactor();

    await (await start({ redactor: writing })).put(ref, value);
    const secret = await (await start({ redactor: reading })).resolve(ref);

    expect(writing.redact(`token=${value}`)).toBe('token=[secret]');
    expect(reading.redact(`token=${value}`)).toBe('token=[secret]');
    expect([String(secret), JSON.stringify(secret), inspect(secret)].join(' ')).not.toContain(value);
  });

  it('never holds the master key, however it is written', async () => {
    const { keyPath, start } = world();
    const redactor = new Redactor();
    const vault = await start({ redactor });
    const keys = [readFileSync(keyPath, 'utf8').trim()];
    await vault.rotateMasterKey();
    keys.push(readFileSync(keyPath, 'utf8').trim());

    const printed = keys.map((text) => {
      const bytes = Buffer.from(text, 'base64');
      return redactor.redact(
        [text, bytes.toString('base64url'), bytes.toString('hex'), bytes.toString('hex').toUpperCase()].join(
          ' ',
        ),
      );
    });

    expect(printed).toEqual(Array(2).fill('[secret]= [secret] [secret] [secret]'));
  });

  it('is one line when the vault opens, locks or is rotated', async () => {
    const { keyPath, start } = world();
    const lines: string[] = [];
    const log = recordingLogger(lines);
    const vault = await start({ log });
    await vault.put(ref, value);
    await vault.rotateMasterKey();
    rmSync(keyPath);
    const locked = await start({ log });
    await locked.unlock();

    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual([
      'vault.opened',
      'vault.rotated',
      'vault.locked',
    ]);
    expect(lines.join('\n')).not.toContain(value);
  });
});

describe('two processes at the first start of one store', () => {
  it('agree on one key when they share the key file', async () => {
    const { start } = world();

    const vaults = await Promise.all([start(), start(), start()]);
    await vaults[0].put(ref, value);

    for (const vault of vaults) expect(await reveal(vault, ref)).toBe(value);
  });

  it('never leave a secret that was accepted under a key that the store does not name', async () => {
    const { start, store } = world();
    const keys = [createMasterKey(), createMasterKey()].map(formatMasterKey);
    const source = { kind: 'env', variable: 'KEY' } as const;
    const vaults = await Promise.all(keys.map((KEY) => start({ source, env: { KEY } })));

    const puts = await Promise.allSettled(vaults.map((vault, index) => vault.put(ref, `value of ${index}`)));

    const accepted = puts.findIndex(({ status }) => status === 'fulfilled');
    expect(puts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await store.getMasterKeyId()).toBe(parseMasterKey(keys[accepted]!)?.id);
    expect(await reveal(vaults[accepted]!, ref)).toBe(`value of ${accepted}`);
  });
});
