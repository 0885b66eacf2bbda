import { AppError } from '../domain/errors.ts';
import { type ConnectorId, kindOf } from '../domain/ids.ts';

export interface AccountOwnersDeps {
  /** The connector has a session, or will have one again by itself. */
  readonly isInUse: (id: ConnectorId) => boolean;
  /** The account that the connector was refused is nobody's any more. */
  readonly onFree: (id: ConnectorId) => void;
}

/**
 * Which connector is connected as which account of its platform. Two that are connected as one would both
 * answer everything that is said to it.
 */
export class AccountOwners {
  readonly #accounts = new Map<ConnectorId, string>();
  readonly #refused = new Map<ConnectorId, string>();
  readonly #deps: AccountOwnersDeps;

  constructor(deps: AccountOwnersDeps) {
    this.#deps = deps;
  }

  /**
   * For a connector that was connected as another account before, instead of that.
   * @throws AppError `conflict`, with the reason `account_taken`.
   */
  take(id: ConnectorId, account: string): void {
    const owner = this.ownerBeside(id, account);
    if (owner !== undefined || this.#accounts.get(id) !== account) this.forget(id);
    if (owner !== undefined) {
      this.#refused.set(id, account);
      throw new AppError('conflict', takenBy(owner), { reason: 'account_taken' });
    }
    this.#accounts.set(id, account);
  }

  /** Another connector of the kind that is connected as this account. */
  ownerBeside(id: ConnectorId, account: string): ConnectorId | undefined {
    return others(this.#accounts, id, account).find((other) => this.#deps.isInUse(other));
  }

  /** The connector is connected as no account any more, nor does it want to be. */
  forget(id: ConnectorId): void {
    const account = this.#accounts.get(id);
    this.#accounts.delete(id);
    this.#refused.delete(id);
    if (account === undefined) return;
    for (const other of others(this.#refused, id, account)) this.#deps.onFree(other);
  }
}

/** The other connectors of the kind that stand beside this account. */
function others(
  accounts: ReadonlyMap<ConnectorId, string>,
  id: ConnectorId,
  account: string,
): readonly ConnectorId[] {
  return [...accounts]
    .filter(([other, named]) => other !== id && named === account && kindOf(other) === kindOf(id))
    .map(([other]) => other);
}

function takenBy(owner: ConnectorId): string {
  return `${owner} is connected as the same account: both would answer every message. Remove one of them, or give it a credential of its own.`;
}
