import type { ProviderVector } from '../contract.ts';

export const githubVectors: readonly ProviderVector[] = [
  {
    name: 'the example of the documentation',
    source:
      'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation',
    secret: "It's a Secret to Everybody",
    headers: [
      ...['X-GitHub-Event', 'ping'],
      ...['X-GitHub-Delivery', '72d3162e-cc78-11e3-81ab-4c9367dc0958'],
      ...['X-Hub-Signature-256', 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'],
    ],
    body: Buffer.from('Hello, World!'),
    at: 0,
    expected: {
      event: 'ping',
      dedupeKey: 'id:72d3162e-cc78-11e3-81ab-4c9367dc0958',
      contentKey: 'sha256:dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f',
    },
  },
];
