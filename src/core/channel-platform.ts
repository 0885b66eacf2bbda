import type { Readable } from 'node:stream';
import type { AdapterRegistry } from '../connectors/registry.ts';
import type { ArtifactId } from '../domain/artifact.ts';
import { AppError } from '../domain/errors.ts';
import type { GapRecord } from '../domain/gap.ts';
import type { BlobFiles } from '../lib/blob-files.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { SourceId } from '../domain/ids.ts';
import type { AuditEntry, Gauge, StoredJournalEntry } from '../store/journal-store.ts';
import type { EventRecord, EventState } from '../store/inbox-store.ts';
import type { Store } from '../store/store.ts';
import type { Health, Readiness } from './health.ts';
import type { Approvals } from './platform/approvals.ts';
import type { Agents } from './platform/agents.ts';
import type { Channels, ChannelView } from './platform/channels.ts';
import { type EventBatch, type EventTailRequest, openEventTail } from './platform/event-tail.ts';
import type { Deliveries } from './platform/deliveries.ts';
import { type Check, diagnose } from './platform/doctor.ts';
import { type GapFilter, type GapPage, listGaps } from './platform/gaps.ts';
import type { Messages } from './platform/messages.ts';
import type { Onboarding } from './platform/onboarding.ts';
import type { Operations } from './platform/operations.ts';
import type { Pairings } from './platform/pairings.ts';
import type { Rules } from './platform/rules.ts';
import type { Secrets } from './platform/secrets.ts';
import { type Identity, type StatusView, statusOf } from './platform/status.ts';
import type { Tokens } from './platform/tokens.ts';
import type { Webhooks } from './platform/webhooks.ts';
import type { Clock } from '../lib/clock.ts';
import { blockOf } from './queue-block.ts';
import { type Trace, type TraceDeps, traceOf } from './trace.ts';
import { type Why, whyOf } from './why.ts';

export interface ChannelPlatformDeps {
  readonly store: Store;
  readonly adapters: AdapterRegistry;
  readonly clock: Clock;
  readonly files: BlobFiles;
  readonly health: Health;
  readonly identity: () => Identity;
  readonly channels: Channels;
  readonly messages: Messages;
  readonly operations: Operations;
  readonly approvals: Approvals;
  readonly pairings: Pairings;
  readonly onboarding: Onboarding;
  readonly rules: Rules;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly agents: Agents;
  readonly secrets: Secrets;
  readonly tokens: Tokens;
}

const newestGapsMax = 500;

/** The daemon's one face to everything that an operator can see or do. The surfaces call nothing else. */
export class ChannelPlatform {
  readonly #deps: ChannelPlatformDeps;
  readonly channels: Channels;
  readonly messages: Messages;
  readonly operations: Operations;
  readonly approvals: Approvals;
  readonly pairings: Pairings;
  readonly onboarding: Onboarding;
  readonly rules: Rules;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly agents: Agents;
  readonly secrets: Secrets;
  readonly tokens: Tokens;

  constructor(deps: ChannelPlatformDeps) {
    this.#deps = deps;
    this.channels = deps.channels;
    this.messages = deps.messages;
    this.operations = deps.operations;
    this.approvals = deps.approvals;
    this.pairings = deps.pairings;
    this.onboarding = deps.onboarding;
    this.rules = deps.rules;
    this.webhooks = deps.webhooks;
    this.deliveries = deps.deliveries;
    this.agents = deps.agents;
    this.secrets = deps.secrets;
    this.tokens = deps.tokens;
  }

  status(): Promise<StatusView> {
    return statusOf(this.#deps);
  }

  readiness(): Promise<Readiness> {
    return this.#deps.health.check();
  }

  async doctor(): Promise<readonly Check[]> {
    const [status, channels, webhooks, warnings, agents] = await Promise.all([
      this.status(),
      this.channels.list(),
      this.webhooks.list(),
      this.rules.warnings(),
      this.agents.list(),
    ]);
    const gaps = await this.#recentGaps(channels);
    return diagnose({ status, channels, webhooks, warnings, agents, gaps, now: this.#deps.clock.now() });
  }

  async #recentGaps(channels: readonly ChannelView[]): Promise<readonly GapRecord[]> {
    const { platforms } = this.#deps.store;
    const on = channels.filter(({ enabled }) => enabled);
    const [{ items }, ...open] = await Promise.all([
      platforms.listGaps({}, { limit: newestGapsMax }),
      ...on.map(({ id }) => platforms.listOpenGaps(id)),
    ]);
    return [...open.flat(), ...items.filter(({ state }) => state !== 'open')];
  }

  /** @throws AppError `not_found`. */
  trace(id: string): Promise<Trace> {
    return traceOf(this.#traceDeps, id);
  }

  /** @throws AppError `not_found`. */
  why(id: string): Promise<Why> {
    return whyOf(this.#traceDeps, id);
  }

  get #traceDeps(): TraceDeps {
    const { store, adapters, clock } = this.#deps;
    return {
      store,
      findAdapter: (kind) => adapters.find(kind),
      findBlock: async (id) => {
        const channel = (await this.channels.list()).find((view) => view.id === id);
        return channel && blockOf(channel, clock.now());
      },
    };
  }

  journal(filter: { source?: string; kind?: string }, page: PageRequest): Promise<Page<StoredJournalEntry>> {
    return this.#deps.store.journal.listJournal(filter, page);
  }

  events(filter: { source?: SourceId; state?: EventState }, page: PageRequest): Promise<Page<EventRecord>> {
    return this.#deps.store.inbox.listEvents(filter, page);
  }

  /** @throws AppError `invalid_request` when the connector is none. */
  gaps(filter: GapFilter, page: PageRequest): Promise<GapPage> {
    return listGaps(filter, page, this.#deps);
  }

  /** A file that came with a message. Reading it keeps it for longer. @throws AppError `not_found`. */
  async artifact(id: string): Promise<{ open: () => Readable; contentType: string; bytes: number }> {
    const { store, files, clock } = this.#deps;
    const record = await store.artifacts.getArtifact(id as ArtifactId);
    const file = record && (await files.read(record.id));
    if (!file) throw new AppError('not_found', 'There is no such file. It may be older than what is kept.');
    await store.artifacts.touchArtifact(record.id, clock.now());
    return { ...file, contentType: record.contentType };
  }

  /** What comes into the flight recorder, as it comes. @throws AppError `invalid_request`. */
  follow(request: EventTailRequest): Promise<AsyncGenerator<EventBatch, void>> {
    return openEventTail(this.#deps, request);
  }

  /** Keeps who changed what, for the audit. */
  noteChange(change: Omit<AuditEntry, 'at'>): Promise<void> {
    const { store, clock } = this.#deps;
    return store.journal.appendAudit({ at: clock.now(), ...change });
  }

  audit(page: PageRequest): Promise<Page<AuditEntry & { readonly id: string }>> {
    return this.#deps.store.journal.listAudit(page);
  }

  async counters(now: number): Promise<{
    gauges: readonly Gauge[];
    totals: readonly { source: string; kind: string; count: number }[];
    lastEvents: readonly { source: string; at: number }[];
    lag: { inboxMs: number; outboxMs: number };
  }> {
    const { stats } = this.#deps.store;
    const [gauges, totals, lastEvents, lag] = await Promise.all([
      stats.listGauges(),
      stats.listTotals(),
      stats.listLastEvents(),
      stats.getLag(now),
    ]);
    return { gauges, totals, lastEvents, lag };
  }
}
