import type { ProviderVector } from '../contract.ts';

export const standardWebhooksVectors: readonly ProviderVector[] = [
  {
    name: 'the example of the reference library',
    source:
      'https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    headers: [
      ...['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
      ...['webhook-timestamp', '1614265330'],
      ...['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    ],
    body: Buffer.from('{"test": 2432232314}'),
    at: 1_614_265_330_000,
    expected: {
      dedupeKey: 'id:msg_p5jXN8AQM9LWM0D4loKWxJek',
      event: 'unknown',
      occurredAt: 1_614_265_330_000,
      skewMs: 0,
    },
  },
];
