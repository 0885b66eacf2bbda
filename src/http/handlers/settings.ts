import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { AgentId } from '../../domain/ids.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { settingsContract } from '../contract/settings.ts';

export function settingsHandlers({
  agents,
  secrets,
  tokens,
}: ChannelPlatform): HandlersOf<typeof settingsContract> {
  return {
    'GET /agents': async () => ({ agents: await agents.list(), kinds: agents.kinds }),
    'PUT /agents/{id}': ({ params, body }) => agents.save({ ...body, id: params.id as AgentId }),
    'DELETE /agents/{id}': async ({ params }) => {
      await agents.remove(params.id);
      return { ok: true };
    },
    'POST /agents/{id}/test': async ({ params, body }) => {
      const { result, durationMs } = await agents.test(params.id, body.text);
      const ok = result.kind === 'answered' || result.kind === 'awaiting';
      return {
        ok,
        outcome: 'reason' in result ? result.reason : result.kind,
        ...('detail' in result ? { detail: result.detail } : {}),
        durationMs,
        messages: result.kind === 'answered' ? result.messages.map((message) => ({ ...message })) : [],
      };
    },

    'GET /secrets': async () => ({ secrets: await secrets.list(), vault: secrets.status }),
    'PUT /secrets/{scope}/{key}': async ({ params, body }) => {
      await secrets.set(params.scope, params.key, body.value);
      return { ok: true };
    },
    'DELETE /secrets/{scope}/{key}': async ({ params }) => {
      await secrets.remove(params.scope, params.key);
      return { ok: true };
    },
    'POST /vault/rotate-key': async ({ body }) => {
      const { masterKeyId, secrets: rewrapped, todo } = await secrets.rotateKey(body.newKey);
      return { masterKeyId, secrets: rewrapped, note: todo ?? '' };
    },
    'POST /vault/unlock': () => secrets.unlock(),

    'GET /tokens': async () => ({ tokens: await tokens.list() }),
    'POST /tokens': ({ body }) => tokens.create(body.name, body.scopes, body.expiresInMs),
    'DELETE /tokens/{id}': async ({ params }) => {
      await tokens.revoke(params.id);
      return { ok: true };
    },
  };
}
