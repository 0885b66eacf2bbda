import assert from 'node:assert/strict';
import { type DeliveryId, type EventId, type IntegrationId, webhookSource } from '../../domain/ids.ts';
import type { InboundWebhook } from '../../domain/inbound-event.ts';
import { limits } from '../../domain/limits.ts';
import type { IntegrationRecord, NewDelivery } from '../../domain/webhook.ts';
import type { NewEvent } from '../inbox-store.ts';
import type { Store } from '../store.ts';
import { known, only, rejectsWith } from './checks.ts';
import { leaseRequest } from './data.ts';
import type { StoreCase } from './store-case.ts';

export const integration = 'github' as IntegrationId;
const everyByte = Uint8Array.from({ length: 256 }, (_none, index) => index);

export function integrationRecord(id: string, rest: Partial<IntegrationRecord> = {}): IntegrationRecord {
  return {
    id: id as IntegrationId,
    provider: 'github',
    token: 'token-of-twenty-characters',
    enabled: true,
    secrets: [{ ref: `webhook:${id}/secret`, notAfter: 9 }],
    settings: { header: 'x' },
    allowedEvents: ['push'],
    allowedSources: [],
    payloadBytesMax: 1_024,
    createdAt: 1,
    updatedAt: 2,
    ...rest,
  };
}

export function newDelivery(id: string, rest: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id: `dlv_${id}` as DeliveryId,
    integration,
    at: 1_000,
    remoteAddress: '192.0.2.1',
    headers: ['X-One', '1', 'x-one', '2'],
    body: everyByte,
    verdict: 'rejected',
    reason: 'signature_mismatch',
    ...rest,
  };
}

function webhookEvent(key: string, delivery: DeliveryId, dedupeKey = key): NewEvent {
  const source = webhookSource(integration);
  const event: InboundWebhook = {
    type: 'webhook',
    source,
    dedupeKey,
    lane: `${source}/push`,
    occurredAt: 1,
    integration,
    provider: 'github',
    event: 'push',
    delivery,
  };
  return { id: `evt_${key}` as EventId, traceId: '0'.repeat(32), event };
}

/** Accepts an event with the request that carried it. */
export async function acceptWebhook(store: Store, key: string, dedupeKey = key, at = 1_000): Promise<void> {
  const delivery = newDelivery(key, { at, verdict: 'accepted', reason: 'verified' });
  const events = [webhookEvent(key, delivery.id, dedupeKey)];
  await store.inbox.accept({ at, source: webhookSource(integration), depthMax: 10, events, delivery });
}

export const webhookCases: readonly StoreCase[] = [
  {
    name: 'keeps integrations as they were put, by id, and forgets those that are removed',
    async run(open) {
      const store = await open();
      const [a, b] = [
        integrationRecord('a'),
        integrationRecord('b', { previousToken: 'old', previousTokenUntil: 5 }),
      ];
      await store.webhooks.putIntegration(b);
      await store.webhooks.putIntegration({ ...a, enabled: false });
      await store.webhooks.putIntegration(a);

      assert.deepEqual(await store.webhooks.listIntegrations(), [a, b]);
      assert.deepEqual(await store.webhooks.getIntegration(b.id), b);
      await store.webhooks.removeIntegration(b.id);
      assert.equal(await store.webhooks.getIntegration(b.id), undefined);
    },
  },
  {
    name: 'takes no more integrations than there may be, but still changes to those that are there',
    async run(open) {
      const store = await open();
      const ids = Array.from({ length: limits.integrationsMax }, (_none, index) => `i${index}`);
      await Promise.all(ids.map((id) => store.webhooks.putIntegration(integrationRecord(id))));

      await rejectsWith(store.webhooks.putIntegration(integrationRecord('one-more')), 'conflict');
      await store.webhooks.putIntegration(integrationRecord('i0', { enabled: false }));

      assert.equal((await store.webhooks.listIntegrations()).length, limits.integrationsMax);
    },
  },
  {
    name: 'keeps a refused delivery with its headers in order and its body to the byte',
    async run(open) {
      const store = await open();
      const facts = {
        detail: 'no secret fits',
        providerEvent: 'push',
        secretRef: 'webhook:github/s',
        skewMs: -5,
      };
      const delivery = newDelivery('a', facts);

      await store.webhooks.recordDelivery(delivery, 10);

      const { body, ...shown } = delivery;
      assert.deepEqual(await store.webhooks.getDelivery(delivery.id), {
        ...shown,
        bodyBytes: body.byteLength,
      });
      assert.deepEqual(new Uint8Array(known(await store.webhooks.getDeliveryBody(delivery.id))), everyByte);
      assert.equal(await store.webhooks.getDelivery('dlv_none' as DeliveryId), undefined);
      assert.equal(await store.webhooks.getDeliveryBody('dlv_none' as DeliveryId), undefined);
    },
  },
  {
    name: 'keeps the newest refused deliveries of an integration, and no more than it may',
    async run(open) {
      const store = await open();
      await acceptWebhook(store, 'good');
      await store.webhooks.recordDelivery(newDelivery('other', { integration: 'other' as IntegrationId }), 2);

      for (const id of ['a', 'b', 'c', 'd']) await store.webhooks.recordDelivery(newDelivery(id), 2);

      const { items } = await store.webhooks.listDeliveries({ integration }, { limit: 9 });
      assert.deepEqual(
        items.map(({ id }) => id),
        ['dlv_d', 'dlv_c', 'dlv_good'],
      );
      assert.ok(await store.webhooks.getDelivery('dlv_other' as DeliveryId));
    },
  },
  {
    name: 'lists deliveries newest first, page by page, by verdict',
    async run(open) {
      const store = await open();
      for (const id of ['a', 'b', 'c']) await store.webhooks.recordDelivery(newDelivery(id), 10);
      await store.webhooks.recordDelivery(
        newDelivery('x', { verdict: 'ignored', reason: 'event_not_allowed' }),
        10,
      );

      const first = await store.webhooks.listDeliveries({ integration, verdict: 'rejected' }, { limit: 2 });
      const cursor = known(first.next);
      const second = await store.webhooks.listDeliveries(
        { integration, verdict: 'rejected' },
        { limit: 2, cursor },
      );

      assert.deepEqual(
        first.items.map(({ id }) => id),
        ['dlv_c', 'dlv_b'],
      );
      assert.deepEqual([second.items.map(({ id }) => id), second.next], [['dlv_a'], undefined]);
    },
  },
  {
    name: 'gives a worker the exact body of the delivery that its event came in',
    async run(open) {
      const store = await open();

      await acceptWebhook(store, 'a');

      const row = only((await store.inbox.lease(leaseRequest(1_000))).rows);
      assert.deepEqual(new Uint8Array(known(row.body)), everyByte);
      assert.equal((await store.inbox.getEvent(row.eventId))?.delivery, 'dlv_a');
      const delivery = known(await store.webhooks.getDelivery('dlv_a' as DeliveryId));
      assert.deepEqual(
        [delivery.verdict, delivery.reason, delivery.event],
        ['accepted', 'verified', 'evt_a'],
      );
    },
  },
  {
    name: 'keeps the delivery of a repeat without its body, under the event that came first',
    async run(open) {
      const store = await open();
      await acceptWebhook(store, 'a', 'k');

      await acceptWebhook(store, 'b', 'k');

      const delivery = known(await store.webhooks.getDelivery('dlv_b' as DeliveryId));
      assert.deepEqual(
        [delivery.verdict, delivery.reason, delivery.event],
        ['duplicate', 'duplicate', 'evt_a'],
      );
      assert.equal(delivery.bodyBytes, 256);
      assert.equal(await store.webhooks.getDeliveryBody(delivery.id), undefined);
    },
  },
  {
    name: 'stores no delivery whose event is refused',
    async run(open) {
      const store = await open();
      const delivery = newDelivery('a', { verdict: 'accepted', reason: 'verified' });
      const request = { at: 1_000, source: webhookSource(integration), depthMax: 0, delivery };

      await rejectsWith(
        store.inbox.accept({ ...request, events: [webhookEvent('a', delivery.id)] }),
        'unavailable',
      );

      assert.equal(await store.webhooks.getDelivery(delivery.id), undefined);
    },
  },
  {
    name: 'keeps a refused delivery as long as an event that was made of it later needs the body',
    async run(open) {
      const store = await open();
      const refused = newDelivery('a');
      await store.webhooks.recordDelivery(refused, 1);
      const request = { at: 1_001, source: webhookSource(integration), depthMax: 10 };
      await store.inbox.accept({ ...request, events: [webhookEvent('again', refused.id)] });

      for (const id of ['b', 'c']) await store.webhooks.recordDelivery(newDelivery(id), 1);

      const row = only((await store.inbox.lease(leaseRequest(2_000))).rows);
      assert.deepEqual(new Uint8Array(known(row.body)), everyByte);
    },
  },
];
