import type { InboundMessageEvent } from '../../domain/inbound-event.ts';
import { limits } from '../../domain/limits.ts';
import { type MessageRevision, reviseMessage } from '../../domain/revise-message.ts';
import { sql } from '../../lib/sql.ts';
import { finish } from './inbox-finish.ts';
import type { InboxRow } from './inbox-rows.ts';
import { record } from './record.ts';
import { fromJson, toJson, type Tx } from './tx.ts';

interface Revision {
  readonly row: InboxRow;
  /** The message as it is after this one, and those before. */
  readonly message: InboundMessageEvent;
}

/** What waits behind a message and changes it, in order. Nothing, for what is no message. */
export async function listRevisions(tx: Tx, row: InboxRow): Promise<readonly Revision[]> {
  if (row.type !== 'message.created') return [];
  const later = await tx.all<InboxRow>(sql`
    select * from (
      select * from inbox where lane = ${row.lane} and state = 'pending' and seq > ${row.seq}
      order by seq limit ${limits.revisionsLookedAtMax}) as later
    where type in ('message.edited', 'message.deleted') order by seq`);
  if (later.length === 0) return [];
  let message = fromJson(row.event ?? 'null') as InboundMessageEvent;
  return later.flatMap((behind) => {
    const revised = reviseMessage(message, fromJson(behind.event ?? 'null') as MessageRevision);
    if (!revised) return [];
    message = revised;
    return [{ row: behind, message }];
  });
}

/** Makes them part of the message, and ends them. Answers the row as it is then. */
export async function applyRevisions(tx: Tx, row: InboxRow, at: number): Promise<InboxRow> {
  const revisions = await listRevisions(tx, row);
  const last = revisions.at(-1);
  if (!last) return row;
  const event = toJson(last.message);
  await tx.run(sql`update inbox set event = ${event} where seq = ${row.seq}`);
  for (const revision of revisions)
    await finish(tx, revision.row, { at, state: 'ignored', reason: 'revision_applied', parts: [] });
  await record(tx, {
    at,
    kind: 'inbound.amended',
    source: row.source,
    subject: row.id,
    data: { by: revisions.map((revision) => revision.row.id) },
  });
  return { ...row, event };
}
