import type { Page, PageRequest } from '../domain/page.ts';

export type JournalLevel = 'info' | 'warn' | 'error';

/**
 * One step in the life of an event, a message, a delivery or a connector. `subject` is what the step is
 * traced by: an event id where there is one, else a message, delivery or connector id.
 */
export interface JournalEntry {
  readonly at: number;
  readonly kind: string;
  readonly level: JournalLevel;
  readonly source?: string;
  readonly subject?: string;
  /** Facts only: never message text, headers, payloads or secrets. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface StoredJournalEntry extends JournalEntry {
  /** Grows with every entry; resume after it. */
  readonly id: string;
}

export interface AuditEntry {
  readonly at: number;
  /** Who: a token's id and name. */
  readonly principal: string;
  readonly action: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface JournalStore {
  append(entries: readonly JournalEntry[]): Promise<void>;
  /** Oldest first, after the entry `after`; from the next entry on when `after` is absent and `limit` is 0. */
  readJournal(filter: {
    after?: string;
    source?: string;
    kind?: string;
    limit: number;
  }): Promise<readonly StoredJournalEntry[]>;
  /** Newest first. */
  listJournal(
    filter: { source?: string; kind?: string },
    page: PageRequest,
  ): Promise<Page<StoredJournalEntry>>;
  /** Everything about one subject, oldest first, at most `limit`. */
  listSubject(subject: string, limit: number): Promise<readonly StoredJournalEntry[]>;
  /** The id of the newest entry, or '0'. */
  getJournalHead(): Promise<string>;

  appendAudit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  listAudit(page: PageRequest): Promise<Page<AuditEntry & { readonly id: string }>>;
}

/** How many rows of a source are pending, dead or held right now. */
export interface Gauge {
  readonly source: string;
  readonly queue: 'inbox' | 'outbox';
  readonly state: string;
  readonly count: number;
}

/** How often something happened to a source in a minute. `minute` is Unix ms / 60,000. */
export interface Activity {
  readonly source: string;
  readonly minute: number;
  readonly kind: string;
  readonly count: number;
}

export interface RetentionPolicy {
  readonly now: number;
  /** Contents of rows that ended longer ago than this are removed; the row stays as a tombstone. */
  readonly contentsMs: number;
  /** Tombstones older than this are deleted: as long as a platform may send the same thing again. */
  readonly tombstonesMs: number;
  /** Dead letters keep their contents until somebody decides, but no longer than this. */
  readonly deadLettersMs: number;
  readonly journalMs: number;
  readonly auditMs: number;
  readonly activityMs: number;
  /** The most rows to look at per table in this call. */
  readonly sliceRows: number;
}

export interface StatsStore {
  listGauges(): Promise<readonly Gauge[]>;
  listActivity(sinceMinute: number): Promise<readonly Activity[]>;
  /** Since the beginning, summed by source and kind: what a metric counts. */
  listTotals(): Promise<readonly { source: string; kind: string; count: number }[]>;
  /**
   * When the newest event of each connector and integration that is switched on was accepted, Unix ms. Those of
   * which no event is kept are left out.
   */
  listLastEvents(): Promise<readonly { source: string; at: number }[]>;
  /** How long the longest-due lane of each queue has waited for a worker, in ms; 0 when none waits. */
  getLag(now: number): Promise<{ inboxMs: number; outboxMs: number }>;
}

export interface MaintenanceStore {
  /** Does one slice of retention. `more` says that another slice is worth while now. */
  prune(policy: RetentionPolicy): Promise<{ removed: number; more: boolean }>;
  /** A cheap proof that the store answers; `write` proves a commit. */
  getHealth(): Promise<{ schemaVersion: number; bytes: number }>;
  probeWrite(at: number): Promise<void>;
  /**
   * Ends every claim of a connector and every worker's lease as if its time had run out at `now`. Only for
   * a daemon that knows that it is alone: from any other it would take what it works on.
   */
  endClaims(now: number): Promise<void>;
}
