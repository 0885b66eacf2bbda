import { AppError } from '../domain/errors.ts';
import type { ConversationRecord } from '../domain/conversation.ts';
import type { GapId, GapRecord } from '../domain/gap.ts';
import type { ConnectorId, EventId, MessageId } from '../domain/ids.ts';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { LogFields, Logger } from '../lib/logger.ts';
import { Secret } from '../lib/secret.ts';
import type { ConnectSocket } from '../lib/socket.ts';
import type { AcceptedEvent, ConnectorHost, HostGaps, HostNotes, NewNote } from './connector.ts';

/** What a connector gets its secret from, where it logs, and how it reaches the network. */
export interface ContractHostDeps {
  readonly connectorId: ConnectorId;
  readonly config: unknown;
  readonly secret: () => string;
  readonly fetch: GuardedFetch;
  readonly connectSocket: ConnectSocket;
  readonly clock: Clock;
  /** Every line that the connector logs. */
  readonly onLog: (line: unknown) => void;
}

/**
 * The inbox of one connector, in memory, as strict as the real one: an event is stored once by its key, and
 * the cursor moves with the events or not at all. Sessions come and go, and it stays.
 */
export class ContractInbox {
  /** What is known to have been sent, by the platform's ids. */
  readonly sent = new Set<string>();
  /** By which id the platform knows the first part of a message. */
  readonly firstSent = new Map<MessageId, string>();
  readonly events: InboundEvent[] = [];
  /** How often events have been offered, stored or not. */
  offers = 0;
  cursor: string | undefined;
  /** Refuses everything, as a full disk does. */
  isRefusing = false;
  /** Another connector is connected as the account. */
  isAccountTaken = false;
  /** What a commit waits for. */
  commitAfter: Promise<unknown> = Promise.resolve();
  readonly #ids = new Map<string, EventId>();
  readonly notes = new Map<string, NewNote>();
  readonly gaps = new Map<GapId, GapRecord>();

  /** @throws AppError `unavailable` while it refuses. */
  async accept(
    events: readonly InboundEvent[],
    cursor: string | undefined,
    notes: readonly NewNote[],
    /** Throws when the claim is another's by the time of the commit. */
    requireClaim: () => void = () => undefined,
  ): Promise<readonly AcceptedEvent[]> {
    this.offers++;
    await this.commitAfter;
    requireClaim();
    if (this.isRefusing) throw new AppError('unavailable', 'The disk is full.');
    if (cursor !== undefined) this.cursor = cursor;
    for (const note of notes) this.notes.set(note.key, note);
    return events.map((event) => {
      const known = this.#ids.get(event.dedupeKey);
      if (known !== undefined) return { id: known, duplicate: true };
      const id = `evt_${this.events.length + 1}` as EventId;
      this.#ids.set(event.dedupeKey, id);
      this.events.push(structuredClone(event));
      return { id, duplicate: false };
    });
  }

  listConversations(limit: number): readonly ConversationRecord[] {
    const places = new Map<string, ConversationRecord>();
    for (const event of this.events) {
      if (event.type !== 'message.created' || event.position === undefined) continue;
      const { source, lane, direct, guild, position } = event;
      const { conversation, thread } = event.address;
      places.delete(lane);
      places.set(lane, {
        ...{ lane, source, conversation, direct, position, seenAt: event.occurredAt },
        ...(thread === undefined ? {} : { thread }),
        ...(guild === undefined ? {} : { guild }),
      });
    }
    return [...places.values()].toReversed().slice(0, limit);
  }
}

/** What one session of a connector under test gets to reach. */
export class ContractHost implements ConnectorHost<unknown> {
  readonly connectorId: ConnectorId;
  readonly config: unknown;
  readonly fetch: GuardedFetch;
  readonly connectSocket: ConnectSocket;
  readonly clock: Clock;
  readonly log: Logger;
  readonly notes: HostNotes;
  readonly gaps: HostGaps;
  readonly #inbox: ContractInbox;
  readonly #secret: () => string;
  /** Another daemon has taken the connector over. */
  isStale = false;
  /** How often this session has offered something. */
  offers = 0;

  constructor(inbox: ContractInbox, deps: ContractHostDeps) {
    const { connectorId, config, secret, fetch, connectSocket, clock, onLog } = deps;
    this.connectorId = connectorId;
    this.config = config;
    this.fetch = fetch;
    this.connectSocket = connectSocket;
    this.clock = clock;
    this.log = recordingLogger(onLog);
    this.#inbox = inbox;
    this.#secret = secret;
    this.notes = notesOf(inbox, clock);
    this.gaps = gapsOf(inbox, connectorId);
  }

  async secret(): Promise<Secret> {
    return new Secret(this.#secret());
  }

  takeAccount(account: string): void {
    if (account === '') throw new AppError('internal', 'The account has no name.');
    if (this.#inbox.isAccountTaken)
      throw new AppError('conflict', 'Another one is connected as the account.', { reason: 'account_taken' });
  }

  async accept(
    events: readonly InboundEvent[],
    cursor?: string,
    notes: readonly NewNote[] = [],
  ): Promise<readonly AcceptedEvent[]> {
    this.offers++;
    return this.#inbox.accept(events, cursor, notes, () => {
      if (this.isStale) throw new AppError('lease_lost', `${this.connectorId} is run by another daemon now.`);
    });
  }

  loadCursor(): Promise<string | undefined> {
    return Promise.resolve(this.#inbox.cursor);
  }

  isSent(platformId: string): Promise<boolean> {
    return Promise.resolve(this.#inbox.sent.has(platformId));
  }

  firstSentOf(message: MessageId): Promise<string | undefined> {
    return Promise.resolve(this.#inbox.firstSent.get(message));
  }

  listConversations(limit: number): Promise<readonly ConversationRecord[]> {
    return Promise.resolve(this.#inbox.listConversations(limit));
  }

  /** In the middle, so that what is spread by chance is the same in every run. */
  readonly random = (): number => 0.5;
}

function notesOf({ notes }: ContractInbox, clock: Clock): HostNotes {
  return {
    put: async (note) => void notes.set(note.key, note),
    get: async (key) => {
      const note = notes.get(key);
      return note === undefined || (note.expiresAt ?? Infinity) <= clock.now() ? undefined : note.value;
    },
    remove: async (key) => void notes.delete(key),
  };
}

function gapsOf({ gaps }: ContractInbox, connector: ConnectorId): HostGaps {
  return {
    open: async (facts) => {
      const id = `gap_${gaps.size + 1}` as GapId;
      const gap = {
        ...facts,
        id,
        connector,
        state: 'open',
        recovered: 0,
        duplicates: 0,
        skipped: 0,
      } as const;
      gaps.set(id, gap);
      return gap;
    },
    listOpen: async () => [...gaps.values()].filter(({ state }) => state === 'open'),
    update: async (id, change) => {
      const known = gaps.get(id);
      if (known) gaps.set(id, { ...known, ...change });
    },
  };
}

function recordingLogger(onLog: (line: unknown) => void): Logger {
  const log = (event: string, fields: LogFields = {}): void => onLog({ event, ...fields });
  const logger: Logger = { debug: log, info: log, warn: log, error: log, with: () => logger };
  return logger;
}
