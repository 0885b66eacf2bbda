import type { Brand } from './brand.ts';
import type { EventId } from './ids.ts';
import type { ReasonCode } from './reasons.ts';

/** SHA-256 of the bytes, hex. */
export type ArtifactId = Brand<'ArtifactId'>;

/** A file that came with a message, kept once however often it came. */
export interface ArtifactRecord {
  readonly id: ArtifactId;
  /** As its bytes say, whatever the platform said. */
  readonly contentType: string;
  readonly bytes: number;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** What became of one attachment of an event. */
export interface AttachmentRecord {
  readonly event: EventId;
  readonly attachment: string;
  /** Absent when it was not taken; `reason` says why. */
  readonly artifact?: ArtifactId;
  readonly reason: ReasonCode;
  readonly at: number;
}
