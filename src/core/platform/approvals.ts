import type { Address } from '../../domain/address.ts';
import type { Approval, ApprovalId } from '../../domain/approval.ts';
import { AppError } from '../../domain/errors.ts';
import type { NextId } from '../../domain/ids.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import { type PairingGrant, pairingLimits } from '../../domain/pairing.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ApprovalFilter } from '../../store/access-store.ts';
import type { Store } from '../../store/store.ts';
import { type PlanDeps, planMessage } from '../plan.ts';

export interface ApprovalsDeps {
  readonly store: Pick<Store, 'access' | 'outbox'>;
  readonly plan: PlanDeps;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
  readonly depthMax: number;
}

export interface DecideRequest {
  readonly id: string;
  readonly approve: boolean;
  readonly principal: string;
  /** How long a pairing lasts. */
  readonly grantMs?: number;
}

/** What waits for a second person. */
export class Approvals {
  readonly #deps: ApprovalsDeps;

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps;
  }

  list(filter: ApprovalFilter, page: PageRequest): Promise<Page<Approval>> {
    return this.#deps.store.access.listApprovals(filter, page);
  }

  /** @throws AppError `not_found`. */
  async get(id: string): Promise<Approval> {
    const approval = await this.#deps.store.access.getApproval(id as ApprovalId);
    if (!approval) throw new AppError('not_found', 'There is no such approval. See: palyra approvals list.');
    return approval;
  }

  /** Once, and not by whoever asked. A sender who asked to be paired is told. */
  async decide({ id, approve, principal, grantMs }: DecideRequest): Promise<Approval> {
    const { store, clock } = this.#deps;
    const asked = await this.get(id);
    if (asked.kind !== 'pairing' && grantMs !== undefined)
      throw new AppError('invalid_request', 'Only a pairing has a time that it lasts.');
    const now = clock.now();
    const grant: PairingGrant = {
      connector: asked.connector,
      sender: asked.requester,
      grantedBy: principal,
      grantedAt: now,
      expiresAt: now + (grantMs ?? pairingLimits.grantMsDefault),
    };
    const decided = await store.access.decideApproval({
      id: asked.id,
      approve,
      principal,
      now,
      ...(asked.kind === 'pairing' ? { grant } : {}),
    });
    if (decided.kind === 'pairing') await this.#tell(decided, approve, grant);
    return decided;
  }

  /** A courtesy: the decision stands whether or not it can be said. */
  async #tell(approval: Approval, approve: boolean, grant: PairingGrant): Promise<void> {
    const { store, plan, clock, log, depthMax } = this.#deps;
    const until = new Date(grant.expiresAt).toISOString().slice(0, 16).replace('T', ' ');
    const text = approve
      ? `You are paired with me until ${until} UTC. Write to me.`
      : 'Your request to be paired with me was declined.';
    try {
      const parts = planMessage(
        {
          key: `approval:${approval.id}`,
          address: approval.request.address as Address,
          operation: { op: 'send', text },
          origin: { kind: 'api', principal: approval.decidedBy ?? '' },
        },
        plan,
      );
      await store.outbox.enqueue(parts, clock.now(), depthMax);
    } catch (error) {
      log.warn('pairing.not_told', { connector_id: approval.connector, error });
    }
  }
}
