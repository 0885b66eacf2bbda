import { formatVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Secret } from '../lib/secret.ts';
import type { Store } from '../store/store.ts';

export interface RecentSecretsDeps {
  readonly resolve: (ref: VaultRef) => Promise<Secret>;
  readonly watch: Store['watch'];
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Within it, a vault that locks is not noticed. */
const keptMs = 1_000;
const secretsMax = 1_024;

/**
 * Opens secrets for who needs the same few again and again: a webhook needs its own with every request, and
 * to read and open it costs as much as all the rest of verifying does. An opened one is good until any
 * secret changes, for a second at most. Watches the store for as long as that lives.
 */
export function rememberSecrets({
  resolve,
  watch,
  clock,
}: RecentSecretsDeps): (ref: VaultRef) => Promise<Secret> {
  const forgotten = (): RecentMap<string, Opened> => new RecentMap(secretsMax);
  let opened = forgotten();
  watch((topics) => {
    if (topics.has('secrets')) opened = forgotten();
  });
  return (ref) => {
    const key = formatVaultRef(ref);
    const now = clock.monotonic();
    const known = opened.get(key);
    if (known && now < known.until) return known.secret;
    const secret = resolve(ref);
    opened.set(key, { secret, until: now + keptMs });
    secret.catch(() => {
      if (opened.get(key)?.secret === secret) opened.delete(key);
    });
    return secret;
  };
}

interface Opened {
  readonly secret: Promise<Secret>;
  readonly until: number;
}
