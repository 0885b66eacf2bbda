import type { SourceId } from './ids.ts';

/** A place that a connector has heard from, and how far. */
export interface ConversationRecord {
  readonly lane: string;
  readonly source: SourceId;
  readonly conversation: string;
  readonly thread?: string;
  readonly guild?: string;
  readonly direct: boolean;
  /** The platform's sortable id of the newest committed message: longer is later, then by text. */
  readonly position: string;
  /** Unix ms. */
  readonly seenAt: number;
}
