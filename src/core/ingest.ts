import { AppError } from '../domain/errors.ts';
import { fitEvent } from '../domain/fit-event.ts';
import type { EventId, NextId, SourceId } from '../domain/ids.ts';
import type { InboundEvent } from '../domain/inbound-event.ts';
import type { NewDelivery } from '../domain/webhook.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ConnectorClaim } from '../store/connector-store.ts';
import type { Accepted, InboxStore } from '../store/inbox-store.ts';
import type { Note } from '../store/platform-store.ts';

export interface IngestDeps {
  readonly inbox: Pick<InboxStore, 'accept'>;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly random: () => number;
  readonly log: Logger;
  /** With this many events of one source pending, no more are accepted. */
  readonly depthMax: number;
}

export interface IngestRequest {
  readonly source: SourceId;
  readonly events: readonly InboundEvent[];
  readonly cursor?: string;
  readonly claim?: ConnectorClaim;
  readonly notes?: readonly Note[];
  readonly delivery?: NewDelivery;
  /** The trace that the sender started, if it sent one. */
  readonly traceId?: string;
}

/** The only way into the inbox, for connectors and webhooks alike. */
export interface Ingest {
  /**
   * Resolves when everything is on disk; only then may the platform be acknowledged.
   * @throws AppError `unavailable` when it cannot be stored now, `lease_lost` when the connector is run
   *   by another daemon.
   */
  accept(request: IngestRequest): Promise<readonly Accepted[]>;
}

export function createIngest({ inbox, clock, nextId, random, log, depthMax }: IngestDeps): Ingest {
  return {
    async accept({ events, traceId, ...request }) {
      for (const event of events) checkSource(event, request.source);
      const at = clock.now();
      const accepted = await inbox.accept({
        ...request,
        at,
        depthMax,
        events: events.map((event) => ({
          id: nextId<EventId>('evt'),
          traceId: isTraceId(traceId) ? traceId : randomHex(random, 32),
          ...fitEvent(event),
        })),
      });
      accepted.forEach(({ id, duplicate }, index) => {
        log.info('inbound.accepted', {
          connector_id: request.source,
          inbox_id: id,
          type: events[index]?.type,
          duplicate,
          duration_ms: clock.now() - at,
        });
      });
      return accepted;
    },
  };
}

/** An event under another account's name would be answered from there. Only a bug in an adapter makes one. */
function checkSource(event: InboundEvent, source: SourceId): void {
  const connector = event.type === 'webhook' ? source : event.address.connector;
  if (event.source === source && connector === source) return;
  throw new AppError('internal', `${source} offered an event that is not its own.`);
}

function isTraceId(traceId: string | undefined): traceId is string {
  return traceId !== undefined && /^(?!0+$)[0-9a-f]{32}$/.test(traceId);
}

export function randomHex(random: () => number, digits: number): string {
  let hex = '';
  while (hex.length < digits)
    hex += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return hex.slice(0, digits);
}
