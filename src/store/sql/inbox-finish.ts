import { sql } from '../../lib/sql.ts';
import type { EventEnd } from '../inbox-store.ts';
import type { InboxRow } from './inbox-rows.ts';
import { insertParts } from './outbox-enqueue.ts';
import { record } from './record.ts';
import type { Tx } from './tx.ts';

/** Writes the end of an event together with what its turn sends. */
export async function finish(
  tx: Tx,
  row: InboxRow,
  end: Omit<EventEnd, 'rule' | 'agent'> & { rule?: string | null; agent?: string | null },
): Promise<void> {
  await tx.run(sql`
    update inbox set state = ${end.state}, reason = ${end.reason}, detail = ${end.detail}, opened = 0, awaiting = 0,
      rule_id = ${end.rule}, agent_id = ${end.agent}, finished_at = ${end.at} where seq = ${row.seq}`);
  tx.gauge(row.source, 'inbox', 'pending', -1);
  if (end.state === 'dead') tx.gauge(row.source, 'inbox', 'dead', 1);
  tx.count(row.source, end.state, end.at);
  await record(tx, {
    at: end.at,
    kind: end.state === 'done' ? 'turn.ended' : `inbound.${end.state}`,
    level: end.state === 'dead' ? 'error' : 'info',
    source: row.source,
    subject: row.id,
    data: { code: end.reason, detail: end.detail, rule: end.rule, agent: end.agent, parts: end.parts.length },
  });
  if (end.parts.length > 0) await insertParts(tx, end.parts, end.at);
  tx.touch('inbox');
}
