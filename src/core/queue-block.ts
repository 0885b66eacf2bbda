import type { ConnectorId } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChannelView } from './platform/channels.ts';

/** What keeps the queue of a connector where it is. */
export interface QueueBlock {
  readonly reason: ReasonCode;
  readonly detail?: string;
}

export type FindBlock = (connector: ConnectorId) => Promise<QueueBlock | undefined>;

/** Why nothing goes out by this connector at `now`; undefined while its queue moves, here or by another daemon. */
export function blockOf(
  { enabled, queue, status }: Pick<ChannelView, 'enabled' | 'queue' | 'status'>,
  now: number,
): QueueBlock | undefined {
  if (!enabled) return { reason: 'connector_disabled' };
  const { paused, pauseReason, draining, holdReason, holdUntil } = queue;
  if (!draining) {
    if (paused) return { reason: 'queue_paused', ...(pauseReason ? { detail: pauseReason } : {}) };
    if (holdReason !== undefined && holdUntil === undefined) return { reason: holdReason };
    if (holdReason !== undefined && holdUntil !== undefined && holdUntil > now)
      return { reason: holdReason, detail: `until ${new Date(holdUntil).toISOString()}` };
  }
  if (status.state === 'running' || status.state === 'standby') return undefined;
  return { reason: 'connector_offline', ...('detail' in status ? { detail: status.detail } : {}) };
}
