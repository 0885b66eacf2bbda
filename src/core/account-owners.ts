import { AppError } from '../domain/errors.ts';
import { type ConnectorId, kindOf } from '../domain/ids.ts';

/**
 * Which connector is connected as which account of its platform. Two that are connected as one would both
 * answer everything that is said to it.
 */
export class AccountOwners {
  readonly #accounts = new Map<ConnectorId, string>();
  readonly #isInUse: (id: ConnectorId) => boolean;

  /** `isInUse`: the connector has a session, or will have one again by itself. */
  constructor(isInUse: (id: ConnectorId) => boolean) {
    this.#isInUse = isInUse;
  }

  /** For a connector that was connected as another account before, instead of that. @throws AppError `conflict`. */
  take(id: ConnectorId, account: string): void {
    this.#accounts.delete(id);
    const owner = this.ownerBeside(id, account);
    if (owner !== undefined) throw new AppError('conflict', takenBy(owner), { reason: 'account_taken' });
    this.#accounts.set(id, account);
  }

  /** Another connector of the kind that is connected as this account. */
  ownerBeside(id: ConnectorId, account: string): ConnectorId | undefined {
    for (const [other, taken] of this.#accounts)
      if (other !== id && taken === account && kindOf(other) === kindOf(id) && this.#isInUse(other))
        return other;
    return undefined;
  }

  forget(id: ConnectorId): void {
    this.#accounts.delete(id);
  }
}

function takenBy(owner: ConnectorId): string {
  return `${owner} is connected as the same account: both would answer every message. Remove one of them, or give it a credential of its own.`;
}
