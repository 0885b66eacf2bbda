import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ConnectorClaim, ConnectorStore } from '../store/connector-store.ts';

export interface KeepClaimDeps {
  readonly store: Pick<ConnectorStore, 'claim'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly claimMs: number;
}

/** The part of a claim's time in which it must be prolonged; the rest is for letting go before another takes it. */
const safeShare = 0.8;

/**
 * Prolongs a claim until the returned function is called. Calls `onLost` once when somebody else has it, or
 * when it could not be prolonged in time: before it runs out, whether or not the store answers.
 */
export function keepClaim(claim: ConnectorClaim, deps: KeepClaimDeps, onLost: () => void): () => void {
  const { store, clock, log, claimMs } = deps;
  let ended = false;
  const end = (): void => {
    ended = true;
    cancelRenewal();
    cancelExpiry();
  };
  const lose = (): void => {
    if (ended) return;
    end();
    onLost();
  };
  const renew = async (): Promise<void> => {
    const now = clock.now();
    try {
      const renewed = await store.claim(claim.connector, claim.owner, now, now + claimMs);
      if (renewed?.epoch !== claim.epoch) lose();
      if (ended) return;
      cancelExpiry();
      cancelExpiry = expireAt(now);
    } catch (error) {
      log.warn('connector.claim_not_renewed', { connector_id: claim.connector, error });
    }
    if (!ended) cancelRenewal = clock.after(claimMs / 3, () => void renew());
  };
  const expireAt = (renewedAt: number): (() => void) =>
    clock.after(renewedAt + claimMs * safeShare - clock.now(), lose);

  let cancelRenewal = clock.after(claimMs / 3, () => void renew());
  let cancelExpiry = expireAt(clock.now());
  return end;
}
