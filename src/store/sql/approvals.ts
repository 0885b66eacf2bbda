import type { Approval, ApprovalId, ApprovalUse } from '../../domain/approval.ts';
import { AppError } from '../../domain/errors.ts';
import { sql } from '../../lib/sql.ts';
import type { AccessStore } from '../access-store.ts';
import { readPage } from './page.ts';
import { fromJson, type Methods, present, toJson, type Tx } from './tx.ts';

interface ApprovalRow {
  id: ApprovalId;
  kind: Approval['kind'];
  subject: string;
  connector: Approval['connector'];
  requester: string;
  risk: Approval['risk'];
  content_hash: string;
  request: string;
  state: Approval['state'];
  created_at: number;
  expires_at: number;
  decided_by: string | null;
  decided_at: number | null;
}

type ApprovalMethods = Pick<AccessStore, 'requestApproval' | 'getApproval' | 'listApprovals'>;

export const approvalMethods: Methods<ApprovalMethods> = {
  async requestApproval(tx, approval) {
    const pending = await tx.get<ApprovalRow>(
      sql`select * from approval where subject = ${approval.subject} and state = 'pending' ${tx.locks.forUpdate}`,
    );
    const isSame =
      pending?.content_hash === approval.contentHash &&
      pending.requester === approval.requester &&
      pending.expires_at > approval.createdAt;
    if (pending && isSame) return toApproval(pending);
    await insertApproval(tx, approval);
    return approval;
  },

  async getApproval(tx, id) {
    const row = await tx.get<ApprovalRow>(sql`select * from approval where id = ${id}`);
    return row && toApproval(row);
  },

  listApprovals(tx, { state, kind }, page) {
    const filter = [
      state === undefined ? undefined : sql`state = ${state}`,
      kind === undefined ? undefined : sql`kind = ${kind}`,
    ];
    return readPage(tx, page, { columns: sql`*`, from: sql`approval`, where: [], filter }, toApproval);
  },
};

/** @throws AppError as `OutboxStore.enqueue` says. */
export async function useApproval(
  tx: Tx,
  { id, contentHash, principal }: ApprovalUse,
  now: number,
): Promise<void> {
  const approval = await lockApproval(tx, id);
  if (approval.requester !== principal)
    throw new AppError('forbidden', `Approval ${id} is for whoever asked for it.`);
  if (approval.state !== 'approved')
    throw new AppError('conflict', `Approval ${id} is ${approval.state}, not approved.`);
  if (approval.expiresAt <= now) throw new AppError('conflict', `Approval ${id} has expired. Ask again.`);
  if (approval.contentHash !== contentHash)
    throw new AppError('conflict', `Approval ${id} is for other contents. Ask again.`);
  await tx.run(sql`update approval set state = 'consumed' where id = ${id}`);
}

/** One that is pending for the same subject gives way: its time is over, or it was for something else. */
export async function insertApproval(tx: Tx, approval: Approval): Promise<void> {
  await tx.run(sql`
    update approval set state = 'denied', decided_by = 'superseded', decided_at = ${approval.createdAt}
    where subject = ${approval.subject} and state = 'pending'`);
  await tx.run(sql`
    insert into approval (id, kind, subject, connector, requester, risk, content_hash, request, state, created_at, expires_at)
    values (${approval.id}, ${approval.kind}, ${approval.subject}, ${approval.connector}, ${approval.requester},
      ${approval.risk}, ${approval.contentHash}, ${toJson(approval.request)}, ${approval.state}, ${approval.createdAt},
      ${approval.expiresAt})`);
}

/** @throws AppError `not_found`. */
export async function lockApproval(tx: Tx, id: ApprovalId): Promise<Approval> {
  const row = await tx.get<ApprovalRow>(sql`select * from approval where id = ${id} ${tx.locks.forUpdate}`);
  if (!row) throw new AppError('not_found', 'There is no such approval. See: palyra approvals list.');
  return toApproval(row);
}

function toApproval(row: ApprovalRow): Approval {
  return present({
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    connector: row.connector,
    requester: row.requester,
    risk: row.risk,
    contentHash: row.content_hash,
    request: fromJson(row.request) as Record<string, unknown>,
    state: row.state,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
  });
}
