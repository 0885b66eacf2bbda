import type { WebhookProvider } from '../provider.ts';

/** The open standard, symmetric signatures: what Svix, OpenAI, GitLab and many others send. */
export const standardWebhooks: WebhookProvider = {
  id: 'standard-webhooks',
  title: 'Standard Webhooks',
  docs: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
  payloadBytesMax: 1024 * 1024,
  secretFrom: 'either',
  scheme: {
    signature: {
      header: 'webhook-signature',
      // Others in the list are `v1a`, made with a private key.
      format: { kind: 'list', prefix: 'v1,', separator: ' ' },
      hash: 'sha256',
      encoding: 'base64',
      content: '{id}.{timestamp}.{body}',
    },
    secret: 'whsec',
    timestamp: { from: { header: 'webhook-timestamp' }, unit: 's', toleranceMs: 300_000 },
    id: { header: 'webhook-id' },
    event: [{ body: '/type' }],
    occurredAt: { body: '/timestamp', unit: 'rfc3339' },
    sample: {
      event: 'example.created',
      body: ({ id, event }) => ({ type: event, data: { id, note: 'A sample event' } }),
    },
  },
};
