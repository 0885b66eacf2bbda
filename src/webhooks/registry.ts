import { hash, timingSafeEqual } from 'node:crypto';
import type { IntegrationId } from '../domain/ids.ts';
import type { IntegrationRecord } from '../domain/webhook.ts';
import type { Clock } from '../lib/clock.ts';

/** What the registry needs of the store. */
export interface IntegrationStore {
  listIntegrations(): Promise<readonly IntegrationRecord[]>;
}

/**
 * The webhook integrations as they are in force, in memory, so that a request is matched without asking
 * the store. Reloaded as a whole.
 */
export class WebhookRegistry {
  readonly #store: IntegrationStore;
  readonly #clock: Pick<Clock, 'now'>;
  #integrations: ReadonlyMap<IntegrationId, IntegrationRecord> = new Map();

  constructor(store: IntegrationStore, clock: Pick<Clock, 'now'>) {
    this.#store = store;
    this.#clock = clock;
  }

  async reload(): Promise<void> {
    const integrations = await this.#store.listIntegrations();
    this.#integrations = new Map(integrations.map((integration) => [integration.id, integration]));
  }

  get(id: IntegrationId): IntegrationRecord | undefined {
    return this.#integrations.get(id);
  }

  list(): readonly IntegrationRecord[] {
    return [...this.#integrations.values()];
  }

  /**
   * The integration with this id whose address has this token. A wrong token and a wrong id take the same
   * time and give the same answer.
   */
  authenticate(id: IntegrationId, token: string): IntegrationRecord | undefined {
    const integration = this.#integrations.get(id);
    const { previousToken, previousTokenUntil = 0 } = integration ?? {};
    const current = sameToken(integration?.token ?? '', token);
    const previous = sameToken(previousToken ?? '', token) && previousTokenUntil > this.#clock.now();
    return current || previous ? integration : undefined;
  }
}

/** Of digests, so that neither content nor length shows in the time. An empty token is none. */
function sameToken(expected: string, given: string): boolean {
  const same = timingSafeEqual(digest(expected), digest(given));
  return same && expected !== '';
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
