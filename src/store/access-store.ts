import type { Approval, ApprovalId, ApprovalKind, ApprovalState } from '../domain/approval.ts';
import type { ConnectorId, EventId } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { PairingCode, PairingGrant } from '../domain/pairing.ts';

export interface Redemption {
  readonly connector: ConnectorId;
  readonly sender: string;
  readonly digest: string;
  readonly now: number;
  readonly attemptsMax: number;
  readonly attemptsWindowMs: number;
  /** What is to be decided when the code is good. */
  readonly approval: Approval;
}

/** What came of a code that a sender gave. Only `pending` used the code up. */
export type RedemptionResult =
  | { readonly kind: 'pending'; readonly approval: ApprovalId }
  /** An earlier code of the same sender still waits for a decision. */
  | { readonly kind: 'already_pending'; readonly approval: ApprovalId }
  | { readonly kind: 'already_active'; readonly expiresAt: number }
  | { readonly kind: 'invalid'; readonly attemptsLeft: number }
  | { readonly kind: 'expired'; readonly attemptsLeft: number }
  /** Too many wrong ones; not even a good one counts until `until`. */
  | { readonly kind: 'locked'; readonly until: number };

export interface ApprovalFilter {
  readonly state?: ApprovalState;
  readonly kind?: ApprovalKind;
}

export interface Decision {
  readonly id: ApprovalId;
  readonly approve: boolean;
  readonly principal: string;
  readonly now: number;
  /** For a pairing that is approved: written in the same commit. */
  readonly grant?: PairingGrant;
}

export interface BotTurn {
  readonly connector: ConnectorId;
  readonly sender: string;
  readonly event: EventId;
  readonly now: number;
  /** Unix ms from which on it counts no more. */
  readonly until: number;
  /** How many of the sender may count at a time. */
  readonly turnsMax: number;
}

/** Who may what: pairing, approvals, and how often a bot is listened to. */
export interface AccessStore {
  putPairingCode(code: PairingCode): Promise<void>;
  /** Without their digests' meaning: how many are good, and until when. */
  listPairingCodes(connector: ConnectorId, now: number): Promise<readonly PairingCode[]>;
  /** Uses up a code, or counts a failure, in one commit. */
  redeemPairingCode(redemption: Redemption): Promise<RedemptionResult>;
  /** True when the sender has not been told since `now - everyMs`; they count as told from now on. */
  takePairingHint(connector: ConnectorId, sender: string, now: number, everyMs: number): Promise<boolean>;
  /** Those that have not expired by `now`. */
  listPairingGrants(now: number): Promise<readonly PairingGrant[]>;
  /** False when there was none. */
  revokePairingGrant(connector: ConnectorId, sender: string): Promise<boolean>;

  /** Counts a turn that a bot causes, each event once. False when it would be one too many: then it is not counted. */
  takeBotTurn(turn: BotTurn): Promise<boolean>;

  /**
   * Adds it. When one is pending for its subject already, with the same contents and requester, answers that
   * one instead; one that is pending with others is replaced.
   */
  requestApproval(approval: Approval): Promise<Approval>;
  getApproval(id: ApprovalId): Promise<Approval | undefined>;
  /** Newest first. */
  listApprovals(filter: ApprovalFilter, page: PageRequest): Promise<Page<Approval>>;
  /**
   * @throws AppError `not_found`; `conflict` when it is decided already or its time is over; `forbidden` when
   *   the principal is the one who asked.
   */
  decideApproval(decision: Decision): Promise<Approval>;
}
