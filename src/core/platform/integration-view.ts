import { type DeliveryId, webhookSource } from '../../domain/ids.ts';
import { parseVaultRef, type VaultRef } from '../../domain/vault-ref.ts';
import type { IntegrationRecord, IntegrationSecret } from '../../domain/webhook.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Policy } from '../policy.ts';

export type IntegrationStatus = 'ready' | 'disabled' | 'invalid_secret_ref' | 'secret_not_found';

type SecretStatus = 'ready' | 'invalid_secret_ref' | 'secret_not_found' | 'expired';

/** An integration as an operator sees it. The tokens of its addresses stand in `url` alone. */
export interface IntegrationView extends Omit<
  IntegrationRecord,
  'token' | 'previousToken' | 'previousTokenUntil' | 'secrets'
> {
  readonly status: IntegrationStatus;
  readonly url: string;
  /** Until when the address before the last change is good. */
  readonly previousUrlUntil?: number;
  readonly secrets: readonly (IntegrationSecret & { readonly status: SecretStatus })[];
  /** A rule selects its events. */
  readonly routed: boolean;
}

export interface IntegrationViewDeps {
  readonly vault: Pick<Vault, 'has'>;
  readonly policy: Policy;
  readonly clock: Clock;
  /** How the outside world reaches the ingress, without a slash at its end. */
  readonly publicUrl: () => string;
}

export async function viewIntegration(
  record: IntegrationRecord,
  deps: IntegrationViewDeps,
): Promise<IntegrationView> {
  const { token: _token, previousToken: _previous, previousTokenUntil = 0, secrets, ...rest } = record;
  return {
    ...rest,
    status: await integrationStatus(record, deps),
    url: `${deps.publicUrl()}${pathOf(record)}`,
    ...(previousTokenUntil > deps.clock.now() ? { previousUrlUntil: previousTokenUntil } : {}),
    secrets: await Promise.all(
      secrets.map(async (secret) => ({ ...secret, status: await secretStatus(secret, deps) })),
    ),
    routed: isRouted(record, deps.policy),
  };
}

export async function integrationStatus(
  record: IntegrationRecord,
  deps: Pick<IntegrationViewDeps, 'vault' | 'clock'>,
): Promise<IntegrationStatus> {
  if (!record.enabled) return 'disabled';
  const statuses = await Promise.all(record.secrets.map((secret) => secretStatus(secret, deps)));
  if (statuses.includes('ready')) return 'ready';
  return statuses.includes('invalid_secret_ref') ? 'invalid_secret_ref' : 'secret_not_found';
}

/** The path of the address, with the part that nobody can guess. */
export function pathOf({ id, token }: IntegrationRecord): string {
  return `/hooks/${id}/${token}`;
}

async function secretStatus(
  { ref, notAfter }: IntegrationSecret,
  { vault, clock }: Pick<IntegrationViewDeps, 'vault' | 'clock'>,
): Promise<SecretStatus> {
  if (notAfter !== undefined && notAfter <= clock.now()) return 'expired';
  let parsed: VaultRef;
  try {
    parsed = parseVaultRef(ref);
  } catch {
    return 'invalid_secret_ref';
  }
  return (await vault.has(parsed)) ? 'ready' : 'secret_not_found';
}

function isRouted(record: IntegrationRecord, policy: Policy): boolean {
  const source = webhookSource(record.id);
  const event = {
    type: 'webhook',
    source,
    dedupeKey: 'look',
    lane: source,
    occurredAt: 0,
    integration: record.id,
    provider: record.provider,
    event: record.allowedEvents[0] ?? 'any',
    delivery: 'dlv_look' as DeliveryId,
  } as const;
  const context = { participates: false, paired: false, botTurns: 0 };
  return policy.router.route(event, context).reason !== 'no_matching_rule';
}
