import { AppError } from '../../domain/errors.ts';
import { type Sql, sql } from '../../lib/sql.ts';
import type { SealedSecret } from '../../domain/sealed-secret.ts';
import type { SecretStore } from '../settings-store.ts';
import { metaMethods } from './settings.ts';
import type { Methods, Tx } from './tx.ts';

interface SecretRow {
  scope: string;
  key: string;
  master_key_id: string;
  envelope: Uint8Array;
  created_at: number;
  updated_at: number;
}

const masterKeyMeta = 'vault.master_key_id';
const names = sql`scope, key, master_key_id, created_at, updated_at`;

export const secretMethods: Methods<SecretStore> = {
  async listSecrets(tx) {
    return (await select(tx, names, sql``)).map(({ envelope: _none, ...secret }) => secret);
  },

  async listSealedSecrets(tx) {
    return select(tx, sql`*`, sql``);
  },

  async getSecret(tx, scope, key) {
    return (await select(tx, sql`*`, sql`where scope = ${scope} and key = ${key}`)).at(0);
  },

  async getSecretPresence(tx, scope, key) {
    return (await tx.get(sql`select 1 from secret where scope = ${scope} and key = ${key}`)) !== undefined;
  },

  async putSecret(tx, secret) {
    // Always later than before: that is how a rewrap finds out that it has read an older one.
    await tx.run(sql`
      insert into secret (scope, key, master_key_id, envelope, created_at, updated_at)
      values (${secret.scope}, ${secret.key}, ${secret.masterKeyId}, ${secret.envelope}, ${secret.createdAt}, ${secret.updatedAt})
      on conflict (scope, key) do update set master_key_id = excluded.master_key_id, envelope = excluded.envelope,
        updated_at = case when excluded.updated_at > secret.updated_at then excluded.updated_at
          else secret.updated_at + 1 end`);
    tx.touch('secrets');
  },

  async removeSecret(tx, scope, key) {
    tx.touch('secrets');
    return (await tx.run(sql`delete from secret where scope = ${scope} and key = ${key}`)) > 0;
  },

  async rewrapSecrets(tx, secrets, masterKeyId, previousMasterKeyId) {
    for (const secret of secrets) {
      const changed = await tx.run(sql`
        update secret set envelope = ${secret.envelope}, master_key_id = ${masterKeyId}
        where scope = ${secret.scope} and key = ${secret.key} and master_key_id = ${previousMasterKeyId}
          and updated_at = ${secret.updatedAt}`);
      if (changed === 0) throw changedMeanwhile();
    }
    const left = await tx.get(sql`select 1 from secret where master_key_id <> ${masterKeyId}`);
    if (left) throw changedMeanwhile();
    await metaMethods.putMeta(tx, masterKeyMeta, masterKeyId);
    tx.touch('secrets');
  },

  getMasterKeyId: (tx) => metaMethods.getMeta(tx, masterKeyMeta),

  putMasterKeyId: (tx, id) => metaMethods.putMeta(tx, masterKeyMeta, id),
};

async function select(tx: Tx, columns: Sql, where: Sql): Promise<SealedSecret[]> {
  const rows = await tx.all<SecretRow>(sql`select ${columns} from secret ${where} order by scope, key`);
  return rows.map((row) => ({
    scope: row.scope,
    key: row.key,
    masterKeyId: row.master_key_id,
    envelope: row.envelope,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
}

function changedMeanwhile(): AppError {
  return new AppError(
    'conflict',
    'A secret changed while the keys were being rotated. Nothing has changed; try again.',
  );
}
