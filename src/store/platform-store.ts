import type { ConversationRecord } from '../domain/conversation.ts';
import type { GapId, GapRecord, GapState } from '../domain/gap.ts';
import type { ConnectorId, SourceId } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/page.ts';

/** Where an adapter keeps a few things between sessions. */
export interface Note {
  readonly key: string;
  readonly value: string;
  /** Unix ms after which it is gone. */
  readonly expiresAt?: number;
}

export interface GapFilter {
  readonly connector?: ConnectorId;
  readonly state?: GapState;
}

/** What is known of a platform between two sessions of a connector. */
export interface PlatformStore {
  /** Most recently heard from first. */
  listConversations(source: SourceId, limit: number): Promise<readonly ConversationRecord[]>;

  /** Adds a gap, or replaces the one with its id. */
  putGap(gap: GapRecord): Promise<void>;
  getGap(id: GapId): Promise<GapRecord | undefined>;
  /** The gaps of a connector that are still open, oldest first. */
  listOpenGaps(connector: ConnectorId): Promise<readonly GapRecord[]>;
  /** Those of a connector, or of all. */
  countOpenGaps(connector?: ConnectorId): Promise<number>;
  /** Newest first. */
  listGaps(filter: GapFilter, page: PageRequest): Promise<Page<GapRecord>>;

  putNote(source: SourceId, note: Note): Promise<void>;
  /** Undefined for one that has expired by `now`. */
  getNote(source: SourceId, key: string, now: number): Promise<string | undefined>;
  removeNote(source: SourceId, key: string): Promise<void>;
}
