import type { Brand } from './brand.ts';
import type { ConnectorId } from './ids.ts';

/** `apr_<ulid>`. */
export type ApprovalId = Brand<'ApprovalId'>;

export const approvalKinds = ['message', 'pairing'] as const;
export type ApprovalKind = (typeof approvalKinds)[number];

/** `approved` waits to be used; `consumed` has been. One whose time is over can be neither decided nor used. */
export const approvalStates = ['pending', 'approved', 'denied', 'consumed'] as const;
export type ApprovalState = (typeof approvalStates)[number];

export const risks = ['low', 'medium', 'high', 'critical'] as const;
export type Risk = (typeof risks)[number];

/** Whoever asked makes use of what was approved, for the very contents that were. */
export interface ApprovalUse {
  readonly id: ApprovalId;
  readonly contentHash: string;
  readonly principal: string;
}

/** Something that one principal asks for and another decides: for these very contents, and good for once. */
export interface Approval {
  readonly id: ApprovalId;
  readonly kind: ApprovalKind;
  /** What it is about; at most one is pending for it. */
  readonly subject: string;
  readonly connector: ConnectorId;
  /** A principal, or the canonical identity of a sender. */
  readonly requester: string;
  readonly risk: Risk;
  /** SHA-256 of everything that was asked for, hex: another content is another request. */
  readonly contentHash: string;
  /** What is shown to whoever decides. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly state: ApprovalState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedBy?: string;
  readonly decidedAt?: number;
}
