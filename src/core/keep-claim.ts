import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ConnectorClaim, ConnectorStore } from '../store/connector-store.ts';

export interface KeepClaimDeps {
  readonly store: Pick<ConnectorStore, 'claim'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly claimMs: number;
}

/**
 * Prolongs a claim until the returned function is called. Calls `onLost` once when somebody else has it, or
 * when the store could not be reached for as long as it was good.
 */
export function keepClaim(claim: ConnectorClaim, deps: KeepClaimDeps, onLost: () => void): () => void {
  const { store, clock, log, claimMs } = deps;
  let goodUntil = clock.now() + claimMs;
  let ended = false;
  let cancel = clock.after(claimMs / 3, () => void renew());

  const renew = async (): Promise<void> => {
    const now = clock.now();
    try {
      const renewed = await store.claim(claim.connector, claim.owner, now, now + claimMs);
      if (renewed?.epoch !== claim.epoch) return lose();
      goodUntil = now + claimMs;
    } catch (error) {
      log.warn('connector.claim_not_renewed', { connector_id: claim.connector, error });
      if (clock.now() >= goodUntil) return lose();
    }
    if (!ended) cancel = clock.after(claimMs / 3, () => void renew());
  };
  const lose = (): void => {
    if (!ended) onLost();
  };
  return () => {
    ended = true;
    cancel();
  };
}
