import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IntegrationId } from '../domain/ids.ts';
import type { IntegrationRecord } from '../domain/webhook.ts';
import type { Clock } from '../lib/clock.ts';

/** What the registry needs of the store. */
export interface IntegrationStore {
  listIntegrations(): Promise<readonly IntegrationRecord[]>;
}

/** An integration with the digests of the tokens of its addresses. */
interface Known {
  readonly integration?: IntegrationRecord;
  readonly current: Uint8Array;
  readonly previous: Uint8Array;
}

/**
 * The webhook integrations as they are in force, in memory, so that a request is matched without asking
 * the store. Reloaded as a whole.
 */
export class WebhookRegistry {
  readonly #store: IntegrationStore;
  readonly #clock: Pick<Clock, 'now'>;
  #known: ReadonlyMap<IntegrationId, Known> = new Map();

  constructor(store: IntegrationStore, clock: Pick<Clock, 'now'>) {
    this.#store = store;
    this.#clock = clock;
  }

  async reload(): Promise<void> {
    const integrations = await this.#store.listIntegrations();
    this.#known = new Map(integrations.map((integration) => [integration.id, toKnown(integration)]));
  }

  get(id: IntegrationId): IntegrationRecord | undefined {
    return this.#known.get(id)?.integration;
  }

  list(): readonly IntegrationRecord[] {
    return [...this.#known.values()].flatMap(({ integration }) => integration ?? []);
  }

  /**
   * The integration with this id whose address has this token. A wrong token and a wrong id take the same
   * time and give the same answer.
   */
  authenticate(id: IntegrationId, token: string): IntegrationRecord | undefined {
    const { integration, current, previous } = this.#known.get(id) ?? nobody;
    const given = digest(token);
    const isCurrent = timingSafeEqual(current, given);
    const isPrevious = timingSafeEqual(previous, given);
    const { previousTokenUntil = 0 } = integration ?? {};
    return isCurrent || (isPrevious && previousTokenUntil > this.#clock.now()) ? integration : undefined;
  }
}

function toKnown(integration: IntegrationRecord): Known {
  const { token, previousToken } = integration;
  return { integration, current: digestOf(token), previous: digestOf(previousToken) };
}

/** In place of a token that there is not; no token has such a digest. */
const noDigest = randomBytes(32);
const nobody: Known = { current: noDigest, previous: noDigest };

function digestOf(token: string | undefined): Uint8Array {
  return token === undefined || token === '' ? noDigest : digest(token);
}

/** Of digests, so that neither content nor length shows in the time that it takes to compare. */
function digest(text: string): Uint8Array {
  return hash('sha256', text, 'buffer');
}
