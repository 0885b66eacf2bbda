import { createHash } from 'node:crypto';
import type { NextId, TokenId } from '../../domain/ids.ts';
import type { TokenRecord, TokenScope } from '../../domain/token.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/store.ts';

export type TokenView = Omit<TokenRecord, 'digest'>;

/** Bearer tokens of the admin API. Their values are shown once and never kept. */
export class Tokens {
  readonly #deps: { readonly store: Pick<Store, 'tokens'>; readonly clock: Clock; readonly nextId: NextId; readonly newToken: () => string };

  constructor(deps: { readonly store: Pick<Store, 'tokens'>; readonly clock: Clock; readonly nextId: NextId; readonly newToken: () => string }) {
    this.#deps = deps;
  }

  async list(): Promise<readonly TokenView[]> {
    return (await this.#deps.store.tokens.listTokens()).map(withoutDigest);
  }

  async create(name: string, scopes: readonly TokenScope[], expiresInMs?: number): Promise<TokenView & { token: string }> {
    const { store, clock, nextId, newToken } = this.#deps;
    const token = newToken();
    const createdAt = clock.now();
    const record: TokenRecord = {
      id: nextId<TokenId>('tok'),
      name,
      digest: createHash('sha256').update(token).digest('hex'),
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
}

function withoutDigest({ digest: _digest, ...token }: TokenRecord): TokenView {
  return token;
}
