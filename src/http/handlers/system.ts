import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { SourceId } from '../../domain/ids.ts';
import { isSettled } from '../../domain/trace.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { systemContract } from '../contract/system.ts';
import { toPage } from './page.ts';

export function systemHandlers(platform: ChannelPlatform): HandlersOf<typeof systemContract> {
  return {
    'GET /status': () => platform.status(),
    'GET /doctor': async () => ({ checks: await platform.doctor() }),
    'GET /events': ({ query: { source, kind, ...page } }) =>
      platform.journal(
        { ...(source === undefined ? {} : { source }), ...(kind === undefined ? {} : { kind }) },
        toPage(page),
      ),
    'GET /inbox': ({ query: { source, state, ...page } }) =>
      platform.events(
        {
          ...(source === undefined ? {} : { source: source as SourceId }),
          ...(state === undefined ? {} : { state }),
        },
        toPage(page),
      ),
    'GET /traces/{id}': async ({ params }) => {
      const trace = await platform.trace(params.id);
      return { ...trace, settled: isSettled(trace.state) };
    },
    'GET /why/{id}': ({ params }) => platform.why(params.id),
    'GET /audit': ({ query }) => platform.audit(toPage(query)),
  };
}
