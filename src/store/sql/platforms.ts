import type { ConversationRecord } from '../../domain/conversation.ts';
import type { GapRecord } from '../../domain/gap.ts';
import type { SourceId } from '../../domain/ids.ts';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import { sql } from '../../lib/sql.ts';
import type { Note, PlatformStore } from '../platform-store.ts';
import { readPage } from './page.ts';
import { type Methods, present, type Tx } from './tx.ts';

interface ConversationRow {
  lane: string;
  source: SourceId;
  conversation: string;
  thread: string | null;
  guild: string | null;
  direct: number;
  position: string;
  seen_at: number;
}

interface GapRow {
  id: GapRecord['id'];
  source: GapRecord['connector'];
  scope: string;
  from_at: number;
  to_at: number | null;
  cause: string;
  state: GapRecord['state'];
  detail: string | null;
  recovered: number;
  duplicates: number;
  skipped: number;
}

export const platformMethods: Methods<PlatformStore> = {
  async listConversations(tx, source, limit) {
    const rows = await tx.all<ConversationRow>(sql`
      select * from conversation where source = ${source} order by seen_at desc, lane limit ${limit}`);
    return rows.map(toConversation);
  },

  async putGap(tx, gap) {
    await tx.run(sql`
      insert into gap (id, source, scope, from_at, to_at, cause, state, detail, recovered, duplicates, skipped)
      values (${gap.id}, ${gap.connector}, ${gap.scope}, ${gap.fromAt}, ${gap.toAt}, ${gap.cause}, ${gap.state},
        ${gap.detail}, ${gap.recovered}, ${gap.duplicates}, ${gap.skipped})
      on conflict (id) do update set to_at = excluded.to_at, cause = excluded.cause, state = excluded.state,
        detail = excluded.detail, recovered = excluded.recovered, duplicates = excluded.duplicates,
        skipped = excluded.skipped`);
  },

  async getGap(tx, id) {
    const row = await tx.get<GapRow>(sql`select * from gap where id = ${id}`);
    return row && toGap(row);
  },

  async listOpenGaps(tx, connector) {
    const rows = await tx.all<GapRow>(sql`
      select * from gap where source = ${connector} and state = 'open' order by scope, seq`);
    return rows.map(toGap);
  },

  async countOpenGaps(tx, connector) {
    const own = connector === undefined ? sql`` : sql`and source = ${connector}`;
    const row = await tx.get<{ count: number }>(
      sql`select count(*) as count from gap where state = 'open' ${own}`,
    );
    return row?.count ?? 0;
  },

  listGaps(tx, { connector, state }, page) {
    return readPage(
      tx,
      page,
      {
        columns: sql`*`,
        from: sql`gap`,
        where: [connector === undefined ? undefined : sql`source = ${connector}`],
        filter: [state === undefined ? undefined : sql`state = ${state}`],
      },
      toGap,
    );
  },

  putNote: (tx, source, note) => writeNote(tx, source, note),

  async getNote(tx, source, key, now) {
    const row = await tx.get<{ value: string }>(sql`
      select value from note where source = ${source} and key = ${key} and (expires_at is null or expires_at > ${now})`);
    return row?.value;
  },

  async removeNote(tx, source, key) {
    await tx.run(sql`delete from note where source = ${source} and key = ${key}`);
  },
};

export async function writeNote(tx: Tx, source: SourceId, { key, value, expiresAt }: Note): Promise<void> {
  await tx.run(sql`
    insert into note (source, key, value, expires_at) values (${source}, ${key}, ${value}, ${expiresAt})
    on conflict (source, key) do update set value = excluded.value, expires_at = excluded.expires_at`);
}

/** Moves how far a conversation has been heard, and never back. */
export async function noteHeard(tx: Tx, event: InboundEvent, at: number): Promise<void> {
  if (event.type === 'webhook' || event.position === undefined) return;
  const { address, position, direct, guild } = event;
  await tx.run(sql`
    insert into conversation (lane, source, conversation, thread, guild, direct, position, seen_at)
    values (${event.lane}, ${event.source}, ${address.conversation}, ${address.thread}, ${guild}, ${direct ? 1 : 0},
      ${position}, ${at})
    on conflict (lane) do update set position = excluded.position, seen_at = excluded.seen_at
    where length(excluded.position) > length(conversation.position)
      or (length(excluded.position) = length(conversation.position) and excluded.position > conversation.position)`);
}

/** Everything here that belongs to a connector which is removed. Its gaps stay, closed: they are history. */
export async function forgetPlatform(tx: Tx, source: SourceId, at: number): Promise<void> {
  await tx.run(sql`
    update gap set state = 'skipped', to_at = coalesce(to_at, ${at}), detail = 'The connector was removed.'
    where source = ${source} and state = 'open'`);
  await tx.run(sql`delete from conversation where source = ${source}`);
  await tx.run(sql`delete from note where source = ${source}`);
}

function toConversation(row: ConversationRow): ConversationRecord {
  return present({
    lane: row.lane,
    source: row.source,
    conversation: row.conversation,
    thread: row.thread,
    guild: row.guild,
    direct: row.direct === 1,
    position: row.position,
    seenAt: row.seen_at,
  });
}

function toGap(row: GapRow): GapRecord {
  return present({
    id: row.id,
    connector: row.source,
    scope: row.scope,
    fromAt: row.from_at,
    toAt: row.to_at,
    cause: row.cause,
    state: row.state,
    detail: row.detail,
    recovered: row.recovered,
    duplicates: row.duplicates,
    skipped: row.skipped,
  });
}
