import { AppError } from '../../domain/errors.ts';
import type { IntegrationId } from '../../domain/ids.ts';
import { formatVaultRef, parseVaultRef, type VaultRef } from '../../domain/vault-ref.ts';
import type { IntegrationSecret } from '../../domain/webhook.ts';
import { Secret } from '../../lib/secret.ts';
import type { Vault } from '../../vault/vault.ts';
import type { WebhookProvider } from '../../webhooks/provider.ts';
import { checkSecret, generateSecret } from '../../webhooks/secret.ts';

export type SecretInput =
  | { readonly from: 'value'; readonly value: string }
  | { readonly from: 'ref'; readonly ref: string }
  | { readonly from: 'generate' };

export interface SecretRequest {
  readonly id: IntegrationId;
  readonly provider: WebhookProvider;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly input: SecretInput;
  /** Its name in the integration's own scope, unless it is there under another already. */
  readonly key: string;
}

export interface KeptSecret {
  readonly ref: string;
  /** Only when it was made here. */
  readonly made?: string;
}

/** Puts a secret where the integration finds it. @throws AppError `invalid_request` when it could never sign. */
export async function keepSecret(
  { id, provider, settings, input, key }: SecretRequest,
  vault: Vault,
): Promise<KeptSecret> {
  if (input.from === 'ref') {
    const named = parseVaultRef(input.ref);
    // One that is not there yet may come later; one that is there has to fit.
    if (await vault.has(named)) checkSecret(provider, settings, await vault.resolve(named));
    return { ref: formatVaultRef(named) };
  }
  if (input.from === 'generate' && provider.secretFrom === 'provider') {
    throw new AppError(
      'invalid_request',
      `${provider.title} makes the secret itself. Copy it from there, and give it by --secret-stdin.`,
    );
  }
  const secret = input.from === 'generate' ? generateSecret(provider, settings) : new Secret(input.value);
  checkSecret(provider, settings, secret);
  const ref: VaultRef = { scope: scopeOf(id), key };
  await vault.put(ref, secret.reveal());
  return { ref: formatVaultRef(ref), ...(input.from === 'generate' ? { made: secret.reveal() } : {}) };
}

/** Removes the secrets that an integration no longer uses, as far as they are in its own scope. */
export async function dropSecrets(
  id: IntegrationId,
  before: readonly IntegrationSecret[],
  after: readonly IntegrationSecret[],
  vault: Vault,
): Promise<void> {
  const kept = new Set(after.map(({ ref }) => ref));
  for (const { ref } of before)
    if (ref.startsWith(`${scopeOf(id)}/`) && !kept.has(ref)) await vault.remove(parseVaultRef(ref));
}

/** Removes everything in the integration's own scope. */
export async function dropScope(id: IntegrationId, vault: Vault): Promise<void> {
  for (const { ref } of await vault.list()) if (ref.scope === scopeOf(id)) await vault.remove(ref);
}

function scopeOf(id: IntegrationId): string {
  return `webhook:${id}`;
}
