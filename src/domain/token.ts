import type { TokenId } from './ids.ts';

export const tokenScopes = ['read', 'send', 'operate', 'turns', 'metrics', 'admin'] as const;
export type TokenScope = (typeof tokenScopes)[number];

/** A bearer token as it is kept: only the digest of it. */
export interface TokenRecord {
  readonly id: TokenId;
  readonly name: string;
  /** SHA-256 of the token, hex. */
  readonly digest: string;
  readonly scopes: readonly TokenScope[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}
