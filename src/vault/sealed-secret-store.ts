import type { SealedSecret } from '../domain/sealed-secret.ts';

/** What the vault needs of the store. Each method is one transaction; each may throw AppError `unavailable`. */
export interface SealedSecretStore {
  /** Names only: no envelope is read. */
  listSecrets(): Promise<readonly Omit<SealedSecret, 'envelope'>[]>;
  getSecret(scope: string, key: string): Promise<SealedSecret | undefined>;
  getSecretPresence(scope: string, key: string): Promise<boolean>;
  /** Replaces what has the same name; `createdAt` stays then. */
  putSecret(secret: SealedSecret): Promise<void>;
  removeSecret(scope: string, key: string): Promise<boolean>;
  listSealedSecrets(): Promise<readonly SealedSecret[]>;
  /**
   * Replaces envelopes and the mark of the master key in one commit.
   * @throws AppError `conflict` if one of `secrets` has changed meanwhile, or if one that is stored would
   *   be left under another key than `masterKeyId`. Nothing has changed then.
   */
  rewrapSecrets(
    secrets: readonly SealedSecret[],
    masterKeyId: string,
    previousMasterKeyId: string,
  ): Promise<void>;
  /** The master key that the secrets are under; absent in a new store. */
  getMasterKeyId(): Promise<string | undefined>;
}
