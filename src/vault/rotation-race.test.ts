import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../domain/errors.ts';
import type { SealedSecret } from '../domain/sealed-secret.ts';
import { parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import { openInlineSqliteStore } from '../store/sqlite/open.ts';
import { sealSecret } from './envelope.ts';
import { createMasterKey, formatMasterKey, type MasterKey, parseMasterKey } from './master-key.ts';
import type { SealedSecretStore } from './sealed-secret-store.ts';
import {
  createFullWorld,
  type FullWorld,
  masterKeyIds,
  revealAll,
  type VaultOptions,
} from './vault.fixture.ts';

const first = parseVaultRef('global/a');
const fullWorld = (options?: Partial<VaultOptions>): Promise<FullWorld> =>
  createFullWorld(openInlineSqliteStore, options);

describe('a rotation among other work', () => {
  it('loses no secret that is stored at the same time', async () => {
    const { vault, store, start, refs } = await fullWorld();
    const more = Array.from({ length: 20 }, (_, index) => parseVaultRef(`global/more${index}`));

    await Promise.all([
      ...more.slice(0, 5).map((ref) => vault.put(ref, ref.key)),
      vault.rotateMasterKey(),
      ...more.slice(5, 15).map((ref) => vault.put(ref, ref.key)),
      vault.rotateMasterKey(),
      ...more.slice(15).map((ref) => vault.put(ref, ref.key)),
      revealAll(vault, refs),
      vault.remove(first),
    ]);

    const { masterKeyId } = await vault.rotateMasterKey();
    expect(await masterKeyIds(store)).toEqual([masterKeyId]);
    expect(await revealAll(await start(), more)).toEqual(more.map(({ key }) => key));
  });

  it('opens secrets right before and right after the commit', async () => {
    const { store, start, refs, values } = await fullWorld();
    const seen: (readonly string[])[] = [];
    const vault = await start({
      store: {
        ...store,
        rewrapSecrets: async (...call) => {
          seen.push(await revealAll(vault, refs));
          await store.rewrapSecrets(...call);
          seen.push(await revealAll(vault, refs));
        },
      },
    });

    await vault.rotateMasterKey();

    expect(seen).toEqual([values, values]);
  });

  it('opens a secret that was read just before the commit and opened after the end', async () => {
    const { store, start } = await fullWorld();
    const read = Promise.withResolvers<undefined>();
    const rotated = Promise.withResolvers<undefined>();
    const slow: SealedSecretStore = {
      ...store,
      getSecret: async (scope, key) => {
        const sealed = await store.getSecret(scope, key);
        read.resolve(undefined);
        await rotated.promise;
        return sealed;
      },
    };
    const vault = await start({ store: slow });

    const revealed = revealAll(vault, [first]);
    await read.promise;
    await vault.rotateMasterKey();
    rotated.resolve(undefined);

    expect(await revealed).toEqual(['value 0']);
  });

  it('keeps what another process stored between its reading and its commit', async () => {
    const { store, start, keyPath, refs, values } = await fullWorld();
    const key = parseMasterKey(readFileSync(keyPath, 'utf8'))!;
    let races = 2;
    const vault = await start({
      store: {
        ...store,
        listSealedSecrets: async () => {
          const secrets = await store.listSealedSecrets();
          if (races-- > 0)
            await store.putSecret(sealedBy(key, first, `stored in race ${races}`, 5_000 - races));
          return secrets;
        },
      },
    });

    const { masterKeyId } = await vault.rotateMasterKey();

    expect(await masterKeyIds(store)).toEqual([masterKeyId]);
    expect(await revealAll(vault, refs)).toEqual(['stored in race 0', ...values.slice(1)]);
  });

  it('gives up after a few tries, and everything is as before', async () => {
    const { store, start, keyPath, previousId, refs, values } = await fullWorld();
    const key = parseMasterKey(readFileSync(keyPath, 'utf8'))!;
    let reads = 0;
    const vault = await start({
      store: {
        ...store,
        listSealedSecrets: async () => {
          const secrets = await store.listSealedSecrets();
          await store.putSecret(sealedBy(key, first, 'busy', 5_000 + reads++));
          return secrets;
        },
      },
    });

    await expect(vault.rotateMasterKey()).rejects.toMatchObject({ code: 'conflict' });

    expect(reads).toBe(5);
    expect(await masterKeyIds(store)).toEqual([previousId]);
    expect(await revealAll(vault, refs)).toEqual(['busy', ...values.slice(1)]);
    expect(await revealAll(await start(), refs)).toEqual(['busy', ...values.slice(1)]);
  });
});

it('a rotation is over before the vault closes', async () => {
  const { vault, start, refs, values } = await fullWorld();
  const rotating = vault.rotateMasterKey();

  await vault.close();

  const { masterKeyId } = await rotating;
  const next = await start();
  expect(next.status()).toEqual({ state: 'open', masterKeyId });
  expect(await revealAll(next, refs)).toEqual(values);
  await expect(vault.resolve(first)).rejects.toMatchObject({ code: 'vault_locked' });
});

describe('another process on the same store', () => {
  it('goes on opening and storing when it can get the new key', async () => {
    const { vault, start, store, refs, values } = await fullWorld();
    const neighbour = await start();

    const { masterKeyId } = await vault.rotateMasterKey();
    const revealed = await revealAll(neighbour, refs);
    await vault.rotateMasterKey();
    await neighbour.put(first, 'from next door');

    expect(revealed).toEqual(values);
    expect(await masterKeyIds(store)).toEqual([await store.getMasterKeyId()]);
    expect(await store.getMasterKeyId()).not.toBe(masterKeyId);
    expect(await revealAll(vault, refs)).toEqual(['from next door', ...values.slice(1)]);
  });

  it('never finds the vault locked while the key changes again and again', async () => {
    const { vault, start, refs, values } = await fullWorld();
    const neighbours = await Promise.all([start(), start(), start()]);
    let rotating = true;

    const rotations = (async () => {
      for (let count = 0; count < 30; count++) await vault.rotateMasterKey();
      rotating = false;
    })();
    const readers = neighbours.map(async (neighbour) => {
      while (rotating) {
        expect(await revealAll(neighbour, refs)).toEqual(values);
        // This store answers at once; without a pause the files would never get their turn.
        await setImmediate();
      }
    });

    await Promise.all([rotations, ...readers]);
  });

  it('may rotate at the same moment, and no key is lost', async () => {
    const { vault, start, store, refs, values } = await fullWorld();
    const vaults = [vault, await start(), await start()];

    const rotations = await Promise.allSettled(vaults.map((each) => each.rotateMasterKey()));

    const refused = rotations.filter((rotation) => rotation.status === 'rejected');
    expect(refused.length).toBeLessThan(3);
    expect(refused.every(({ reason }) => isAppError(reason, 'conflict'))).toBe(true);
    expect(await masterKeyIds(store)).toEqual([await store.getMasterKeyId()]);
    for (const each of [...vaults, await start()]) expect(await revealAll(each, refs)).toEqual(values);
  });

  it('stores again when the rotation comes in between', async () => {
    const { vault, start, store, refs, values } = await fullWorld();
    let rotations = 1;
    const neighbour = await start({
      store: {
        ...store,
        putSecret: async (secret) => {
          if (rotations-- > 0) await vault.rotateMasterKey();
          await store.putSecret(secret);
        },
      },
    });

    await neighbour.put(first, 'from next door');

    expect(await masterKeyIds(store)).toEqual([await store.getMasterKeyId()]);
    expect(await revealAll(vault, refs)).toEqual(['from next door', ...values.slice(1)]);
  });

  it('locks and changes nothing when it only has the old key', async () => {
    const key = formatMasterKey(createMasterKey());
    const { vault, start, store, refs, values } = await fullWorld({
      source: { kind: 'env', variable: 'KEY' },
      env: { KEY: key },
    });
    const neighbour = await start();
    const { masterKeyId } = await vault.rotateMasterKey(formatMasterKey(createMasterKey()));

    await expect(neighbour.put(first, 'lost?')).rejects.toMatchObject({
      code: 'vault_locked',
      message: expect.stringContaining(masterKeyId),
    });
    await expect(neighbour.resolve(first)).rejects.toMatchObject({ code: 'vault_locked' });

    expect(await masterKeyIds(store)).toEqual([masterKeyId]);
    expect(await revealAll(vault, refs)).toEqual(values);
  });
});

function sealedBy(key: MasterKey, ref: VaultRef, value: string, at: number): SealedSecret {
  const { scope, key: name } = ref;
  return {
    scope,
    key: name,
    masterKeyId: key.id,
    envelope: sealSecret(ref, value, key),
    createdAt: at,
    updatedAt: at,
  };
}
