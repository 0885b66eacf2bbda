import type { ConnectorId } from './ids.ts';

/** A single-use code as it is kept: only the digest of it. */
export interface PairingCode {
  /** SHA-256 of connector and code, hex. */
  readonly digest: string;
  readonly connector: ConnectorId;
  readonly issuedBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Lets a sender write to a connector directly, until it expires or is revoked. */
export interface PairingGrant {
  readonly connector: ConnectorId;
  /** Canonical identity. */
  readonly sender: string;
  readonly grantedBy: string;
  readonly grantedAt: number;
  readonly expiresAt: number;
}

/** Bounds of pairing, after the reference system where it has one. Times in ms. */
export const pairingLimits = {
  codeMsDefault: 10 * 60_000,
  codeMsMin: 30_000,
  codeMsMax: 24 * 3_600_000,
  requestMs: 15 * 60_000,
  grantMsDefault: 8 * 3_600_000,
  grantMsMin: 30_000,
  grantMsMax: 30 * 24 * 3_600_000,
  /** Wrong codes of one sender within `attemptsWindowMs`; then no code of theirs counts until it is over. */
  attemptsMax: 5,
  attemptsWindowMs: 3_600_000,
  /** How often an unpaired sender is told how to pair. */
  hintEveryMs: 24 * 3_600_000,
} as const;
