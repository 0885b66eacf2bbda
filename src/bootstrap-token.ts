import type { Tokens } from './core/platform/tokens.ts';
import { digestOf } from './http/admin/authenticate.ts';
import type { TokenStore } from './store/settings-store.ts';
import { readBootstrapToken, writeBootstrapToken } from './state-dir.ts';

/** Makes sure that whoever can read the state directory has a token that works. */
export async function ensureBootstrapToken(
  stateDir: string,
  deps: { readonly store: Pick<TokenStore, 'getTokenByDigest'>; readonly tokens: Tokens },
): Promise<void> {
  const kept = readBootstrapToken(stateDir);
  const known = kept === undefined ? undefined : await deps.store.getTokenByDigest(digestOf(kept));
  if (known && known.revokedAt === undefined) return;
  const { token } = await deps.tokens.create('bootstrap', ['admin']);
  writeBootstrapToken(stateDir, token);
}
