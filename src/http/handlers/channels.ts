import type { ChannelPlatform } from '../../core/channel-platform.ts';
import { capabilityList } from '../../core/platform/channels.ts';
import type { channelContract } from '../contract/channels.ts';
import type { HandlersOf } from '../contract/contract.ts';
import { toPage } from './page.ts';

export function channelHandlers({ channels }: ChannelPlatform): HandlersOf<typeof channelContract> {
  return {
    'GET /channels': async () => ({ channels: await channels.list() }),
    'GET /channels/{id}': ({ params }) => channels.get(params.id),
    'PUT /channels/{id}': ({ params, body }) => channels.save(params.id, body),
    'DELETE /channels/{id}': async ({ params }) => {
      await channels.remove(params.id);
      return { ok: true };
    },
    'POST /channels/{id}/enable': ({ params }) => channels.setEnabled(params.id, true),
    'POST /channels/{id}/disable': ({ params }) => channels.setEnabled(params.id, false),
    'GET /channels/{id}/capabilities': async ({ params }) => {
      const adapter = channels.capabilities(params.id);
      const { inbound, textMax, idempotentSendMs } = adapter.capabilities;
      return {
        kind: adapter.kind,
        title: adapter.title,
        inbound,
        textMax,
        idempotentSendMs,
        operations: capabilityList(adapter),
      };
    },
    'POST /channels/{id}/queue/pause': ({ params, body }) => channels.pause(params.id, body.reason),
    'POST /channels/{id}/queue/resume': ({ params }) => channels.resume(params.id),
    'POST /channels/{id}/queue/drain': ({ params }) => channels.drain(params.id),
    'GET /channels/{id}/logs': ({ params, query }) => channels.logs(params.id, toPage(query)),
    'POST /channels/{id}/test': async ({ params, body }) => {
      const { thread, ...message } = body;
      const { id, duplicate } = await channels.test(params.id, {
        ...message,
        ...(thread === undefined ? {} : { thread }),
      });
      return { event: id, duplicate };
    },
  };
}
