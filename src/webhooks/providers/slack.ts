import type { WebhookProvider } from '../provider.ts';

/** Events, slash commands and interactions, as Slack posts them to a URL. The last two are forms. */
export const slack: WebhookProvider = {
  id: 'slack',
  title: 'Slack',
  docs: 'https://docs.slack.dev/authentication/verifying-requests-from-slack/',
  payloadBytesMax: 1024 * 1024,
  secretFrom: 'provider',
  scheme: {
    signature: {
      header: 'X-Slack-Signature',
      format: { kind: 'list', prefix: 'v0=' },
      hash: 'sha256',
      encoding: 'hex',
      content: 'v0:{timestamp}:{body}',
    },
    secret: 'text',
    timestamp: { from: { header: 'X-Slack-Request-Timestamp' }, unit: 's', toleranceMs: 300_000 },
    id: { body: '/event_id' },
    event: [{ body: '/event/type' }, { body: '/type' }, { body: '/command' }],
    lane: [
      ['/team_id', '/team/id'],
      ['/event/channel', '/event/item/channel', '/channel/id', '/channel_id'],
      ['/event/thread_ts', '/message/thread_ts'],
    ],
    occurredAt: { body: '/event_time', unit: 's' },
    // https://docs.slack.dev/reference/events/url_verification/
    challenge: { when: { body: '/type', equals: 'url_verification' }, answer: '/challenge' },
    sample: {
      event: 'app_mention',
      body: ({ id, event, now }) => ({
        type: 'event_callback',
        event_id: id,
        event_time: Math.floor(now / 1_000),
        team_id: 'T0SAMPLE',
        event: { type: event, channel: 'C0SAMPLE', user: 'U0SAMPLE', text: 'A sample message' },
      }),
    },
  },
};
