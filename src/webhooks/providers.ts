import { AppError } from '../domain/errors.ts';
import type { WebhookProvider } from './provider.ts';
import { genericHmac } from './providers/generic-hmac.ts';
import { github } from './providers/github.ts';
import { slack } from './providers/slack.ts';
import { standardWebhooks } from './providers/standard-webhooks.ts';
import { stripe } from './providers/stripe.ts';

/** The senders that this program knows. A new one is one line here and one file in the folder. */
export const providers: readonly WebhookProvider[] = [github, standardWebhooks, stripe, slack, genericHmac];

export const providerIds: readonly string[] = providers.map(({ id }) => id);

/**
 * Always by the operator's choice: senders share header names, so a request does not tell whose it is.
 * @throws AppError `invalid_request` that names the providers there are.
 */
export function providerOf(id: string): WebhookProvider {
  const provider = providers.find((each) => each.id === id);
  if (provider) return provider;
  const shown = id.slice(0, 40).replace(/[^\x20-\x7e]/g, '?');
  throw new AppError(
    'invalid_request',
    `There is no webhook provider "${shown}". Known: ${providerIds.join(', ')}.`,
  );
}
