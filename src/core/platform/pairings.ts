import type { AdapterRegistry } from '../../connectors/registry.ts';
import type { Approval } from '../../domain/approval.ts';
import { AppError } from '../../domain/errors.ts';
import { type ConnectorId, kindOf, parseConnectorId } from '../../domain/ids.ts';
import { type PairingGrant, pairingLimits } from '../../domain/pairing.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Policy } from '../policy.ts';
import { digestOfCode } from '../pairing.ts';

export interface PairingsDeps {
  readonly store: Pick<Store, 'access' | 'connectors'>;
  readonly adapters: AdapterRegistry;
  readonly policy: Pick<Policy, 'rules'>;
  readonly clock: Clock;
  /** Eight characters that cannot be guessed. */
  readonly newPairingCode: () => string;
}

export interface PairingView {
  readonly grants: readonly PairingGrant[];
  readonly pending: readonly Approval[];
  /** Codes that are good now. Nobody can see the codes themselves again. */
  readonly codes: readonly {
    readonly issuedBy: string;
    readonly createdAt: number;
    readonly expiresAt: number;
  }[];
}

const pendingMax = 100;

/** Who is paired with a connector, who wants to be, and the codes that are out. */
export class Pairings {
  readonly #deps: PairingsDeps;

  constructor(deps: PairingsDeps) {
    this.#deps = deps;
  }

  /** A code that is good for once. @throws AppError `conflict` when no rule would take it. */
  async mintCode(
    connector: string,
    { ttlMs, principal }: { readonly ttlMs: number; readonly principal: string },
  ): Promise<{ code: string; message: string; expiresAt: number }> {
    const { store, policy, clock, newPairingCode } = this.#deps;
    const id = await this.#connector(connector);
    const asks = policy.rules.some(
      ({ enabled, action, directMessages, match }) =>
        enabled && action === 'accept' && directMessages === 'pairing' && selects(match.sources, id),
    );
    if (!asks)
      throw new AppError(
        'conflict',
        `No rule asks for pairing on ${id}. Set one: palyra router rules set <id> --direct-messages pairing.`,
      );
    const code = newPairingCode();
    const now = clock.now();
    const expiresAt = now + Math.min(Math.max(ttlMs, pairingLimits.codeMsMin), pairingLimits.codeMsMax);
    await store.access.putPairingCode({
      digest: digestOfCode(id, code),
      connector: id,
      issuedBy: principal,
      createdAt: now,
      expiresAt,
    });
    return { code, message: `pair ${code}`, expiresAt };
  }

  async view(connector: string): Promise<PairingView> {
    const { store, clock } = this.#deps;
    const id = await this.#connector(connector);
    const now = clock.now();
    const [grants, codes, approvals] = await Promise.all([
      store.access.listPairingGrants(now),
      store.access.listPairingCodes(id, now),
      store.access.listApprovals({ kind: 'pairing', state: 'pending' }, { limit: pendingMax }),
    ]);
    return {
      grants: grants.filter((grant) => grant.connector === id),
      pending: approvals.items.filter((item) => item.connector === id && item.expiresAt > now),
      codes: codes.map(({ issuedBy, createdAt, expiresAt }) => ({ issuedBy, createdAt, expiresAt })),
    };
  }

  /** @throws AppError `not_found` when the sender holds no grant. */
  async revoke(connector: string, sender: string): Promise<void> {
    const { store, adapters } = this.#deps;
    const id = await this.#connector(connector);
    const canonical = adapters.get(kindOf(id)).canonicalIdentity('user', sender);
    if (!(await store.access.revokePairingGrant(id, canonical)))
      throw new AppError('not_found', `${canonical} is not paired with ${id}.`);
  }

  async #connector(text: string): Promise<ConnectorId> {
    const id = parseConnectorId(text);
    if (!(await this.#deps.store.connectors.getConnector(id)))
      throw new AppError('not_found', `There is no connector ${id}. See: palyra channels list.`);
    return id;
  }
}

function selects(sources: readonly string[] | undefined, id: ConnectorId): boolean {
  return sources === undefined || sources.some((source) => source === id || source === `${kindOf(id)}:*`);
}
