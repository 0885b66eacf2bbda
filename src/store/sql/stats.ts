import { AppError } from '../../domain/errors.ts';
import type { EventId, PartId } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { sql, sqlWhere } from '../../lib/sql.ts';
import type { Gauge, StatsStore } from '../journal-store.ts';
import type { DeadLetter, DeadLetterStore } from '../outbox-store.ts';
import type { QueueName } from '../queue.ts';
import { firstDueAt, readGates, sourcesWithLanes } from './due-lanes.ts';
import { type Methods, present, type Tx } from './tx.ts';

export const statsMethods: Methods<StatsStore> = {
  async listGauges(tx) {
    const rows = await tx.all<Omit<Gauge, 'count'> & { n: number }>(
      sql`select * from gauge order by source, queue, state`,
    );
    return rows.map(({ n, ...gauge }) => ({ ...gauge, count: n }));
  },

  async listActivity(tx, sinceMinute) {
    const rows = await tx.all<{ source: string; minute: number; kind: string; n: number }>(
      sql`select * from activity where minute >= ${sinceMinute} order by minute, source, kind`,
    );
    return rows.map(({ n, ...activity }) => ({ ...activity, count: n }));
  },

  async listTotals(tx) {
    const rows = await tx.all<{ source: string; kind: string; n: number }>(
      sql`select * from total order by source, kind`,
    );
    return rows.map(({ n, ...total }) => ({ ...total, count: n }));
  },

  async listLastEvents(tx) {
    const rows = await tx.all<{ source: string; at: number | null }>(sql`
      select source, (select accepted_at from inbox where inbox.source = known.source order by seq desc limit 1) as at
      from (
        select id as source from connector where enabled = 1
        union all select 'webhook:' || id from integration where enabled = 1
      ) as known order by source`);
    return rows.flatMap(({ source, at }) => (at === null ? [] : [{ source, at }]));
  },

  async getLag(tx, now) {
    return { inboxMs: await lag(tx, 'inbox', now), outboxMs: await lag(tx, 'outbox', now) };
  },
};

/**
 * A lane under lease is due when the lease runs out, so what is overdue waits for a worker. A queue that is
 * paused or on hold does not count.
 */
async function lag(tx: Tx, queue: QueueName, now: number): Promise<number> {
  const gateOf = await readGates(tx, queue, now);
  let longest = 0;
  for (const source of await sourcesWithLanes(tx, queue)) {
    const { closed, drainThrough } = gateOf(source);
    if (closed || drainThrough !== undefined) continue;
    longest = Math.max(longest, now - ((await firstDueAt(tx, queue, source)) ?? now));
  }
  return longest;
}

interface DeadRow {
  id: EventId | PartId;
  queue: 'inbox' | 'outbox';
  source: string;
  state: 'dead' | 'held';
  reason: ReasonCode;
  detail: string | null;
  attempts: number;
  at: number;
}

export const deadLetterMethods: Methods<DeadLetterStore> = {
  async listDeadLetters(tx, { source }, page) {
    const after = page.cursor === undefined ? undefined : parseCursor(page.cursor);
    const conditions = [
      source === undefined ? undefined : sql`source = ${source}`,
      after && sql`(finished_at, id) < (${after.at}, ${after.id})`,
    ];
    const limit = page.limit + 1;
    const rows = await tx.all<DeadRow>(sql`
      select * from (
        select * from (
          select id, 'inbox' as queue, source, state, reason, detail, attempts, finished_at as at
          from inbox ${sqlWhere([sql`state = 'dead'`, ...conditions])} order by finished_at desc, id desc limit ${limit}) as events
        union all select * from (
          select id, 'outbox' as queue, source, state, reason, detail, attempts, finished_at as at
          from outbox ${sqlWhere([sql`state in ('dead', 'held')`, ...conditions])} order by finished_at desc, id desc limit ${limit}) as parts
      ) as letters order by at desc, id desc limit ${limit}`);
    const items = rows.slice(0, page.limit).map((row) => present(row) as DeadLetter);
    const last = items.at(-1);
    return { items, ...(rows.length > page.limit && last ? { next: `${last.at}.${last.id}` } : {}) };
  },
};

function parseCursor(cursor: string): { at: number; id: string } {
  const match = /^(\d{1,15})\.([a-z0-9_]{1,64})$/.exec(cursor);
  if (!match) throw new AppError('invalid_request', 'The page cursor is not one that this API gave out.');
  return { at: Number(match[1]), id: match[2] ?? '' };
}
