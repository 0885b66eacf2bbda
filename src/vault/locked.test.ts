import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { parseVaultRef } from '../domain/vault-ref.ts';
import { openInlineSqliteStore } from '../store/sqlite/open.ts';
import type { VaultStatus } from './keyring.ts';
import { createMasterKey, formatMasterKey } from './master-key.ts';
import type { Vault } from './vault.ts';
import {
  createWorld,
  recordingLogger,
  reveal,
  TestClock,
  type VaultOptions,
  type World,
} from './vault.fixture.ts';

const ref = parseVaultRef('channel:discord:default/token');
const other = parseVaultRef('webhook:github/signing');
const value = 'MTk4NjIyNDgzNDcx.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs';

describe('a locked vault', () => {
  /** A store with one secret, whose key file was put aside. */
  async function lostKey(
    options: Partial<VaultOptions> = {},
  ): Promise<World & { vault: Vault; giveBack: () => void }> {
    const made = createWorld(openInlineSqliteStore);
    const before = await made.start();
    await before.put(ref, value);
    await before.close();
    renameSync(made.keyPath, `${made.keyPath}.aside`);
    const vault = await made.start(options);
    return { ...made, vault, giveBack: () => renameSync(`${made.keyPath}.aside`, made.keyPath) };
  }

  it('says why, and does not make a new key while there are secrets', async () => {
    const { vault, keyPath } = await lostKey();

    const status = vault.status();

    expect(status).toMatchObject({ state: 'locked', why: expect.stringContaining(`${keyPath} is missing`) });
    expect(existsSync(keyPath)).toBe(false);
  });

  it('refuses to open, store and rotate with a word that makes callers wait', async () => {
    const { vault, store } = await lostKey();
    const before = await store.listSealedSecrets();

    for (const work of [
      vault.resolve(ref),
      vault.resolve(other),
      vault.put(other, 'new'),
      vault.rotateMasterKey(),
    ]) {
      await expect(work).rejects.toMatchObject({
        code: 'vault_locked',
        message: expect.stringContaining('is missing'),
      });
    }

    expect(await store.listSealedSecrets()).toEqual(before);
  });

  it('still tells what is there', async () => {
    const { vault } = await lostKey();

    expect(await vault.has(ref)).toBe(true);
    expect(await vault.has(other)).toBe(false);
    expect(await vault.list()).toMatchObject([{ ref }]);
  });

  it('opens as soon as the key is back and somebody says so', async () => {
    const { vault, giveBack } = await lostKey();
    giveBack();

    const status = await vault.unlock();

    expect(status.state).toBe('open');
    expect(await reveal(vault, ref)).toBe(value);
  });

  it('opens by itself when the key is back, and tells those who wait', async () => {
    const clock = new TestClock();
    const { vault, giveBack } = await lostKey({ clock });
    const opened = new Promise<VaultStatus>((resolve) => vault.watch(resolve));
    clock.advance(30_000);
    await vault.unlock();
    giveBack();

    clock.advance(30_000);

    expect(await opened).toEqual(vault.status());
    expect(await reveal(vault, ref)).toBe(value);
    expect(clock.pending).toBe(0);
  });

  it('keeps trying when the store is down for a while', async () => {
    const clock = new TestClock();
    const lines: string[] = [];
    const { start, store, giveBack } = await lostKey();
    let down = false;
    const getMasterKeyId = (): Promise<string | undefined> =>
      down ? Promise.reject(new AppError('unavailable', 'The disk failed.')) : store.getMasterKeyId();
    const vault = await start({ store: { ...store, getMasterKeyId }, clock, log: recordingLogger(lines) });
    giveBack();
    down = true;
    clock.advance(30_000);
    await vault.unlock().catch(() => undefined);
    down = false;

    clock.advance(30_000);
    await vault.unlock();

    expect(vault.status().state).toBe('open');
    expect(lines.some((line) => line.startsWith('vault.unlock_failed'))).toBe(true);
  });

  it('says nothing more to a listener that has left', async () => {
    const { vault, giveBack } = await lostKey();
    const heard: VaultStatus[] = [];
    vault.watch((status) => heard.push(status))();
    giveBack();

    await vault.unlock();

    expect(heard).toEqual([]);
  });

  it('leaves no timer behind when it is closed', async () => {
    const clock = new TestClock();
    const { vault } = await lostKey({ clock });

    await vault.close();

    expect(clock.pending).toBe(0);
  });

  it('names both keys when it is given the wrong one, and stays locked', async () => {
    const wrong = createMasterKey();
    const { vault, keyPath, store } = await lostKey();
    writeFileSync(keyPath, formatMasterKey(wrong), { mode: 0o600 });

    const status = await vault.unlock();

    expect(status).toMatchObject({ state: 'locked', why: expect.stringContaining(wrong.id) });
    expect(status).toMatchObject({ why: expect.stringContaining((await store.getMasterKeyId())!) });
    expect((await store.getSecret(ref.scope, ref.key))?.masterKeyId).not.toBe(wrong.id);
  });

  it('makes a new key when the old one is lost and every secret was removed', async () => {
    const { vault } = await lostKey();
    await vault.remove(ref);

    const status = await vault.unlock();
    await vault.put(ref, 'stored again');

    expect(status.state).toBe('open');
    expect(await reveal(vault, ref)).toBe('stored again');
  });

  it('is not the answer when the store is down: that is for the daemon to see', async () => {
    const { start, store } = createWorld(openInlineSqliteStore);
    const clock = new TestClock();
    const down = {
      ...store,
      getMasterKeyId: () => Promise.reject(new AppError('unavailable', 'The disk failed.')),
    };

    await expect(start({ store: down, clock })).rejects.toMatchObject({ code: 'unavailable' });

    expect(clock.pending).toBe(0);
  });
});
