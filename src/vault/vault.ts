import { AppError } from '../domain/errors.ts';
import { byteLength, limits } from '../domain/limits.ts';
import { formatVaultRef, parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Redactor } from '../lib/redact.ts';
import { Secret } from '../lib/secret.ts';
import { openSecret, sealSecret } from './envelope.ts';
import type { KeySource } from './key-source.ts';
import { Keyring, type MasterKeyRotation, type VaultStatus } from './keyring.ts';
import type { SealedSecretStore } from './sealed-secret-store.ts';

export interface VaultDeps {
  readonly store: SealedSecretStore;
  readonly source: KeySource;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly log: Logger;
}

/** A secret as lists show it: everything but the secret. */
export interface SecretEntry {
  readonly ref: VaultRef;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * Keeps secrets sealed in the store. Locked, it still knows what there is, and can remove it. Every method
 * that waits may throw AppError `unavailable` when the store cannot be reached.
 */
export interface Vault {
  status(): VaultStatus;

  /** Calls `listener` when the vault opens, locks or changes its master key. Returns the way to stop. */
  watch(listener: (status: VaultStatus) => void): () => void;

  /** Asks the key source again, now. The vault also does it by itself, every half minute while locked. */
  unlock(): Promise<VaultStatus>;

  /**
   * Stores `value`, or replaces what has that name. Durable, and under the current master key, when resolved.
   * @throws AppError `vault_locked`; `invalid_request` for a name or value that cannot be; `too_large` over
   *   `limits.secretBytesMax`; `conflict` when other processes keep changing the master key.
   */
  put(ref: VaultRef, value: string): Promise<void>;

  /** False when there was none. Works in a locked vault. */
  remove(ref: VaultRef): Promise<boolean>;

  /** By scope and key. Works in a locked vault; nothing is opened. */
  list(): Promise<readonly SecretEntry[]>;

  /** Whether there is a secret of that name. Works in a locked vault; nothing is opened. */
  has(ref: VaultRef): Promise<boolean>;

  /**
   * Opens a secret, for one use.
   * @throws AppError `vault_locked`: keep the work and try again later. `not_found` when there is no such
   *   secret; `config_invalid` when it is damaged or under a foreign key.
   */
  resolve(ref: VaultRef): Promise<Secret>;

  /**
   * Puts every secret under a new master key, while the vault stays in use: opening goes on, storing waits.
   * `newKey` is for a source that cannot get one itself, which is the environment. Copies of the store
   * made before need the old key.
   * @throws AppError `vault_locked`; `invalid_request` for a key that is handed in or missing against that;
   *   `conflict` when the key is not new, or other processes keep storing secrets; `config_invalid` when
   *   the source fails, or a secret that the message names does not open. After any of these all is as before.
   */
  rotateMasterKey(newKey?: string): Promise<MasterKeyRotation>;

  /** Waits for what is under way, then forgets the keys. Later calls find the vault locked. */
  close(): Promise<void>;
}

const retryMs = 30_000;
/** How often a key may change between two steps of one call before it gives up. */
const triesMax = 3;

/**
 * Opens the vault as far as the key source allows: without its key it is locked, and the daemon runs all the same.
 * @throws AppError `unavailable` when the store cannot be reached.
 */
export async function openVault(deps: VaultDeps): Promise<Vault> {
  const vault = new SealedVault(deps);
  try {
    await vault.unlock();
    return vault;
  } catch (error) {
    await vault.close();
    throw error;
  }
}

class SealedVault implements Vault {
  readonly #deps: VaultDeps;
  readonly #keyring: Keyring;
  readonly #listeners = new Set<(status: VaultStatus) => void>();
  #lastExclusive: Promise<unknown> = Promise.resolve();
  #cancelRetry: () => void = () => undefined;
  #closed = false;

  constructor(deps: VaultDeps) {
    this.#deps = deps;
    this.#keyring = new Keyring({
      ...deps,
      onStatus: (status) => {
        for (const listener of this.#listeners) listener(status);
      },
    });
  }

  status(): VaultStatus {
    return this.#keyring.status;
  }

  watch(listener: (status: VaultStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  unlock(): Promise<VaultStatus> {
    return this.#exclusive(() => this.#refresh());
  }

  async put(ref: VaultRef, value: string): Promise<void> {
    parseVaultRef(formatVaultRef(ref));
    checkValue(value);
    this.#deps.redactor.add(value);
    await this.#exclusive(() => this.#seal(ref, value));
  }

  remove(ref: VaultRef): Promise<boolean> {
    return this.#deps.store.removeSecret(ref.scope, ref.key);
  }

  async list(): Promise<readonly SecretEntry[]> {
    const secrets = await this.#deps.store.listSecrets();
    return secrets.map(({ scope, key, createdAt, updatedAt }) => ({
      ref: { scope, key },
      createdAt,
      updatedAt,
    }));
  }

  has(ref: VaultRef): Promise<boolean> {
    return this.#deps.store.getSecretPresence(ref.scope, ref.key);
  }

  async resolve(ref: VaultRef): Promise<Secret> {
    for (let tries = 1; tries <= triesMax; tries++) {
      this.#keyring.requireOpen();
      const sealed = await this.#deps.store.getSecret(ref.scope, ref.key);
      if (!sealed) throw absent(ref);
      const masterKey = this.#keyring.find(sealed.masterKeyId);
      if (masterKey) {
        const value = openSecret(ref, sealed.envelope, masterKey);
        this.#deps.redactor.add(value);
        return new Secret(value);
      }
      // A rotation has just ended, here or in another process.
      await this.unlock();
    }
    throw new AppError(
      'config_invalid',
      `The secret ${formatVaultRef(ref)} is under a master key that this vault never had. ` +
        `Store it again: palyra secrets set ${formatVaultRef(ref)}.`,
    );
  }

  rotateMasterKey(newKey?: string): Promise<MasterKeyRotation> {
    return this.#exclusive(async () => {
      await this.#refresh();
      return this.#keyring.rotate(newKey);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    await this.#lastExclusive;
    this.#keyring.forget();
  }

  /** Looks before and after which key is current, because another process on the same store may rotate at any time. */
  async #seal(ref: VaultRef, value: string): Promise<void> {
    const { store, clock } = this.#deps;
    const named = { scope: ref.scope, key: ref.key };
    for (let tries = 1; tries <= triesMax; tries++) {
      await this.#refresh();
      const masterKey = this.#keyring.requireOpen();
      const now = clock.now();
      const envelope = sealSecret(ref, value, masterKey);
      await store.putSecret({
        ...named,
        masterKeyId: masterKey.id,
        envelope,
        createdAt: now,
        updatedAt: now,
      });
      if ((await store.getMasterKeyId()) === masterKey.id) return;
    }
    throw new AppError(
      'conflict',
      'The master key keeps changing. Store the secret again when the rotation is over.',
    );
  }

  /** Only inside `#exclusive`. */
  async #refresh(): Promise<VaultStatus> {
    this.#cancelRetry();
    try {
      return await this.#keyring.refresh();
    } finally {
      if (this.status().state === 'locked' && !this.#closed) this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#cancelRetry = this.#deps.clock.after(retryMs, () => {
      this.unlock().catch((error: unknown) => this.#deps.log.warn('vault.unlock_failed', { error }));
    });
  }

  /** Runs one piece of work after another, in the order of the calls. */
  #exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new AppError('vault_locked', 'The vault is closed.'));
    const result = this.#lastExclusive.then(work);
    this.#lastExclusive = result.catch(() => undefined);
    return result;
  }
}

function checkValue(value: string): void {
  if (value.trim() === '') throw new AppError('invalid_request', 'A secret cannot be empty.');
  if (!value.isWellFormed()) throw new AppError('invalid_request', 'A secret must be text in UTF-8.');
  if (byteLength(value) > limits.secretBytesMax) {
    throw new AppError('too_large', `A secret may have ${limits.secretBytesMax} bytes at most.`);
  }
}

function absent(ref: VaultRef): AppError {
  const name = formatVaultRef(ref);
  return new AppError('not_found', `There is no secret ${name}. Store it: palyra secrets set ${name}.`);
}
