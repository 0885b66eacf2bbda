import type { ArtifactId, ArtifactRecord, AttachmentRecord } from '../domain/artifact.ts';
import type { EventId } from '../domain/ids.ts';

/** What is known of the files that came with messages. Their bytes are not in here. */
export interface ArtifactStore {
  /** Adds it, or notes that it was used again. False, and nothing is changed, when all of them would be over `bytesMax`. */
  putArtifact(artifact: ArtifactRecord, bytesMax: number): Promise<boolean>;
  /** Notes that it was used; nothing when it is gone. */
  touchArtifact(id: ArtifactId, at: number): Promise<void>;
  getArtifact(id: ArtifactId): Promise<ArtifactRecord | undefined>;
  putAttachment(attachment: AttachmentRecord): Promise<void>;
  listAttachments(event: EventId): Promise<readonly AttachmentRecord[]>;
  /** Bytes of all artifacts. */
  getArtifactBytes(): Promise<number>;
  /** Up to `limit` that were not used since `before`, the longest unused first. */
  listUnusedArtifacts(before: number, limit: number): Promise<readonly ArtifactId[]>;
  /** Forgets those of them that still were not used since `before`, and says so where they were attached. */
  pruneArtifacts(ids: readonly ArtifactId[], before: number): Promise<void>;
}
