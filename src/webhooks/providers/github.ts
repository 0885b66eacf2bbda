import { limits } from '../../domain/limits.ts';
import type { WebhookProvider } from '../provider.ts';

export const github: WebhookProvider = {
  id: 'github',
  title: 'GitHub',
  docs: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
  // https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
  payloadBytesMax: limits.webhookBodyBytesMax,
  secretFrom: 'either',
  scheme: {
    signature: {
      header: 'X-Hub-Signature-256',
      format: { kind: 'list', prefix: 'sha256=' },
      hash: 'sha256',
      encoding: 'hex',
      content: '{body}',
    },
    secret: 'text',
    id: { header: 'X-GitHub-Delivery' },
    event: [{ header: 'X-GitHub-Event' }],
    lane: [
      ['/repository/full_name', '/organization/login'],
      [
        '/issue/number',
        '/pull_request/number',
        '/discussion/number',
        '/check_run/head_sha',
        '/check_suite/head_sha',
        '/workflow_run/head_sha',
        '/workflow_job/head_sha',
        '/ref',
      ],
    ],
    sample: {
      event: 'push',
      body: ({ id }) => ({
        ref: 'refs/heads/main',
        repository: { full_name: 'octocat/hello-world', html_url: 'https://github.com/octocat/hello-world' },
        sender: { login: 'octocat', type: 'User' },
        commits: [{ id, message: 'A sample commit' }],
      }),
    },
  },
};
