import type { AccessStore } from './access-store.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { ConnectorStore } from './connector-store.ts';
import type { InboxStore } from './inbox-store.ts';
import type { JournalStore, MaintenanceStore, StatsStore } from './journal-store.ts';
import type { DeadLetterStore, OutboxStore } from './outbox-store.ts';
import type { PlatformStore } from './platform-store.ts';
import type { AgentStore, MetaStore, RuleStore, SecretStore, TokenStore } from './settings-store.ts';
import type { WebhookStore } from './webhook-store.ts';

/** What a commit may have changed, for those who wait for it. */
export type Topic =
  'inbox' | 'outbox' | 'journal' | 'rules' | 'agents' | 'connectors' | 'webhooks' | 'secrets' | 'access';

/**
 * Everything durable. A method is one transaction, and its promise settles after the commit; no handle
 * leaves the store. Times come from the caller. Arguments and answers are plain data.
 *
 * Any method may throw AppError `unavailable` when the database cannot be reached or cannot commit.
 * Nothing has changed then, unless the answer to a commit was lost on the way.
 *
 * Methods that begin with `get`, `list`, `read` or `find` only read; they see every commit whose promise
 * has resolved before the call.
 */
export interface Store {
  readonly inbox: InboxStore;
  readonly outbox: OutboxStore;
  readonly deadLetters: DeadLetterStore;
  readonly connectors: ConnectorStore;
  readonly platforms: PlatformStore;
  readonly access: AccessStore;
  readonly artifacts: ArtifactStore;
  readonly webhooks: WebhookStore;
  readonly rules: RuleStore;
  readonly agents: AgentStore;
  readonly tokens: TokenStore;
  readonly secrets: SecretStore;
  readonly meta: MetaStore;
  readonly journal: JournalStore;
  readonly stats: StatsStore;
  readonly maintenance: MaintenanceStore;

  /** Calls `listener` after each commit with what may have changed. Returns the way to stop. */
  watch(listener: (topics: ReadonlySet<Topic>) => void): () => void;
  /** Waits for what is under way, then closes. Later calls throw `unavailable`. */
  close(): Promise<void>;
}
