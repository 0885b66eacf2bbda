import assert from 'node:assert/strict';
import type { SealedSecret } from '../../domain/sealed-secret.ts';
import type { Store } from '../store.ts';
import { known, rejectsWith } from './checks.ts';
import type { StoreCase } from './store-case.ts';

function sealed(key: string, rest: Partial<SealedSecret> = {}): SealedSecret {
  const envelope = Uint8Array.from([0, 255, ...Buffer.from(key)]);
  return { scope: 'global', key, masterKeyId: 'old', envelope, createdAt: 1_000, updatedAt: 1_000, ...rest };
}

/** Two secrets under the old key, and what a rotation makes of them. */
async function beginRotation(store: Store): Promise<SealedSecret[]> {
  await store.secrets.putMasterKeyId('old');
  await store.secrets.putSecret(sealed('a'));
  await store.secrets.putSecret(sealed('b'));
  const read = await store.secrets.listSealedSecrets();
  return read.map((secret) => ({ ...secret, envelope: Uint8Array.from([1, ...secret.envelope]) }));
}

/** Bytes as a plain array, whatever kind of view the driver gives. */
async function envelopeOf(store: Store, key: string): Promise<number[]> {
  return [...known(await store.secrets.getSecret('global', key)).envelope];
}

const rotation: readonly StoreCase[] = [
  {
    name: 'replaces all envelopes and the mark of the master key together',
    async run(open) {
      const store = await open();
      const rewrapped = await beginRotation(store);

      await store.secrets.rewrapSecrets(rewrapped, 'new', 'old');

      assert.equal(await store.secrets.getMasterKeyId(), 'new');
      const all = await store.secrets.listSealedSecrets();
      assert.deepEqual(
        all.map(({ masterKeyId, updatedAt }) => [masterKeyId, updatedAt]),
        [
          ['new', 1_000],
          ['new', 1_000],
        ],
      );
      assert.deepEqual(await envelopeOf(store, 'a'), [1, 0, 255, 97]);
    },
  },
  ...(
    [
      [
        'one was replaced',
        (store) => store.secrets.putSecret(sealed('b', { updatedAt: 2_000, envelope: Uint8Array.of(9) })),
      ],
      [
        'one was replaced in the same millisecond',
        (store) => store.secrets.putSecret(sealed('b', { envelope: Uint8Array.of(9) })),
      ],
      ['one was removed', (store) => store.secrets.removeSecret('global', 'b')],
      ['one was added', (store) => store.secrets.putSecret(sealed('c'))],
    ] satisfies [string, (store: Store) => Promise<unknown>][]
  ).map(([what, change]): StoreCase => ({
    name: `rotates nothing when ${what} meanwhile`,
    async run(open) {
      const store = await open();
      const rewrapped = await beginRotation(store);
      await change(store);
      const before = await store.secrets.listSealedSecrets();

      await rejectsWith(store.secrets.rewrapSecrets(rewrapped, 'new', 'old'), 'conflict');

      assert.deepEqual(await store.secrets.listSealedSecrets(), before);
      assert.equal(await store.secrets.getMasterKeyId(), 'old');
    },
  })),
  {
    name: 'rotates nothing twice',
    async run(open) {
      const store = await open();
      const rewrapped = await beginRotation(store);
      await store.secrets.rewrapSecrets(rewrapped, 'new', 'old');

      await rejectsWith(store.secrets.rewrapSecrets(rewrapped, 'newer', 'old'), 'conflict');

      assert.equal(await store.secrets.getMasterKeyId(), 'new');
    },
  },
];

export const secretCases: readonly StoreCase[] = [
  {
    name: 'keeps an envelope to the byte',
    async run(open) {
      const store = await open();
      await store.secrets.putSecret(sealed('a'));

      const { envelope, ...rest } = known(await store.secrets.getSecret('global', 'a'));

      const { envelope: sent, ...expected } = sealed('a');
      assert.deepEqual([[...envelope], rest], [[...sent], expected]);
      assert.equal(await store.secrets.getSecret('global', 'none'), undefined);
      assert.equal(await store.secrets.getSecret('none', 'a'), undefined);
    },
  },
  {
    name: 'replaces a secret, and leaves when it was made',
    async run(open) {
      const store = await open();
      await store.secrets.putSecret(sealed('a'));

      await store.secrets.putSecret(
        sealed('a', { envelope: Uint8Array.of(7), createdAt: 5, updatedAt: 2_000 }),
      );

      const secret = known(await store.secrets.getSecret('global', 'a'));
      assert.deepEqual([[...secret.envelope], secret.createdAt, secret.updatedAt], [[7], 1_000, 2_000]);
    },
  },
  {
    name: 'lists names without envelopes, in order',
    async run(open) {
      const store = await open();
      for (const secret of [sealed('b'), sealed('a'), sealed('z', { scope: 'channel:echo:a' })]) {
        await store.secrets.putSecret(secret);
      }

      const listed = await store.secrets.listSecrets();

      assert.deepEqual(
        listed.map(({ scope, key }) => `${scope}/${key}`),
        ['channel:echo:a/z', 'global/a', 'global/b'],
      );
      assert.ok(listed.every((secret) => !('envelope' in secret)));
    },
  },
  {
    name: 'tells whether a secret is there, and whether the one to remove was',
    async run(open) {
      const store = await open();
      await store.secrets.putSecret(sealed('a'));

      const before = await store.secrets.getSecretPresence('global', 'a');
      const removed = await store.secrets.removeSecret('global', 'a');

      assert.deepEqual([before, removed], [true, true]);
      assert.equal(await store.secrets.getSecretPresence('global', 'a'), false);
      assert.equal(await store.secrets.removeSecret('global', 'a'), false);
    },
  },
  {
    name: 'has no master key in a new store, then the one that was put',
    async run(open) {
      const store = await open();

      assert.equal(await store.secrets.getMasterKeyId(), undefined);
      await store.secrets.putMasterKeyId('k1');

      assert.equal(await store.secrets.getMasterKeyId(), 'k1');
    },
  },
  ...rotation,
];
