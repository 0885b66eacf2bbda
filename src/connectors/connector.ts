import type { z } from 'zod';
import type { Address } from '../domain/address.ts';
import type { ConversationRecord } from '../domain/conversation.ts';
import type { GapId, GapRecord } from '../domain/gap.ts';
import type { ConnectorId, EventId, MessageId } from '../domain/ids.ts';
import type { InboundEvent, InboundEventType } from '../domain/inbound-event.ts';
import type { OutboundOp, OutboundOperation, OutboundPart, UncertainPart } from '../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../domain/outcome.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Logger } from '../lib/logger.ts';
import type { EgressPolicy } from '../lib/net-guard.ts';
import type { Secret } from '../lib/secret.ts';
import type { ConnectSocket } from '../lib/socket.ts';
import type { ConnectorOnboarding } from './onboarding.ts';
import type { MessagePage, ReadAnswer, ReadRequest, SearchRequest } from './operations.ts';

/** What may be done on a platform, besides what the outbox carries. */
export type ConnectorOperation = OutboundOp | 'reply' | 'thread' | 'read' | 'search';

export const connectorOperations = [
  'send',
  'reply',
  'thread',
  'edit',
  'delete',
  'react',
  'typing',
  'read',
  'search',
] as const satisfies readonly ConnectorOperation[];

export interface Capability {
  readonly supported: boolean;
  /** Why not, where it is not. */
  readonly reason?: string;
  /** The name that policies and approvals use for it. */
  readonly policyAction: string;
  readonly approval: 'none' | 'conditional' | 'required';
  readonly risk: 'low' | 'medium' | 'high' | 'conditional';
  readonly auditType: string;
  /** What the account needs on the platform. */
  readonly permissions: readonly string[];
}

/** What a kind can do. Everything claimed here is proven by the contract suite. */
export interface ConnectorCapabilities {
  readonly operations: Readonly<Record<ConnectorOperation, Capability>>;
  readonly inbound: readonly InboundEventType[];
  /** The longest text of one message, as `measureText` counts it. */
  readonly textMax: number;
  /**
   * For this long after the first attempt the platform recognises a repeated part by its key, in ms.
   * 0 where it does not: then an uncertain part is looked up, or labelled. So is one whose address has a handle,
   * which may have gone out in another way than by its key.
   */
  readonly idempotentSendMs: number;
}

/** The code of a platform: one per kind. Holds no state of any account. */
export interface ConnectorAdapter<Config = unknown> {
  readonly kind: string;
  readonly title: string;
  readonly configSchema: z.ZodType<Config>;
  /** True when a session needs a credential from the vault. */
  readonly needsSecret: boolean;
  readonly capabilities: ConnectorCapabilities;

  /**
   * The one spelling of an identity, from a raw id, a mention or a link, as events carry it.
   * @throws AppError `invalid_request` when it cannot be one of this platform.
   */
  canonicalIdentity(entity: IdentityEntity, raw: string): string;

  /**
   * Cuts a message into platform messages, before the first is sent; never changed afterwards. Pure.
   * Absent: at natural boundaries by `textMax`, counted in UTF-16 units. Without `config`, as by default.
   */
  split?(
    operation: Extract<OutboundOperation, { op: 'send' }>,
    config: Config | undefined,
  ): readonly Extract<OutboundOperation, { op: 'send' }>[];

  /**
   * What happened in a gap and is not told afterwards, where messages are read back: for whoever takes a gap that
   * was closed so for one in which nothing was missed. Goes on after a colon, without a full stop.
   */
  readonly notReadBack?: string;

  /** How an account is set up with its platform. Absent where there is nothing to find out. */
  readonly onboarding?: ConnectorOnboarding;

  /**
   * The message that a link of the platform, or its bare id, points at, with the key that its event has;
   * undefined when the text is neither.
   */
  parseLink?(text: string): { readonly message: string; readonly dedupeKey: string } | undefined;

  /**
   * From where the files that come with messages may be fetched, never with the credential. Undefined when the
   * operator has not asked for it.
   */
  mediaPolicy?(config: Config): EgressPolicy | undefined;

  /** What an operator should see of how far the connector may reach, e.g. that private addresses are open to it. */
  egressNotices?(config: Config): readonly string[];

  /**
   * Opens a live session. Resolves when it is up: authenticated and receiving.
   * @throws AppError `unauthenticated`, `forbidden` or `config_invalid` when only a person can help: the connector
   *   is blocked until somebody does. So it is by what `takeAccount` throws, until the account is free.
   *   `vault_locked` waits. Anything else is tried again.
   */
  open(host: ConnectorHost<Config>, signal: AbortSignal): Promise<ConnectorSession>;
}

export type IdentityEntity = 'user' | 'role' | 'guild' | 'conversation' | 'thread';

/** Why a session is over. */
export type SessionEnd =
  /** We asked for it. */
  | { readonly kind: 'closed' }
  /** It broke; a new one may be opened, at the earliest after `afterMs`. */
  | { readonly kind: 'lost'; readonly code: ReasonCode; readonly detail: string; readonly afterMs?: number }
  /** No new one will work until a person helps. */
  | { readonly kind: 'blocked'; readonly code: ReasonCode; readonly detail: string };

/** Whether a platform is heard, and since when that is so, Unix ms. */
export type Reception =
  | { readonly ok: true; readonly since: number }
  /** `detail` says why not, for people. One part that is not heard, e.g. one shard of several, is enough. */
  | { readonly ok: false; readonly since: number; readonly detail: string };

/** One live connection of one connector; never shared between accounts. */
export interface ConnectorSession {
  /** Resolves once, when the session is over; never rejects. */
  readonly closed: Promise<SessionEnd>;

  /**
   * Makes one call on the platform and says what came of it. Never throws for what a platform answers,
   * and never waits for a rate limit: that is a `retry` with `afterMs`. When `signal` aborts after
   * something was sent, the outcome is `unknown`.
   */
  sendOutbound(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome>;

  /**
   * Looks on the platform whether an uncertain part was applied. Absent where the platform cannot tell.
   * @throws AppError `rate_limited` when it has to be asked later, which costs no attempt; anything else costs one.
   */
  resolveUnknown?(part: UncertainPart, signal: AbortSignal): Promise<ResolvedUnknown>;

  /**
   * Shows that an answer is being written, for as long as the platform shows it by itself; asked again until
   * the turn ends. Of the least importance: it gives way to everything else, and fails in silence.
   */
  typing?(address: Address, signal: AbortSignal): Promise<void>;

  /**
   * Brings a message that is still being written to a newer revision. May be left undone for want of budget:
   * the final revision comes as an edit like any other. Fails in silence. Ends within a second when `signal`
   * aborts, and leaves nothing under way: that would overtake the final revision.
   */
  revise?(address: Address, text: string, signal: AbortSignal): Promise<void>;

  /** Reads messages as they are now. */
  read?(request: ReadRequest, signal: AbortSignal): Promise<ReadAnswer<MessagePage>>;
  search?(request: SearchRequest, signal: AbortSignal): Promise<ReadAnswer<MessagePage>>;

  /**
   * Whether the platform is heard now: an open session may have lost its connection, and be at getting it back.
   * From memory, and never throws. Absent where a session that is open always hears.
   */
  receiving?(): Reception;

  /** How the session is doing: identity, connections, limits. Plain data, and no part of the credential. */
  snapshot?(): Readonly<Record<string, unknown>>;

  /** Takes a message as if the platform had delivered it: for tests and for the tour. */
  simulate?(message: SimulatedMessage): Promise<readonly AcceptedEvent[]>;

  /** Ends the session in good order; `closed` resolves. Safe to call twice. */
  close(): Promise<void>;
}

export interface SimulatedMessage {
  readonly conversation: string;
  readonly thread?: string;
  /** The same id again is a duplicate. */
  readonly messageId: string;
  readonly text: string;
  readonly sender: string;
  readonly senderIsBot: boolean;
  readonly direct: boolean;
  readonly mentionsSelf: boolean;
}

export interface AcceptedEvent {
  readonly id: EventId;
  readonly duplicate: boolean;
}

/** All that an adapter can reach. */
export interface ConnectorHost<Config> {
  readonly connectorId: ConnectorId;
  readonly config: Config;
  /** From the vault, at every use: never kept. @throws AppError `not_found`, `vault_locked`. */
  secret(): Promise<Secret>;
  /**
   * Says as which account of the platform the session is connected, in one spelling. Comes while it opens and
   * before it hears anything; one connector at a time may be connected as an account.
   * @throws AppError `conflict` while another one is: pass it on as it is.
   */
  takeAccount(account: string): void;
  /**
   * Durable when resolved, cursor and all: the only licence to acknowledge to the platform.
   * @throws AppError `unavailable` when nothing can be stored now: do not acknowledge, wait, offer it again.
   */
  accept(
    events: readonly InboundEvent[],
    cursor?: string,
    notes?: readonly NewNote[],
  ): Promise<readonly AcceptedEvent[]>;
  loadCursor(): Promise<string | undefined>;
  /** Whether the message with this id on the platform is known to be one that was sent: then it is no other. */
  isSent(platformId: string): Promise<boolean>;
  /** The platform's id of the first part of a message of ours; undefined when it was not delivered, or is forgotten. */
  firstSentOf(message: MessageId): Promise<string | undefined>;
  readonly notes: HostNotes;
  readonly gaps: HostGaps;
  /** The places that were heard from, the latest first, with how far: where reading back begins. */
  listConversations(limit: number): Promise<readonly ConversationRecord[]>;
  readonly fetch: GuardedFetch;
  readonly connectSocket: ConnectSocket;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** What an adapter remembers between sessions. Sealed on disk, so it may be a secret. */
export interface NewNote {
  readonly key: string;
  readonly value: string;
  /** Unix ms after which it is gone. */
  readonly expiresAt?: number;
}

/** All throw AppError `unavailable` when the store cannot be reached, `vault_locked` when it cannot be sealed. */
export interface HostNotes {
  put(note: NewNote): Promise<void>;
  /** Undefined when there is none, or it has expired. */
  get(key: string): Promise<string | undefined>;
  remove(key: string): Promise<void>;
}

/** The ledger of the times in which the platform was not heard. */
export interface HostGaps {
  open(gap: Pick<GapRecord, 'scope' | 'fromAt' | 'cause'>): Promise<GapRecord>;
  listOpen(): Promise<readonly GapRecord[]>;
  /** Closes it, or notes how far closing it has come. */
  update(id: GapId, change: Partial<Omit<GapRecord, 'id' | 'connector' | 'scope' | 'fromAt'>>): Promise<void>;
}
