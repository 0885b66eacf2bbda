import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { TokenRecord, TokenScope } from '../../domain/token.ts';
import type { Clock } from '../../lib/clock.ts';
import type { TokenStore } from '../../store/settings-store.ts';

export interface Caller {
  /** `<id> (<name>)`, as the audit log names it. */
  readonly principal: string;
  readonly scopes: ReadonlySet<TokenScope>;
}

/**
 * Who asks, by the bearer token of the request. Tokens are kept as digests, found by digest and compared
 * again in constant time, so neither the store nor the time taken tells anything about them.
 * @throws AppError `unauthenticated`.
 */
export async function authenticate(
  header: string | undefined,
  { tokens, clock }: { readonly tokens: Pick<TokenStore, 'getTokenByDigest'>; readonly clock: Pick<Clock, 'now'> },
): Promise<Caller> {
  const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw new AppError('unauthenticated', 'Send a token: Authorization: Bearer <token>. See palyra tokens create.');
  const digest = digestOf(token);
  const record = await tokens.getTokenByDigest(digest);
  if (!record || !sameDigest(record.digest, digest) || !isGood(record, clock.now())) {
    throw new AppError('unauthenticated', 'The token is not known, has expired or was revoked.');
  }
  return { principal: `${record.id} (${record.name})`, scopes: new Set(record.scopes) };
}

/** @throws AppError `forbidden` unless the caller has the scope, or `admin`, which has all. */
export function authorize(caller: Caller, scope: TokenScope): void {
  if (caller.scopes.has(scope) || caller.scopes.has('admin')) return;
  throw new AppError('forbidden', `This needs a token with scope ${scope}. Create one: palyra tokens create <name> --scope ${scope}.`);
}

/** SHA-256, hex. Tokens are 256 random bits, so there is nothing to slow down a guess for. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function sameDigest(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

function isGood(token: TokenRecord, now: number): boolean {
  return token.revokedAt === undefined && (token.expiresAt === undefined || token.expiresAt > now);
}
