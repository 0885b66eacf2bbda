import type { WebhookProvider } from '../provider.ts';

export const stripe: WebhookProvider = {
  id: 'stripe',
  title: 'Stripe',
  docs: 'https://docs.stripe.com/webhooks#verify-manually',
  payloadBytesMax: 1024 * 1024,
  secretFrom: 'provider',
  scheme: {
    signature: {
      header: 'Stripe-Signature',
      format: { kind: 'fields', separator: ',', signature: 'v1' },
      hash: 'sha256',
      encoding: 'hex',
      content: '{timestamp}.{body}',
    },
    // Although it begins with whsec_, the text itself is the key.
    secret: 'text',
    timestamp: { from: { field: 't' }, unit: 's', toleranceMs: 300_000 },
    id: { body: '/id' },
    event: [{ body: '/type' }],
    lane: [['/data/object/id', '/related_object/id']],
    occurredAt: { body: '/created', unit: 's' },
    sample: {
      event: 'charge.succeeded',
      body: ({ id, event, now }) => ({
        id,
        object: 'event',
        type: event,
        created: Math.floor(now / 1_000),
        livemode: false,
        data: { object: { id: 'ch_sample', object: 'charge', amount: 100, currency: 'usd' } },
      }),
    },
  },
};
