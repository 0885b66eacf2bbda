import { AppError } from '../../domain/errors.ts';
import { formatVaultRef, parseVaultRef } from '../../domain/vault-ref.ts';
import type { Vault } from '../../vault/vault.ts';
import type { ConnectorSupervisor } from '../connector-supervisor.ts';

/** The vault, and what has to follow when it changes. */
export class Secrets {
  readonly #vault: Vault;
  readonly #supervisor: ConnectorSupervisor;

  constructor({ vault, supervisor }: { readonly vault: Vault; readonly supervisor: ConnectorSupervisor }) {
    this.#vault = vault;
    this.#supervisor = supervisor;
  }

  get status(): ReturnType<Vault['status']> {
    return this.#vault.status();
  }

  async list(): Promise<readonly { ref: string; createdAt: number; updatedAt: number }[]> {
    return (await this.#vault.list()).map(({ ref, createdAt, updatedAt }) => ({
      ref: formatVaultRef(ref),
      createdAt,
      updatedAt,
    }));
  }

  /** Stores the secret, and starts the connectors that use it anew. */
  async set(scope: string, key: string, value: string): Promise<void> {
    const ref = parseVaultRef(`${scope}/${key}`);
    await this.#vault.put(ref, value);
    await Promise.all(this.#supervisor.usersOf(ref).map((id) => this.#supervisor.restart(id)));
  }

  /** @throws AppError `not_found`. */
  async remove(scope: string, key: string): Promise<void> {
    const ref = parseVaultRef(`${scope}/${key}`);
    if (!(await this.#vault.remove(ref)))
      throw new AppError('not_found', `There is no secret ${formatVaultRef(ref)}.`);
  }

  rotateKey(newKey: string | undefined): ReturnType<Vault['rotateMasterKey']> {
    return this.#vault.rotateMasterKey(newKey);
  }

  async unlock(): Promise<ReturnType<Vault['status']>> {
    const status = await this.#vault.unlock();
    if (status.state === 'open') this.#supervisor.retryNow();
    return status;
  }
}
