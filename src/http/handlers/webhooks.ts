import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { webhookContract } from '../contract/webhooks.ts';
import { toPage } from './page.ts';

export function webhookHandlers({
  webhooks,
  deliveries,
}: ChannelPlatform): HandlersOf<typeof webhookContract> {
  return {
    'GET /webhooks': async () => ({ webhooks: await webhooks.list() }),
    'GET /webhooks/{id}': ({ params }) => webhooks.get(params.id),
    'POST /webhooks': ({ body }) => webhooks.add(body),
    'POST /webhooks/{id}/enable': ({ params }) => webhooks.setEnabled(params.id, true),
    'POST /webhooks/{id}/disable': ({ params }) => webhooks.setEnabled(params.id, false),
    'DELETE /webhooks/{id}': async ({ params }) => {
      await webhooks.remove(params.id);
      return { ok: true };
    },
    'POST /webhooks/{id}/rotate': ({ params, body }) => webhooks.rotate(params.id, body),
    'GET /webhooks/{id}/deliveries': ({ params, query: { verdict, ...page } }) =>
      deliveries.list(params.id, verdict, toPage(page)),
    'GET /deliveries/{id}': ({ params }) => deliveries.get(params.id),
    'POST /deliveries/{id}/replay': ({ params }) => deliveries.replay(params.id),
    'POST /webhooks/{id}/test': ({ params, body }) => webhooks.test(params.id, body),
  };
}
