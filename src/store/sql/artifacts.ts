import type { ArtifactId, ArtifactRecord, AttachmentRecord } from '../../domain/artifact.ts';
import { sql } from '../../lib/sql.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import { type Methods, present, type Tx } from './tx.ts';

interface ArtifactRow {
  id: ArtifactId;
  content_type: string;
  bytes: number;
  created_at: number;
  used_at: number;
}

interface AttachmentRow {
  event_id: AttachmentRecord['event'];
  id: string;
  artifact: ArtifactId | null;
  reason: AttachmentRecord['reason'];
  at: number;
}

export const artifactMethods: Methods<ArtifactStore> = {
  async putArtifact(tx, { id, contentType, bytes, createdAt, usedAt }, bytesMax) {
    const known = await tx.run(sql`update artifact set used_at = ${usedAt} where id = ${id}`);
    if (known === 1) return true;
    const total = (await readTotal(tx)) + bytes;
    if (total > bytesMax) return false;
    await tx.run(sql`
      insert into artifact (id, content_type, bytes, created_at, used_at)
      values (${id}, ${contentType}, ${bytes}, ${createdAt}, ${usedAt})`);
    await writeTotal(tx, total);
    return true;
  },

  async touchArtifact(tx, id, at) {
    await tx.run(sql`update artifact set used_at = ${at} where id = ${id}`);
  },

  async getArtifact(tx, id) {
    const row = await tx.get<ArtifactRow>(sql`select * from artifact where id = ${id}`);
    return row && toArtifact(row);
  },

  async putAttachment(tx, { event, attachment, artifact, reason, at }) {
    await tx.run(sql`
      insert into attachment (event_id, id, artifact, reason, at)
      values (${event}, ${attachment}, ${artifact}, ${reason}, ${at})
      on conflict (event_id, id) do update set artifact = excluded.artifact, reason = excluded.reason, at = excluded.at`);
  },

  async listAttachments(tx, event) {
    const rows = await tx.all<AttachmentRow>(
      sql`select * from attachment where event_id = ${event} order by id`,
    );
    return rows.map((row) =>
      present({
        event: row.event_id,
        attachment: row.id,
        artifact: row.artifact,
        reason: row.reason,
        at: row.at,
      }),
    );
  },

  getArtifactBytes: (tx) => readTotal(tx),

  async listUnusedArtifacts(tx, before, limit) {
    const rows = await tx.all<{ id: ArtifactId }>(
      sql`select id from artifact where used_at < ${before} order by used_at limit ${limit}`,
    );
    return rows.map(({ id }) => id);
  },

  async pruneArtifacts(tx, ids, before) {
    let total = await readTotal(tx);
    for (const id of ids) {
      const row = await tx.get<{ bytes: number }>(
        sql`select bytes from artifact where id = ${id} and used_at < ${before} ${tx.locks.forUpdate}`,
      );
      if (!row) continue;
      await tx.run(
        sql`update attachment set artifact = null, reason = 'artifact_expired' where artifact = ${id}`,
      );
      await tx.run(sql`delete from artifact where id = ${id}`);
      total -= row.bytes;
    }
    await writeTotal(tx, total);
  },
};

/** Kept beside the rows, so that no file that comes has all of them added up. */
const totalKey = 'artifact.bytes';

async function readTotal(tx: Tx): Promise<number> {
  const row = await tx.get<{ value: string }>(
    sql`select value from meta where key = ${totalKey} ${tx.locks.forUpdate}`,
  );
  return Number(row?.value ?? 0);
}

async function writeTotal(tx: Tx, bytes: number): Promise<void> {
  await tx.run(sql`
    insert into meta (key, value) values (${totalKey}, ${String(bytes)})
    on conflict (key) do update set value = excluded.value`);
}

function toArtifact(row: ArtifactRow): ArtifactRecord {
  return {
    id: row.id,
    contentType: row.content_type,
    bytes: row.bytes,
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}
