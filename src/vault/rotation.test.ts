import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { parseVaultRef } from '../domain/vault-ref.ts';
import { openInlineSqliteStore } from '../store/sqlite/open.ts';
import { createMasterKey, formatMasterKey, parseMasterKey } from './master-key.ts';
import type { SealedSecretStore } from './sealed-secret-store.ts';
import {
  createFullWorld,
  type FullWorld,
  masterKeyIds,
  revealAll,
  temporaryDirectory,
  type VaultOptions,
  waitingFiles,
} from './vault.fixture.ts';

const first = parseVaultRef('global/a');
const fullWorld = (options?: Partial<VaultOptions>): Promise<FullWorld> =>
  createFullWorld(openInlineSqliteStore, options);

function idOf(path: string): string | undefined {
  return parseMasterKey(readFileSync(path, 'utf8'))?.id;
}

/** The store as it looks to a process that dies at the commit: nothing works from then on. */
function dyingStore(store: SealedSecretStore, when: 'before commit' | 'after commit'): SealedSecretStore {
  let dead = false;
  const died = (): Promise<never> => Promise.reject(new AppError('unavailable', 'The process died.'));
  return {
    ...store,
    getMasterKeyId: () => (dead ? died() : store.getMasterKeyId()),
    rewrapSecrets: async (...call) => {
      if (when === 'after commit' && call[0].length > 0) await store.rewrapSecrets(...call);
      dead = true;
      return died();
    },
  };
}

describe('rotating a key file', () => {
  it('puts every secret under a new key and drops the old one', async () => {
    const { vault, store, keyPath, previousId, refs } = await fullWorld();

    const rotation = await vault.rotateMasterKey();

    expect(rotation).toEqual({
      masterKeyId: idOf(keyPath),
      previousMasterKeyId: previousId,
      secrets: refs.length,
    });
    expect(rotation.masterKeyId).not.toBe(previousId);
    expect(await masterKeyIds(store)).toEqual([rotation.masterKeyId]);
    expect(vault.status()).toEqual({ state: 'open', masterKeyId: rotation.masterKeyId });
    expect(waitingFiles(keyPath)).toEqual([]);
  });

  it('loses nothing, before and after the next start', async () => {
    const { vault, start, refs, values } = await fullWorld();

    await vault.rotateMasterKey();
    await vault.put(first, 'stored later');

    expect(await revealAll(vault, refs)).toEqual(['stored later', ...values.slice(1)]);
    expect(await revealAll(await start(), refs)).toEqual(['stored later', ...values.slice(1)]);
  });

  it('tells those who watch', async () => {
    const { vault } = await fullWorld();
    const heard: unknown[] = [];
    vault.watch((status) => heard.push(status));

    const { masterKeyId } = await vault.rotateMasterKey();

    expect(heard).toEqual([{ state: 'open', masterKeyId }]);
  });

  it('takes no key from outside', async () => {
    const { vault, keyPath } = await fullWorld();

    await expect(vault.rotateMasterKey(formatMasterKey(createMasterKey()))).rejects.toMatchObject({
      code: 'invalid_request',
    });

    expect(waitingFiles(keyPath)).toEqual([]);
  });

  it('stops at a secret that does not open, names it and changes nothing', async () => {
    const { vault, store, previousId, refs, values } = await fullWorld();
    const sealed = await store.getSecret(first.scope, first.key);
    await store.putSecret({ ...sealed!, envelope: sealed!.envelope.with(20, sealed!.envelope[20]! ^ 1) });

    await expect(vault.rotateMasterKey()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('global/a'),
    });

    expect(await masterKeyIds(store)).toEqual([previousId]);
    expect(await revealAll(vault, refs.slice(1))).toEqual(values.slice(1));
  });
});

describe('a rotation that is cut short', () => {
  it.each(['before commit', 'after commit'] as const)(
    'by a crash %s leaves a vault that opens at the next start',
    async (when) => {
      const { start, store, keyPath, previousId, refs, values } = await fullWorld();
      const dying = await start({ store: dyingStore(store, when) });
      await expect(dying.rotateMasterKey()).rejects.toMatchObject({ code: 'unavailable' });
      const [waiting = ''] = waitingFiles(keyPath);
      const nextId = idOf(waiting);

      const vault = await start();

      expect(vault.status()).toEqual({
        state: 'open',
        masterKeyId: when === 'after commit' ? nextId : previousId,
      });
      expect(idOf(keyPath)).toBe(await store.getMasterKeyId());
      expect(await revealAll(vault, refs)).toEqual(values);
      expect((await vault.rotateMasterKey()).secrets).toBe(refs.length);
      expect(await revealAll(await start(), refs)).toEqual(values);
      expect(waitingFiles(keyPath)).toEqual([]);
    },
  );

  it.each(['before commit', 'after commit'] as const)(
    '%s leaves the running vault able to open every secret',
    async (when) => {
      const { store, start, refs, values } = await fullWorld();
      let failing = true;
      const flaky: SealedSecretStore = {
        ...store,
        getMasterKeyId: () =>
          failing ? store.getMasterKeyId() : Promise.reject(new AppError('unavailable', 'Down.')),
        rewrapSecrets: async (...call) => {
          if (when === 'after commit') await store.rewrapSecrets(...call);
          failing = false;
          throw new AppError('unavailable', 'Down.');
        },
      };
      const vault = await start({ store: flaky });
      await expect(vault.rotateMasterKey()).rejects.toMatchObject({ code: 'unavailable' });

      expect(await revealAll(vault, refs)).toEqual(values);
      failing = true;
      await vault.put(first, 'stored later');

      expect((await store.getSecret(first.scope, first.key))?.masterKeyId).toBe(await store.getMasterKeyId());
      expect(await revealAll(await start(), refs)).toEqual(['stored later', ...values.slice(1)]);
    },
  );

  it('is brought to its end when only the answer to the commit was lost', async () => {
    const { start, store, keyPath, previousId, refs, values } = await fullWorld();
    const vault = await start({
      store: {
        ...store,
        rewrapSecrets: async (...call) => {
          await store.rewrapSecrets(...call);
          throw new AppError('unavailable', 'The connection broke.');
        },
      },
    });

    const rotation = await vault.rotateMasterKey();

    expect(rotation.previousMasterKeyId).toBe(previousId);
    expect(idOf(keyPath)).toBe(rotation.masterKeyId);
    expect(await revealAll(vault, refs)).toEqual(values);
  });

  it('says what to do when the new key cannot take its place, and the next start mends it', async () => {
    const { start, store, keyPath, refs, values } = await fullWorld();
    const vault = await start({
      store: {
        ...store,
        rewrapSecrets: async (...call) => {
          await store.rewrapSecrets(...call);
          rmSync(keyPath);
          mkdirSync(keyPath);
        },
      },
    });

    const { todo, masterKeyId } = await vault.rotateMasterKey();
    const revealed = await revealAll(vault, refs);
    rmdirSync(keyPath);
    const restarted = await start();

    expect(todo).toContain(`${keyPath}.${masterKeyId}.next`);
    expect(revealed).toEqual(values);
    expect(restarted.status()).toEqual({ state: 'open', masterKeyId });
    expect(idOf(keyPath)).toBe(masterKeyId);
    expect(await revealAll(restarted, refs)).toEqual(values);
  });
});

describe('rotating a key in the environment', () => {
  const [old, next] = [createMasterKey(), createMasterKey()].map(formatMasterKey) as [string, string];
  const env = {
    source: { kind: 'env', variable: 'PALYRA_MASTER_KEY' },
    env: { PALYRA_MASTER_KEY: old },
  } as const;

  it('takes the new key from the caller and says what to set before the next start', async () => {
    const { vault, start, refs, values } = await fullWorld(env);

    const { todo } = await vault.rotateMasterKey(next);
    const revealed = await revealAll(vault, refs);
    const withOld = await start();
    const withNew = await start({ env: { PALYRA_MASTER_KEY: next } });

    expect(todo).toContain('PALYRA_MASTER_KEY');
    expect(revealed).toEqual(values);
    expect(withOld.status()).toMatchObject({ state: 'locked' });
    expect(await revealAll(withNew, refs)).toEqual(values);
  });

  it('stays open when it is unlocked again before the variable was changed', async () => {
    const { vault } = await fullWorld(env);
    await vault.rotateMasterKey(next);

    const status = await vault.unlock();

    expect(status.state).toBe('open');
  });

  it.each([
    ['none', undefined, 'invalid_request'],
    ['no key at all', 'hunter2hunter2', 'invalid_request'],
    ['the one in use', old, 'conflict'],
  ])('refuses when the key that it is given is %s', async (_what, given, code) => {
    const { vault, store, previousId } = await fullWorld(env);

    await expect(vault.rotateMasterKey(given)).rejects.toMatchObject({
      code,
      message: expect.not.stringContaining('hunter2'),
    });

    expect(await masterKeyIds(store)).toEqual([previousId]);
  });
});

describe('rotating a key command', () => {
  it('moves to what the command gives now, and not before it gives something new', async () => {
    const path = join(temporaryDirectory(), 'key');
    const next = createMasterKey();
    writeFileSync(path, `${formatMasterKey(createMasterKey())}\n`);
    const { vault, start, refs, values } = await fullWorld({
      source: { kind: 'command', argv: ['/bin/cat', path] },
    });
    await expect(vault.rotateMasterKey()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('/bin/cat'),
    });
    writeFileSync(path, `${formatMasterKey(next)}\n`);

    const { masterKeyId, todo } = await vault.rotateMasterKey();

    expect(masterKeyId).toBe(next.id);
    expect(todo).toBeUndefined();
    expect(await revealAll(vault, refs)).toEqual(values);
    expect(await revealAll(await start(), refs)).toEqual(values);
  });
});
