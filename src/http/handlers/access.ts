import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { accessContract } from '../contract/access.ts';
import type { HandlersOf } from '../contract/contract.ts';
import { toPage } from './page.ts';

export function accessHandlers({ approvals, pairings }: ChannelPlatform): HandlersOf<typeof accessContract> {
  return {
    'GET /approvals': ({ query: { state, kind, ...page } }) =>
      approvals.list(
        { ...(state === undefined ? {} : { state }), ...(kind === undefined ? {} : { kind }) },
        toPage(page),
      ),
    'GET /approvals/{id}': ({ params }) => approvals.get(params.id),
    'POST /approvals/{id}/approve': ({ params, principal, body: { grantMs } }) =>
      approvals.decide({
        id: params.id,
        approve: true,
        principal,
        ...(grantMs === undefined ? {} : { grantMs }),
      }),
    'POST /approvals/{id}/deny': ({ params, principal }) =>
      approvals.decide({ id: params.id, approve: false, principal }),
    'GET /channels/{id}/pairing': ({ params }) => pairings.view(params.id),
    'POST /channels/{id}/pairing/codes': ({ params, principal, body }) =>
      pairings.mintCode(params.id, { ttlMs: body.ttlMs, principal }),
    'DELETE /channels/{id}/pairing/{sender}': async ({ params }) => {
      await pairings.revoke(params.id, params.sender);
      return { ok: true };
    },
  };
}
