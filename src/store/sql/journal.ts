import { sql, sqlWhere } from '../../lib/sql.ts';
import type {
  AuditEntry,
  JournalEntry,
  JournalLevel,
  JournalStore,
  StoredJournalEntry,
} from '../journal-store.ts';
import { parseCursor, readPage } from './page.ts';
import { record } from './record.ts';
import { fromJson, type Methods, present, toJson } from './tx.ts';

interface JournalRow {
  seq: number;
  at: number;
  kind: string;
  level: JournalLevel;
  source: string | null;
  subject: string | null;
  data: string;
}

interface AuditRow {
  seq: number;
  at: number;
  principal: string;
  action: string;
  target: string;
  detail: string;
}

export const journalMethods: Methods<JournalStore> = {
  async append(tx, entries) {
    for (const entry of entries) await record(tx, entry);
  },

  async readJournal(tx, { after, source, kind, limit }) {
    const rows = await tx.all<JournalRow>(sql`
      select * from journal ${sqlWhere([
        sql`seq > ${after === undefined ? 0 : parseCursor(after)}`,
        source === undefined ? undefined : sql`source = ${source}`,
        kind === undefined ? undefined : sql`kind = ${kind}`,
      ])} order by seq limit ${limit}`);
    return rows.map(toEntry);
  },

  listJournal: (tx, { source, kind }, page) =>
    readPage(
      tx,
      page,
      {
        columns: sql`*`,
        from: sql`journal`,
        where: [source === undefined ? undefined : sql`source = ${source}`],
        filter: [kind === undefined ? undefined : sql`kind = ${kind}`],
      },
      toEntry,
    ),

  async listSubject(tx, subject, limit) {
    const rows = await tx.all<JournalRow>(
      sql`select * from journal where subject = ${subject} order by seq limit ${limit}`,
    );
    return rows.map(toEntry);
  },

  async getJournalHead(tx) {
    const head = await tx.get<{ seq: number | null }>(sql`select max(seq) as seq from journal`);
    return String(head?.seq ?? 0);
  },

  async appendAudit(tx, entry) {
    await tx.run(sql`
      insert into audit (at, principal, action, target, detail)
      values (${entry.at}, ${entry.principal}, ${entry.action}, ${entry.target}, ${toJson(entry.detail)})`);
    await record(tx, {
      at: entry.at,
      kind: 'admin.changed',
      subject: entry.target,
      data: { principal: entry.principal, action: entry.action },
    });
  },

  listAudit: (tx, page) => readPage(tx, page, { columns: sql`*`, from: sql`audit`, where: [] }, toAudit),
};

function toEntry(row: JournalRow): StoredJournalEntry {
  const entry: JournalEntry = present({
    at: row.at,
    kind: row.kind,
    level: row.level,
    source: row.source,
    subject: row.subject,
    data: fromJson(row.data) as Record<string, unknown>,
  });
  return { id: String(row.seq), ...entry };
}

function toAudit(row: AuditRow): AuditEntry & { id: string } {
  return {
    id: String(row.seq),
    at: row.at,
    principal: row.principal,
    action: row.action,
    target: row.target,
    detail: fromJson(row.detail) as Record<string, unknown>,
  };
}
