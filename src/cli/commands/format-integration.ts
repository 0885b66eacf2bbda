import type { Answer } from '../client.ts';
import { facts, time } from '../output.ts';

export function formatIntegration(integration: Answer<'GET /webhooks/{id}'>): string {
  return facts([
    ['webhook', integration.id],
    ['provider', integration.provider],
    ['status', integration.status],
    ['url', integration.url],
    ['routed', integration.routed || 'no rule selects its events; see palyra router rules set'],
    [
      'secrets',
      integration.secrets
        .map(
          ({ ref, status, notAfter }) =>
            `${ref} (${status}${notAfter === undefined ? '' : `, until ${time(notAfter)}`})`,
        )
        .join(', '),
    ],
    ['events', integration.allowedEvents.join(', ') || 'all'],
    ['sources', integration.allowedSources.join(', ') || 'all'],
    ['body', `up to ${integration.payloadBytesMax} bytes`],
    [
      'settings',
      Object.keys(integration.settings).length === 0 ? undefined : JSON.stringify(integration.settings),
    ],
  ]);
}
