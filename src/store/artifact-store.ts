import type { ArtifactId, ArtifactRecord, AttachmentRecord } from '../domain/artifact.ts';
import type { EventId } from '../domain/ids.ts';

/** What is known of the files that came with messages. Their bytes are not in here. */
export interface ArtifactStore {
  /** Adds it, or notes that it was used again. */
  putArtifact(artifact: ArtifactRecord): Promise<void>;
  getArtifact(id: ArtifactId): Promise<ArtifactRecord | undefined>;
  putAttachment(attachment: AttachmentRecord): Promise<void>;
  listAttachments(event: EventId): Promise<readonly AttachmentRecord[]>;
  /** Bytes of all artifacts. */
  getArtifactBytes(): Promise<number>;
  /**
   * Forgets up to `limit` artifacts that were not used since `before`, with what points at them; answers their
   * ids, so that their bytes can be removed.
   */
  pruneArtifacts(before: number, limit: number): Promise<readonly ArtifactId[]>;
}
