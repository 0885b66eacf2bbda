import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { NextId, TokenId } from '../../domain/ids.ts';
import type { TokenRecord, TokenScope } from '../../domain/token.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Redactor } from '../../lib/redact.ts';
import type { Store } from '../../store/store.ts';

export type TokenView = Omit<TokenRecord, 'digest'>;

/** Who asks. */
export interface Caller {
  readonly token: TokenId;
  /** `<id> (<name>)`, as the audit log names it. */
  readonly principal: string;
  readonly scopes: ReadonlySet<TokenScope>;
}

export interface TokensDeps {
  readonly store: Pick<Store, 'tokens'>;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly newToken: () => string;
  readonly redactor: Redactor;
}

/** Bearer tokens of the admin API. Their values are shown once and never kept. */
export class Tokens {
  readonly #deps: TokensDeps;

  constructor(deps: TokensDeps) {
    this.#deps = deps;
  }

  async list(): Promise<readonly TokenView[]> {
    return (await this.#deps.store.tokens.listTokens()).map(withoutDigest);
  }

  async create(
    name: string,
    scopes: readonly TokenScope[],
    expiresInMs?: number,
  ): Promise<TokenView & { token: string }> {
    const { store, clock, nextId, newToken, redactor } = this.#deps;
    const token = newToken();
    redactor.add(token);
    const createdAt = clock.now();
    const record: TokenRecord = {
      id: nextId<TokenId>('tok'),
      name,
      digest: digestOf(token),
      scopes: [...new Set(scopes)],
      createdAt,
      ...(expiresInMs === undefined ? {} : { expiresAt: createdAt + expiresInMs }),
    };
    await store.tokens.putToken(record);
    return { ...withoutDigest(record), token };
  }

  /** @throws AppError `not_found`. */
  revoke(id: string): Promise<void> {
    return this.#deps.store.tokens.revokeToken(id as TokenId, this.#deps.clock.now());
  }

  /**
   * Whose token this is. Tokens are found by digest and compared again in constant time, so neither the
   * store nor the time taken tells anything about them.
   * @throws AppError `unauthenticated`.
   */
  async authenticate(token: string): Promise<Caller> {
    const { store, clock, redactor } = this.#deps;
    const digest = digestOf(token);
    const record = await store.tokens.getTokenByDigest(digest);
    if (!record || !sameDigest(record.digest, digest) || !isGood(record, clock.now()))
      throw new AppError('unauthenticated', 'The token is not known, has expired or was revoked.');
    redactor.add(token);
    return {
      token: record.id,
      principal: `${record.id} (${record.name})`,
      scopes: new Set(record.scopes),
    };
  }
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

function withoutDigest({ digest: _digest, ...token }: TokenRecord): TokenView {
  return token;
}
