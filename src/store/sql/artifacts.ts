import type { ArtifactId, ArtifactRecord, AttachmentRecord } from '../../domain/artifact.ts';
import { sql } from '../../lib/sql.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import { type Methods, present } from './tx.ts';

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
  async putArtifact(tx, artifact) {
    await tx.run(sql`
      insert into artifact (id, content_type, bytes, created_at, used_at)
      values (${artifact.id}, ${artifact.contentType}, ${artifact.bytes}, ${artifact.createdAt}, ${artifact.usedAt})
      on conflict (id) do update set used_at = excluded.used_at`);
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

  async getArtifactBytes(tx) {
    const row = await tx.get<{ bytes: number | null }>(sql`select sum(bytes) as bytes from artifact`);
    return row?.bytes ?? 0;
  },

  async pruneArtifacts(tx, before, limit) {
    const rows = await tx.all<{ id: ArtifactId }>(
      sql`select id from artifact where used_at < ${before} order by used_at limit ${limit}`,
    );
    for (const { id } of rows) {
      await tx.run(
        sql`update attachment set artifact = null, reason = 'artifact_expired' where artifact = ${id}`,
      );
      await tx.run(sql`delete from artifact where id = ${id}`);
    }
    return rows.map(({ id }) => id);
  },
};

function toArtifact(row: ArtifactRow): ArtifactRecord {
  return {
    id: row.id,
    contentType: row.content_type,
    bytes: row.bytes,
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}
