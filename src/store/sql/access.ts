import { AppError } from '../../domain/errors.ts';
import { sql } from '../../lib/sql.ts';
import type { AccessStore } from '../access-store.ts';
import { approvalMethods, lockApproval } from './approvals.ts';
import { botTurnMethods } from './bot-turns.ts';
import { insertGrant, pairingMethods } from './pairing.ts';
import type { Methods } from './tx.ts';

export const accessMethods: Methods<AccessStore> = {
  ...pairingMethods,
  ...approvalMethods,
  ...botTurnMethods,

  async decideApproval(tx, { id, approve, principal, now, grant }) {
    const approval = await lockApproval(tx, id);
    if (approval.state !== 'pending')
      throw new AppError('conflict', `Approval ${id} is ${approval.state} already.`);
    if (approval.expiresAt <= now) throw new AppError('conflict', `Approval ${id} has expired.`);
    if (approval.requester === principal)
      throw new AppError('forbidden', 'Whoever asks cannot decide. Use the token of somebody else.');
    const decided = {
      ...approval,
      state: approve ? 'approved' : 'denied',
      decidedBy: principal,
      decidedAt: now,
    } as const;
    await tx.run(sql`
      update approval set state = ${decided.state}, decided_by = ${principal}, decided_at = ${now} where id = ${id}`);
    if (approve && grant) await insertGrant(tx, grant);
    return decided;
  },
};
