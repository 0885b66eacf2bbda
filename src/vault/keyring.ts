import { AppError, isAppError } from '../domain/errors.ts';
import type { SealedSecret } from '../domain/sealed-secret.ts';
import type { LogFields, Logger } from '../lib/logger.ts';
import type { Redactor } from '../lib/redact.ts';
import { rewrapSecret } from './envelope.ts';
import type { KeySource } from './key-source.ts';
import { type MasterKey, masterKeySpellings } from './master-key.ts';
import type { SealedSecretStore } from './sealed-secret-store.ts';

export type VaultStatus =
  | { readonly state: 'open'; readonly masterKeyId: string }
  /** `why` says what is wrong and what to do. */
  | { readonly state: 'locked'; readonly why: string };

export interface MasterKeyRotation {
  readonly masterKeyId: string;
  readonly previousMasterKeyId: string;
  /** How many secrets are now under the new key. */
  readonly secrets: number;
  /** What is left for the operator to do before the next start, if anything. */
  readonly todo?: string;
}

interface KeyringDeps {
  readonly store: SealedSecretStore;
  readonly source: KeySource;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly onStatus: (status: VaultStatus) => void;
}

/** The key that the store names, or why it is not to be had. */
type Sought = { readonly key: MasterKey } | { readonly why: string; readonly error?: unknown };

const rewrapTriesMax = 5;

/**
 * The master keys in memory, and which of them is the current one: always the one whose id the store has.
 * `refresh` and `rotate` must not overlap; the others may be called at any time.
 */
export class Keyring {
  readonly #deps: KeyringDeps;
  readonly #keys = new Map<string, MasterKey>();
  #status: VaultStatus = { state: 'locked', why: 'The vault has not been opened yet.' };

  constructor(deps: KeyringDeps) {
    this.#deps = deps;
  }

  get status(): VaultStatus {
    return this.#status;
  }

  find(masterKeyId: string): MasterKey | undefined {
    return this.#keys.get(masterKeyId);
  }

  /** The current key. @throws AppError `vault_locked`. */
  requireOpen(): MasterKey {
    const key = this.#status.state === 'open' ? this.#keys.get(this.#status.masterKeyId) : undefined;
    if (key) return key;
    const why = this.#status.state === 'locked' ? ` ${this.#status.why}` : '';
    throw new AppError('vault_locked', `The vault is locked.${why}`);
  }

  /**
   * Makes the key that the store names the current one, and asks the source for it if need be: at the
   * start, to unlock, and after another process has rotated. Locks the vault if the source has no such key.
   * @throws AppError `unavailable` when the store cannot be reached; nothing has changed then.
   */
  async refresh(): Promise<VaultStatus> {
    const sought = await this.#seek(await this.#deps.store.getMasterKeyId());
    if ('key' in sought) return this.#enter({ state: 'open', masterKeyId: sought.key.id });
    this.#keys.clear();
    return this.#enter({ state: 'locked', why: sought.why }, sought.error);
  }

  /**
   * Puts every secret under a new key, in one commit. Until the end both keys are at hand, so a secret can
   * be opened at any moment, whichever it is under.
   * @throws AppError of the source, `conflict` when the key is not new or secrets keep changing, `config_invalid`
   *   naming a secret that cannot be opened, `unavailable`. After any of these the vault works as before.
   */
  async rotate(handedIn: string | undefined): Promise<MasterKeyRotation> {
    const { source, log } = this.#deps;
    const current = this.requireOpen();
    const next = await source.prepare(current, handedIn);
    if (next.id === current.id) {
      throw new AppError(
        'conflict',
        `${capitalise(source.name)} still gives the current master key. Provide another one, then rotate.`,
      );
    }
    this.#learn(next);
    const secrets = await this.#rewrapAll(current, next);
    this.#enter({ state: 'open', masterKeyId: next.id });
    const todo = await source.finish(next);
    this.#keys.delete(current.id);
    log.info('vault.rotated', { master_key_id: next.id, previous_master_key_id: current.id, secrets, todo });
    return {
      masterKeyId: next.id,
      previousMasterKeyId: current.id,
      secrets,
      ...(todo === undefined ? {} : { todo }),
    };
  }

  /** Locks without telling anybody. */
  forget(): void {
    this.#keys.clear();
    this.#status = { state: 'locked', why: 'It was closed.' };
  }

  async #seek(wantedId: string | undefined): Promise<Sought> {
    const known = wantedId === undefined ? undefined : this.#keys.get(wantedId);
    if (known) return { key: known };
    const { store, source } = this.#deps;
    const mayCreate = (await store.listSecrets()).length === 0;
    let key: MasterKey;
    try {
      key = await source.load({ wantedId, mayCreate });
    } catch (error) {
      return { why: AppError.from(error).message, error };
    }
    this.#learn(key);
    if (key.id === wantedId || (await this.#adopt(key, wantedId))) return { key };
    return {
      why:
        `${capitalise(source.name)} gives the master key ${key.id}, but the secrets are under ${wantedId ?? 'another'}. ` +
        'Provide that one; if it is lost, remove the secrets and store them again.',
    };
  }

  /**
   * Takes another key than the store named, if every secret is under it: in a new store, after the key was
   * lost and the secrets removed, or when another process has just rotated to it.
   */
  async #adopt(key: MasterKey, previousId: string | undefined): Promise<boolean> {
    try {
      await this.#deps.store.rewrapSecrets([], key.id, previousId ?? '');
      return true;
    } catch (error) {
      if (isAppError(error, 'conflict')) return false;
      throw error;
    }
  }

  async #rewrapAll(current: MasterKey, next: MasterKey): Promise<number> {
    const { store } = this.#deps;
    for (let tries = 1; ; tries++) {
      const secrets = await store.listSealedSecrets();
      try {
        const rewrapped = secrets.map((secret) => rewrap(secret, current, next));
        await store.rewrapSecrets(rewrapped, next.id, current.id);
        return secrets.length;
      } catch (error) {
        const reached = await store.getMasterKeyId();
        // The answer was lost after the commit, or another process has rotated to the same key.
        if (reached === next.id) return secrets.length;
        if (reached !== current.id) throw new AppError('conflict', 'Another process has rotated meanwhile.');
        if (!isAppError(error, 'conflict') || tries === rewrapTriesMax) throw error;
      }
    }
  }

  /** The redactor hears of a key before anything else does. */
  #learn(key: MasterKey): void {
    for (const spelling of masterKeySpellings(key)) this.#deps.redactor.add(spelling);
    this.#keys.set(key.id, key);
  }

  #enter(status: VaultStatus, error?: unknown): VaultStatus {
    const { source, log, onStatus } = this.#deps;
    const before = this.#status;
    this.#status = status;
    if (isSame(before, status)) return status;
    const fields = { source: source.name, ...toFields(status) };
    if (status.state === 'locked') log.error('vault.locked', { ...fields, error });
    else if (before.state === 'locked') log.info('vault.opened', fields);
    onStatus(status);
    return status;
  }
}

function rewrap(secret: SealedSecret, current: MasterKey, next: MasterKey): SealedSecret {
  return { ...secret, masterKeyId: next.id, envelope: rewrapSecret(secret, secret.envelope, current, next) };
}

function toFields(status: VaultStatus): LogFields {
  return status.state === 'open' ? { master_key_id: status.masterKeyId } : { why: status.why };
}

function isSame(one: VaultStatus, other: VaultStatus): boolean {
  if (one.state === 'open') return other.state === 'open' && one.masterKeyId === other.masterKeyId;
  return other.state === 'locked' && one.why === other.why;
}

function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
