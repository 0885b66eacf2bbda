import { randomBytes } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import { type DeliveryId, type EventId, type IntegrationId, type NextId, parseSlug, webhookSource } from '../../domain/ids.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import { formatVaultRef, parseVaultRef, type VaultRef } from '../../domain/vault-ref.ts';
import type { DeliveryRecord, IntegrationRecord, IntegrationSecret, Verdict } from '../../domain/webhook.ts';
import type { Clock } from '../../lib/clock.ts';
import type { GuardedFetch } from '../../lib/guarded-fetch.ts';
import type { Redactor } from '../../lib/redact.ts';
import { Secret } from '../../lib/secret.ts';
import type { Store } from '../../store/store.ts';
import type { Vault } from '../../vault/vault.ts';
import { providerOf } from '../../webhooks/providers.ts';
import type { WebhookRegistry } from '../../webhooks/registry.ts';
import { schemeOf, type WebhookProvider } from '../../webhooks/provider.ts';
import { checkSecret, generateSecret } from '../../webhooks/secret.ts';
import type { Ingest } from '../ingest.ts';
import type { Policy } from '../policy.ts';
import type { WebhookReceiver } from '../webhook-receiver.ts';
import { postSample, type SampleAnswer } from './webhook-sample.ts';

export type IntegrationStatus = 'ready' | 'disabled' | 'invalid_secret_ref' | 'secret_not_found';

export interface IntegrationView {
  readonly id: IntegrationId;
  readonly provider: string;
  readonly status: IntegrationStatus;
  readonly url: string;
  readonly enabled: boolean;
  readonly secrets: readonly { readonly ref: string; readonly notAfter?: number; readonly status: SecretStatus }[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly allowedEvents: readonly string[];
  readonly allowedSources: readonly string[];
  readonly payloadBytesMax: number;
  readonly routed: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

type SecretStatus = 'ready' | 'invalid_secret_ref' | 'secret_not_found' | 'expired';

type SecretInput =
  | { readonly from: 'value'; readonly value: string }
  | { readonly from: 'ref'; readonly ref: string }
  | { readonly from: 'generate' };

interface SecretToKeep {
  readonly id: IntegrationId;
  readonly provider: WebhookProvider;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly input: SecretInput;
  readonly key: string;
}

export interface NewIntegration {
  readonly id: string;
  readonly provider: string;
  readonly secret: SecretInput;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly allowedEvents: readonly string[];
  readonly allowedSources: readonly string[];
  readonly payloadBytesMax?: number | undefined;
  readonly enabled: boolean;
}

export interface WebhooksDeps {
  readonly store: Store;
  readonly registry: WebhookRegistry;
  readonly receiver: WebhookReceiver;
  readonly ingest: Ingest;
  readonly vault: Vault;
  readonly policy: Policy;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly fetch: GuardedFetch;
  /** How the outside world reaches the ingress, without a slash at its end. */
  readonly publicUrl: () => string;
  /** How this process reaches it. */
  readonly ingressUrl: () => string;
  /** @throws AppError `invalid_request` when a block is not CIDR. */
  readonly checkBlocks: (blocks: readonly string[]) => void;
}

/** The webhook integrations: set up, watched, tried out. */
export class Webhooks {
  readonly #deps: WebhooksDeps;

  constructor(deps: WebhooksDeps) {
    this.#deps = deps;
  }

  list(): Promise<readonly IntegrationView[]> {
    return Promise.all(this.#deps.registry.list().map((integration) => this.#view(integration)));
  }

  /** @throws AppError `not_found`. */
  get(id: string): Promise<IntegrationView> {
    return this.#view(this.#find(id));
  }

  /** The secret is answered only when it was made here. @throws AppError `conflict` when the id is taken. */
  async add(request: NewIntegration): Promise<IntegrationView & { secret?: string }> {
    const { registry, clock, checkBlocks } = this.#deps;
    const id = parseSlug<IntegrationId>(request.id, 'webhook id');
    if (registry.get(id)) throw new AppError('conflict', `There is a webhook ${id} already. Remove it first, or rotate its secret.`);
    const provider = providerOf(request.provider);
    const { settings } = request;
    schemeOf(provider, settings);
    checkBlocks(request.allowedSources);
    const { ref, made } = await this.#keepSecret({ id, provider, settings, input: request.secret, key: 'secret' });
    const now = clock.now();
    const record: IntegrationRecord = {
      id,
      provider: provider.id,
      token: newUrlToken(),
      enabled: request.enabled,
      secrets: [{ ref }],
      settings,
      allowedEvents: [...new Set(request.allowedEvents)],
      allowedSources: [...new Set(request.allowedSources)],
      payloadBytesMax: request.payloadBytesMax ?? provider.payloadBytesMax,
      createdAt: now,
      updatedAt: now,
    };
    await this.#save(record);
    return { ...(await this.#view(record)), ...(made === undefined ? {} : { secret: made }) };
  }

  async setEnabled(id: string, enabled: boolean): Promise<IntegrationView> {
    const record = this.#find(id);
    const status = await this.#status({ ...record, enabled: true });
    if (enabled && status !== 'ready') throw new AppError('conflict', `Webhook ${record.id} is not ready: ${status}. Rotate its secret first.`);
    await this.#save({ ...record, enabled, updatedAt: this.#deps.clock.now() });
    return this.get(record.id);
  }

  /** Also removes the secrets in the integration's own scope. */
  async remove(id: string): Promise<void> {
    const { store, registry, vault } = this.#deps;
    const record = this.#find(id);
    await store.webhooks.removeIntegration(record.id);
    await registry.reload();
    for (const { ref } of await vault.list()) if (ref.scope === `webhook:${record.id}`) await vault.remove(ref);
  }

  /** Changes the secret or the address. The old one stays good for `overlapMs`. */
  async rotate(
    id: string,
    request: { readonly what: 'secret' | 'url'; readonly secret: SecretInput; readonly overlapMs: number },
  ): Promise<IntegrationView & { secret?: string }> {
    const record = this.#find(id);
    const now = this.#deps.clock.now();
    const until = now + request.overlapMs;
    if (request.what === 'url') {
      await this.#save({ ...record, token: newUrlToken(), previousToken: record.token, previousTokenUntil: until, updatedAt: now });
      return this.get(record.id);
    }
    const { id: owner, settings } = record;
    const provider = providerOf(record.provider);
    const { ref, made } = await this.#keepSecret({ id: owner, provider, settings, input: request.secret, key: `secret.${now}` });
    const older = record.secrets.filter(({ notAfter }) => notAfter === undefined || notAfter > now);
    const retiring = older.map((secret): IntegrationSecret => ({ ref: secret.ref, notAfter: Math.min(secret.notAfter ?? until, until) }));
    await this.#save({ ...record, secrets: [{ ref }, ...retiring], updatedAt: now });
    return { ...(await this.get(record.id)), ...(made === undefined ? {} : { secret: made }) };
  }

  deliveries(id: string, verdict: Verdict | undefined, page: PageRequest): Promise<Page<DeliveryRecord>> {
    const integration = this.#find(id).id;
    return this.#deps.store.webhooks.listDeliveries({ integration, ...(verdict === undefined ? {} : { verdict }) }, page);
  }

  /** @throws AppError `not_found`. */
  async getDelivery(id: string): Promise<DeliveryRecord & { bodyBase64?: string }> {
    const delivery = await this.#delivery(id);
    const body = await this.#deps.store.webhooks.getDeliveryBody(delivery.id);
    return { ...delivery, ...(body ? { bodyBase64: Buffer.from(body).toString('base64') } : {}) };
  }

  /** Runs an accepted delivery again as a new event; verifies a refused one again, as of its own time. */
  async replay(id: string): Promise<{ event: EventId }> {
    const { store, receiver, ingest, nextId, clock } = this.#deps;
    const delivery = await this.#delivery(id);
    const integration = this.#find(delivery.integration);
    const body = await store.webhooks.getDeliveryBody(delivery.id);
    if (delivery.event === undefined) {
      if (!body) throw new AppError('conflict', 'The body of this delivery is no longer there.');
      return { event: (await receiver.reconsider(integration, delivery, body)) as EventId };
    }
    const original = await store.inbox.getEvent(delivery.event);
    if (original?.event?.type !== 'webhook') throw new AppError('conflict', 'The contents of this delivery have been removed by retention.');
    const { contentKey: _once, ...event } = original.event;
    const [accepted] = await ingest.accept({
      source: webhookSource(integration.id),
      events: [{ ...event, dedupeKey: `replay:${nextId('rpl')}`, occurredAt: clock.now() }],
    });
    if (!accepted) throw new AppError('internal', 'The inbox gave no answer.');
    return { event: accepted.id };
  }

  /** Signs a sample with the stored secret and posts it through the real ingress. */
  async test(id: string, sample: { readonly event?: string | undefined; readonly payloadBase64?: string | undefined }): Promise<SampleAnswer> {
    const { vault, fetch, clock, nextId, ingressUrl } = this.#deps;
    const record = this.#find(id);
    const [secret] = record.secrets;
    if (!secret) throw new AppError('conflict', `Webhook ${record.id} has no secret. Rotate it.`);
    return postSample({
      integration: record,
      secret: await vault.resolve(parseVaultRef(secret.ref)),
      url: `${ingressUrl()}${pathOf(record)}`,
      body: sample.payloadBase64 === undefined ? undefined : Buffer.from(sample.payloadBase64, 'base64'),
      event: sample.event,
      deliveryId: nextId('sample'),
      now: clock.now(),
      fetch,
    });
  }

  #find(id: string): IntegrationRecord {
    const record = this.#deps.registry.get(id as IntegrationId);
    if (!record) throw new AppError('not_found', 'There is no such webhook. See: palyra webhooks list.');
    return record;
  }

  async #delivery(id: string): Promise<DeliveryRecord> {
    const delivery = await this.#deps.store.webhooks.getDelivery(id as DeliveryId);
    if (!delivery) throw new AppError('not_found', 'There is no such delivery. It may be older than what retention keeps.');
    return delivery;
  }

  async #save(record: IntegrationRecord): Promise<void> {
    const { store, registry, redactor } = this.#deps;
    redactor.add(record.token);
    await store.webhooks.putIntegration(record);
    await registry.reload();
  }

  /** Puts a secret where the integration finds it. @throws AppError `invalid_request` when it could never sign. */
  async #keepSecret({ id, provider, settings, input, key }: SecretToKeep): Promise<{ ref: string; made?: string }> {
    if (input.from === 'ref') return { ref: formatVaultRef(parseVaultRef(input.ref)) };
    const secret = input.from === 'generate' ? generateSecret(provider, settings) : new Secret(input.value);
    checkSecret(provider, settings, secret);
    const ref: VaultRef = { scope: `webhook:${id}`, key };
    await this.#deps.vault.put(ref, secret.reveal());
    return { ref: formatVaultRef(ref), ...(input.from === 'generate' ? { made: secret.reveal() } : {}) };
  }

  async #view(record: IntegrationRecord): Promise<IntegrationView> {
    const { token: _token, previousToken: _previous, previousTokenUntil: _until, secrets, ...rest } = record;
    return {
      ...rest,
      status: await this.#status(record),
      url: `${this.#deps.publicUrl()}${pathOf(record)}`,
      secrets: await Promise.all(secrets.map(async (secret) => ({ ...secret, status: await this.#secretStatus(secret) }))),
      routed: this.#isRouted(record),
    };
  }

  async #status(record: IntegrationRecord): Promise<IntegrationStatus> {
    if (!record.enabled) return 'disabled';
    const statuses = await Promise.all(record.secrets.map((secret) => this.#secretStatus(secret)));
    if (statuses.includes('ready')) return 'ready';
    return statuses.includes('invalid_secret_ref') ? 'invalid_secret_ref' : 'secret_not_found';
  }

  async #secretStatus({ ref, notAfter }: IntegrationSecret): Promise<SecretStatus> {
    if (notAfter !== undefined && notAfter <= this.#deps.clock.now()) return 'expired';
    let parsed: VaultRef;
    try {
      parsed = parseVaultRef(ref);
    } catch {
      return 'invalid_secret_ref';
    }
    return (await this.#deps.vault.has(parsed)) ? 'ready' : 'secret_not_found';
  }

  #isRouted(record: IntegrationRecord): boolean {
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
    return this.#deps.policy.router.route(event, { participates: false, paired: false, botTurns: 0 }).reason !== 'no_matching_rule';
  }
}

/** 256 bits, so that an address cannot be guessed. */
function newUrlToken(): string {
  return randomBytes(32).toString('base64url');
}

function pathOf(record: IntegrationRecord): string {
  return `/hooks/${record.id}/${record.token}`;
}
