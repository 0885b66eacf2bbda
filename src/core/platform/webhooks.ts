import { randomBytes } from 'node:crypto';
import { AppError, isAppError } from '../../domain/errors.ts';
import { type IntegrationId, type NextId, parseSlug } from '../../domain/ids.ts';
import { parseVaultRef } from '../../domain/vault-ref.ts';
import type { IntegrationRecord, IntegrationSecret } from '../../domain/webhook.ts';
import type { GuardedFetch } from '../../lib/guarded-fetch.ts';
import type { Redactor } from '../../lib/redact.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Store } from '../../store/store.ts';
import type { Vault } from '../../vault/vault.ts';
import { providerOf } from '../../webhooks/providers.ts';
import type { WebhookRegistry } from '../../webhooks/registry.ts';
import { schemeOf } from '../../webhooks/provider.ts';
import { noIntegration } from './deliveries.ts';
import { dropScope, dropSecrets, keepSecret, type SecretInput } from './integration-secrets.ts';
import {
  type IntegrationView,
  type IntegrationViewDeps,
  integrationStatus,
  pathOf,
  viewIntegration,
} from './integration-view.ts';
import { postSample, type SampleAnswer } from './webhook-sample.ts';

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

export interface Rotation {
  readonly what: 'secret' | 'url';
  readonly secret: SecretInput;
  readonly overlapMs: number;
}

/** `secret` only when it was made here: it is not shown again. */
export type IntegrationWithSecret = IntegrationView & { readonly secret?: string };

export interface WebhooksDeps extends IntegrationViewDeps {
  readonly store: Pick<Store, 'webhooks'>;
  readonly registry: WebhookRegistry;
  readonly vault: Vault;
  readonly redactor: Redactor;
  readonly nextId: NextId;
  readonly fetch: GuardedFetch;
  /** How this process reaches the ingress. */
  readonly ingressUrl: () => string;
  /** @throws AppError `invalid_request` when a block is not CIDR. */
  readonly checkBlocks: (blocks: readonly string[]) => void;
}

/** Each is tried on every delivery. */
const secretsMax = 8;

/** The webhook integrations: set up, watched, tried out. */
export class Webhooks {
  readonly #deps: WebhooksDeps;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(deps: WebhooksDeps) {
    this.#deps = deps;
  }

  list(): Promise<readonly IntegrationView[]> {
    return Promise.all(this.#deps.registry.list().map((record) => viewIntegration(record, this.#deps)));
  }

  /** @throws AppError `not_found`. */
  async get(id: string): Promise<IntegrationView> {
    return viewIntegration(this.#find(id), this.#deps);
  }

  /** @throws AppError `conflict` when the id is taken; `invalid_request`. */
  add(request: NewIntegration): Promise<IntegrationWithSecret> {
    const { store, vault, clock, checkBlocks } = this.#deps;
    return this.#oneByOne(async () => {
      const id = parseSlug<IntegrationId>(request.id, 'webhook id');
      if (await store.webhooks.getIntegration(id))
        throw new AppError(
          'conflict',
          `There is a webhook ${id} already. Remove it first, or rotate its secret.`,
        );
      const provider = providerOf(request.provider);
      const { settings, secret: input } = request;
      schemeOf(provider, settings);
      checkBlocks(request.allowedSources);
      const { ref, made } = await keepSecret({ id, provider, settings, input, key: 'secret' }, vault);
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
      try {
        return await this.#save(record, made);
      } catch (error) {
        if (input.from !== 'ref') await dropSecrets(id, record.secrets, [], vault);
        throw error;
      }
    });
  }

  /** @throws AppError `not_found`; `conflict` when it is to be switched on and is not ready. */
  setEnabled(id: string, enabled: boolean): Promise<IntegrationView> {
    return this.#change(id, async (record) => {
      const changed = { ...record, enabled };
      const status = enabled ? await integrationStatus(changed, this.#deps) : 'ready';
      if (status !== 'ready')
        throw new AppError(
          'conflict',
          `Webhook ${record.id} is not ready: ${status}. Rotate its secret first.`,
        );
      return { record: changed };
    });
  }

  /** Also removes the secrets in the integration's own scope. @throws AppError `not_found`. */
  remove(id: string): Promise<void> {
    const { store, registry, vault } = this.#deps;
    return this.#oneByOne(async () => {
      const record = await this.#read(id);
      await store.webhooks.removeIntegration(record.id);
      await registry.reload();
      await dropScope(record.id, vault);
    });
  }

  /**
   * Changes the secret or the address. The old one stays good for `overlapMs`; of several addresses in a
   * row, the last old one alone.
   * @throws AppError `not_found`; `invalid_request`; `conflict` when too many secrets are good at once.
   */
  async rotate(id: string, { what, secret, overlapMs }: Rotation): Promise<IntegrationWithSecret> {
    const { vault, clock, nextId } = this.#deps;
    if (what === 'url')
      return this.#change(id, async (record) => {
        const previous = { previousToken: record.token, previousTokenUntil: clock.now() + overlapMs };
        return { record: { ...record, ...previous, token: newUrlToken() } };
      });
    return this.#change(id, async (record) => {
      const retiring = retire(record.secrets, clock.now(), overlapMs);
      const { id: owner, settings } = record;
      const provider = providerOf(record.provider);
      const key = nextId<string>('secret');
      const { ref, made } = await keepSecret({ id: owner, provider, settings, input: secret, key }, vault);
      return { record: { ...record, secrets: [{ ref }, ...retiring] }, made };
    });
  }

  /** Signs a sample with the stored secret and posts it through the real ingress. @throws AppError. */
  async test(
    id: string,
    sample: { readonly event?: string | undefined; readonly payloadBase64?: string | undefined },
  ): Promise<SampleAnswer> {
    const { fetch, clock, nextId, ingressUrl } = this.#deps;
    const record = this.#find(id);
    return postSample({
      integration: record,
      secret: await this.#secretOf(record),
      url: `${ingressUrl()}${pathOf(record)}`,
      body: sample.payloadBase64 === undefined ? undefined : Buffer.from(sample.payloadBase64, 'base64'),
      event: sample.event,
      deliveryId: nextId('sample'),
      now: clock.now(),
      fetch,
    });
  }

  async #secretOf({ id, secrets: [secret] }: IntegrationRecord): Promise<Secret> {
    const missing = `Webhook ${id} has no secret to sign with. Rotate it: palyra webhooks rotate ${id}.`;
    if (!secret) throw new AppError('conflict', missing);
    try {
      return await this.#deps.vault.resolve(parseVaultRef(secret.ref));
    } catch (error) {
      throw isAppError(error, 'not_found', 'invalid_request')
        ? new AppError('conflict', missing, { cause: error })
        : error;
    }
  }

  #find(id: string): IntegrationRecord {
    const record = this.#deps.registry.get(id as IntegrationId);
    if (!record) throw noIntegration();
    return record;
  }

  /** From the store: another daemon may have changed it since the registry was loaded. */
  async #read(id: string): Promise<IntegrationRecord> {
    const record = await this.#deps.store.webhooks.getIntegration(id as IntegrationId);
    if (!record) throw noIntegration();
    return record;
  }

  #change(
    id: string,
    change: (record: IntegrationRecord) => Promise<{ record: IntegrationRecord; made?: string | undefined }>,
  ): Promise<IntegrationWithSecret> {
    return this.#oneByOne(async () => {
      const { vault, clock } = this.#deps;
      const before = await this.#read(id);
      const { record, made } = await change(before);
      const saved = await this.#save({ ...record, updatedAt: clock.now() }, made);
      await dropSecrets(record.id, before.secrets, record.secrets, vault);
      return saved;
    });
  }

  async #save(record: IntegrationRecord, made: string | undefined): Promise<IntegrationWithSecret> {
    const { store, registry, redactor } = this.#deps;
    redactor.add(record.token);
    await store.webhooks.putIntegration(record);
    await registry.reload();
    return {
      ...(await viewIntegration(record, this.#deps)),
      ...(made === undefined ? {} : { secret: made }),
    };
  }

  /** A change reads, decides and writes: two at once would undo each other. */
  #oneByOne<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#lastChange.then(work);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }
}

/** What of the secrets in use stays good, until when. */
function retire(
  secrets: readonly IntegrationSecret[],
  now: number,
  overlapMs: number,
): readonly IntegrationSecret[] {
  const until = now + overlapMs;
  const retiring = secrets
    .map(({ ref, notAfter }) => ({ ref, notAfter: Math.min(notAfter ?? until, until) }))
    .filter(({ notAfter }) => notAfter > now);
  if (retiring.length >= secretsMax)
    throw new AppError(
      'conflict',
      `${retiring.length} older secrets are still good. Wait, or let none of them stay good: overlap 0.`,
    );
  return retiring;
}

/** 256 bits, so that an address cannot be guessed. */
function newUrlToken(): string {
  return randomBytes(32).toString('base64url');
}
