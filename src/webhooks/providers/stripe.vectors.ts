import type { ProviderVector } from '../contract.ts';

const body = {
  id: 'evt_test_1',
  object: 'event',
  created: 1_700_000_000,
  data: { object: { id: 'ch_test_1', object: 'charge', description: 'café' } },
  type: 'charge.succeeded',
};

export const stripeVectors: readonly ProviderVector[] = [
  {
    name: 'a header made by stripe-node',
    source: 'stripe 23.1.0 from npm, Stripe.webhooks.generateTestHeaderString',
    secret: 'whsec_test_secret',
    headers: [
      'Stripe-Signature',
      't=1700000005,v1=c2b10cea6f69717be3263a8f5e2bc297ab8260eae8d75544db80eea82b93c298',
    ],
    body: Buffer.from(JSON.stringify(body, undefined, 2)),
    at: 1_700_000_010_000,
    expected: {
      event: 'charge.succeeded',
      dedupeKey: 'id:evt_test_1',
      lane: 'ch_test_1',
      occurredAt: 1_700_000_000_000,
      skewMs: -5_000,
    },
  },
];
