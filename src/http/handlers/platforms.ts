import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { platformContract } from '../contract/platforms.ts';
import { toPage } from './page.ts';

export function platformHandlers(platform: ChannelPlatform): HandlersOf<typeof platformContract> {
  const { onboarding } = platform;
  return {
    'GET /gaps': ({ query: { connector, state, ...page } }) =>
      platform.gaps({ connector, state }, toPage(page)),
    'POST /channels/{kind}/onboarding/check': async ({ params, body }) => ({
      issues: await onboarding.check(params.kind, body),
    }),
    'POST /channels/{kind}/onboarding/probe': ({ params, body }) => onboarding.probe(params.kind, body),
    'POST /channels/{kind}/onboarding/apply': ({ params, body }) => onboarding.apply(params.kind, body),
    'GET /channels/{id}/onboarding': async ({ params }) => ({ answers: await onboarding.answers(params.id) }),
    'POST /channels/{id}/health-refresh': ({ params, body: { verifyChannel } }) =>
      onboarding.refresh(params.id, verifyChannel),
  };
}
