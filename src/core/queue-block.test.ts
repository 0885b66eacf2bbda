import { describe, expect, it } from 'vitest';
import type { ChannelView } from './platform/channels.ts';
import { blockOf } from './queue-block.ts';

type Channel = Parameters<typeof blockOf>[0];

function channel(
  rest: Omit<Partial<Channel>, 'queue'> & { readonly queue?: Partial<ChannelView['queue']> },
): Channel {
  const counts = { pending: 1, dead: 0, held: 0, inboxPending: 0, inboxDead: 0 };
  return {
    enabled: true,
    status: { state: 'running', since: 0 },
    ...rest,
    queue: { paused: false, draining: false, ...counts, ...rest.queue },
  };
}

const failed = {
  state: 'backoff',
  since: 0,
  retryAt: 9,
  code: 'session_failed',
  detail: 'It broke.',
} as const;

describe('what keeps a queue where it is', () => {
  it.each([
    ['a connector that is switched off', channel({ enabled: false }), { reason: 'connector_disabled' }],
    ['an operator', channel({ queue: { paused: true } }), { reason: 'queue_paused' }],
    [
      'an operator who says why',
      channel({ queue: { paused: true, pauseReason: 'migration' } }),
      { reason: 'queue_paused', detail: 'migration' },
    ],
    [
      'a credential that is not accepted',
      channel({ queue: { holdReason: 'unauthenticated' } }),
      { reason: 'unauthenticated' },
    ],
    [
      'a wait that the platform asked for',
      channel({ queue: { holdReason: 'rate_limited', holdUntil: 2_000 } }),
      { reason: 'rate_limited', detail: 'until 1970-01-01T00:00:02.000Z' },
    ],
    ['no session', channel({ status: failed }), { reason: 'connector_offline', detail: 'It broke.' }],
  ])('is %s', (_what, view, block) => {
    expect(blockOf(view, 1_000)).toEqual(block);
  });

  it.each([
    ['it moves', channel({})],
    ['it is being drained', channel({ queue: { paused: true, draining: true } })],
    ['the wait is over', channel({ queue: { holdReason: 'rate_limited', holdUntil: 1_000 } })],
    ['another daemon has the connector', channel({ status: { state: 'standby', since: 0 } })],
  ])('is nothing when %s', (_when, view) => {
    expect(blockOf(view, 1_000)).toBeUndefined();
  });
});
