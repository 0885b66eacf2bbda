import type { ApprovalId } from '../../domain/approval.ts';
import type { ConnectorId } from '../../domain/ids.ts';
import type { PairingCode, PairingGrant } from '../../domain/pairing.ts';
import { sql } from '../../lib/sql.ts';
import type { AccessStore, Redemption, RedemptionResult } from '../access-store.ts';
import { insertApproval } from './approvals.ts';
import type { Methods, Tx } from './tx.ts';

interface CodeRow {
  digest: string;
  connector: ConnectorId;
  issued_by: string;
  created_at: number;
  expires_at: number;
}

interface GrantRow {
  connector: ConnectorId;
  sender: string;
  granted_by: string;
  granted_at: number;
  expires_at: number;
}

type PairingMethods = Pick<
  AccessStore,
  | 'putPairingCode'
  | 'listPairingCodes'
  | 'redeemPairingCode'
  | 'takePairingHint'
  | 'listPairingGrants'
  | 'revokePairingGrant'
>;

export const pairingMethods: Methods<PairingMethods> = {
  async putPairingCode(tx, code) {
    await tx.run(sql`
      insert into pairing_code (digest, connector, issued_by, created_at, expires_at)
      values (${code.digest}, ${code.connector}, ${code.issuedBy}, ${code.createdAt}, ${code.expiresAt})`);
  },

  async listPairingCodes(tx, connector, now) {
    const rows = await tx.all<CodeRow>(sql`
      select * from pairing_code where expires_at > ${now} and connector = ${connector} order by expires_at`);
    return rows.map(toCode);
  },

  redeemPairingCode: redeem,

  async takePairingHint(tx, connector, sender, now, everyMs) {
    const taken = await tx.run(sql`
      insert into pairing_attempt (connector, sender, failures, since, hinted_at)
      values (${connector}, ${sender}, 0, ${now}, ${now})
      on conflict (connector, sender) do update set hinted_at = excluded.hinted_at
      where pairing_attempt.hinted_at is null or pairing_attempt.hinted_at <= ${now - everyMs}`);
    return taken === 1;
  },

  async listPairingGrants(tx, now) {
    const rows = await tx.all<GrantRow>(
      sql`select * from pairing_grant where expires_at > ${now} order by expires_at, connector, sender`,
    );
    return rows.map(toGrant);
  },

  async revokePairingGrant(tx, connector, sender) {
    const revoked = await tx.run(
      sql`delete from pairing_grant where connector = ${connector} and sender = ${sender}`,
    );
    if (revoked > 0) tx.touch('access');
    return revoked > 0;
  },
};

async function redeem(tx: Tx, redemption: Redemption): Promise<RedemptionResult> {
  const { connector, sender, digest, now, approval } = redemption;
  const grant = await tx.get<GrantRow>(sql`
    select * from pairing_grant where connector = ${connector} and sender = ${sender} and expires_at > ${now}`);
  if (grant) return { kind: 'already_active', expiresAt: grant.expires_at };
  const pending = await tx.get<{ id: ApprovalId }>(sql`
    select id from approval where subject = ${approval.subject} and state = 'pending' and expires_at > ${now}`);
  if (pending) return { kind: 'already_pending', approval: pending.id };
  const { failures, since } = await failuresOf(tx, redemption);
  if (failures >= redemption.attemptsMax)
    return { kind: 'locked', until: since + redemption.attemptsWindowMs };
  const code = await tx.get<CodeRow>(sql`
    select * from pairing_code where digest = ${digest} and connector = ${connector}`);
  if (!code || code.expires_at <= now) {
    await countFailure(tx, redemption);
    const attemptsLeft = redemption.attemptsMax - failures - 1;
    return { kind: code ? 'expired' : 'invalid', attemptsLeft };
  }
  // Two senders with one code: the row that one of them deletes is gone for the other.
  const used = await tx.run(sql`delete from pairing_code where digest = ${digest}`);
  if (used === 0) return { kind: 'invalid', attemptsLeft: redemption.attemptsMax - failures };
  await insertApproval(tx, approval);
  return { kind: 'pending', approval: approval.id };
}

async function failuresOf(
  tx: Tx,
  { connector, sender, now, attemptsWindowMs }: Redemption,
): Promise<{ failures: number; since: number }> {
  const row = await tx.get<{ failures: number; since: number }>(sql`
    select failures, since from pairing_attempt where connector = ${connector} and sender = ${sender} ${tx.locks.forUpdate}`);
  return row && row.since > now - attemptsWindowMs ? row : { failures: 0, since: now };
}

async function countFailure(tx: Tx, { connector, sender, now, attemptsWindowMs }: Redemption): Promise<void> {
  await tx.run(sql`
    insert into pairing_attempt (connector, sender, failures, since) values (${connector}, ${sender}, 1, ${now})
    on conflict (connector, sender) do update set
      failures = case when pairing_attempt.since > ${now - attemptsWindowMs} then pairing_attempt.failures + 1 else 1 end,
      since = case when pairing_attempt.since > ${now - attemptsWindowMs} then pairing_attempt.since else ${now} end`);
}

export async function insertGrant(tx: Tx, grant: PairingGrant): Promise<void> {
  await tx.run(sql`
    insert into pairing_grant (connector, sender, granted_by, granted_at, expires_at)
    values (${grant.connector}, ${grant.sender}, ${grant.grantedBy}, ${grant.grantedAt}, ${grant.expiresAt})
    on conflict (connector, sender) do update set granted_by = excluded.granted_by,
      granted_at = excluded.granted_at, expires_at = excluded.expires_at`);
  tx.touch('access');
}

/** Whoever adds a connector of the same name again begins anew. */
export async function forgetPairing(tx: Tx, connector: ConnectorId): Promise<void> {
  const grants = await tx.run(sql`delete from pairing_grant where connector = ${connector}`);
  await tx.run(sql`delete from pairing_attempt where connector = ${connector}`);
  await tx.run(sql`delete from pairing_code where connector = ${connector}`);
  if (grants > 0) tx.touch('access');
}

function toCode(row: CodeRow): PairingCode {
  return {
    digest: row.digest,
    connector: row.connector,
    issuedBy: row.issued_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

function toGrant(row: GrantRow): PairingGrant {
  return {
    connector: row.connector,
    sender: row.sender,
    grantedBy: row.granted_by,
    grantedAt: row.granted_at,
    expiresAt: row.expires_at,
  };
}
