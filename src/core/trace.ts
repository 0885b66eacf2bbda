import type { ConnectorAdapter } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import {
  type ConnectorId,
  type DeliveryId,
  type EventId,
  eventIdOfTurn,
  type MessageId,
  type PartId,
  type TurnId,
} from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { TraceState } from '../domain/trace.ts';
import type { DeliveryRecord } from '../domain/webhook.ts';
import type { EventRecord } from '../store/inbox-store.ts';
import type { PartRecord } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import { toSteps, type TraceStep } from './trace-steps.ts';

export interface Trace {
  /** What is traced: an event, an outbound message without one, or a delivery that made no event. */
  readonly id: string;
  readonly state: TraceState;
  readonly reason: ReasonCode;
  readonly detail?: string;
  /** The W3C trace id that the agent got to see. */
  readonly traceId?: string;
  readonly steps: readonly TraceStep[];
  readonly parts: readonly PartRecord[];
  readonly event?: EventRecord;
  readonly delivery?: DeliveryRecord;
}

const stepsMax = 1_000;

/** What a platform's own name for a message may stand for. */
export type FindAdapter = (kind: string) => Pick<ConnectorAdapter, 'parseLink'> | undefined;

/**
 * Puts together what happened to the thing with this id: an event, a turn, a message, a part, a delivery,
 * or a message by the platform's own id or link. @throws AppError `not_found`.
 */
export async function traceOf(store: Store, id: string, findAdapter: FindAdapter): Promise<Trace> {
  if (id.startsWith('evt_')) return traceEvent(store, id as EventId);
  if (id.startsWith('turn_')) return traceEvent(store, eventIdOfTurn(id as TurnId));
  if (id.startsWith('dlv_')) return traceDelivery(store, id as DeliveryId);
  if (id.startsWith('msg_')) return traceMessage(store, id as MessageId);
  if (id.startsWith('prt_')) return tracePart(store, await store.outbox.getPart(id as PartId), id);
  return traceOnPlatform(store, id, findAdapter);
}

async function traceEvent(store: Store, id: EventId): Promise<Trace> {
  const event = await store.inbox.getEvent(id);
  if (!event) throw missing(id);
  const parts = await store.outbox.listPartsOfEvent(id);
  const delivery =
    event.delivery === undefined ? undefined : await store.webhooks.getDelivery(event.delivery);
  const { state, reason, detail } = stateOfEvent(event, parts);
  return {
    id,
    state,
    reason,
    ...(detail === undefined ? {} : { detail }),
    traceId: event.traceId,
    steps: toSteps(await store.journal.listSubject(id, stepsMax), { state, reason }, event.acceptedAt),
    parts,
    event,
    ...(delivery ? { delivery } : {}),
  };
}

async function traceMessage(store: Store, id: MessageId): Promise<Trace> {
  const parts = await store.outbox.listPartsOfMessage(id);
  const [first] = parts;
  if (!first) throw missing(id);
  if (first.origin.kind === 'turn') return traceEvent(store, first.origin.event);
  const { state, reason, detail } = stateOfParts(parts);
  const steps = toSteps(await store.journal.listSubject(id, stepsMax), { state, reason }, first.createdAt);
  return { id, state, reason, ...(detail === undefined ? {} : { detail }), steps, parts };
}

async function traceDelivery(store: Store, id: DeliveryId): Promise<Trace> {
  const delivery = await store.webhooks.getDelivery(id);
  if (!delivery) throw missing(id);
  if (delivery.verdict === 'accepted' && delivery.event !== undefined)
    return traceEvent(store, delivery.event);
  const { verdict, reason } = delivery;
  const state = verdict === 'accepted' ? 'done' : verdict;
  const entries = await store.journal.listSubject(delivery.event ?? id, stepsMax);
  const own = entries.filter((entry) => entry.subject === id || entry.data.delivery === id);
  return {
    id,
    state,
    reason,
    ...(delivery.detail === undefined ? {} : { detail: delivery.detail }),
    steps: toSteps(own, { state, reason }, delivery.at),
    parts: [],
    delivery,
  };
}

function tracePart(store: Store, part: PartRecord | undefined, id: string): Promise<Trace> {
  if (!part) throw missing(id);
  return traceMessage(store, part.message);
}

/** The id on a platform says nothing about which one, so every connector is asked; there are few. */
async function traceOnPlatform(store: Store, id: string, findAdapter: FindAdapter): Promise<Trace> {
  for (const { id: connector, kind } of await store.connectors.listConnectors()) {
    const link = findAdapter(kind)?.parseLink?.(id);
    const event = link && (await store.inbox.findEvent(connector, link.dedupeKey));
    // Our own message comes back as an event too; what became of it is told by the part.
    const part = await store.outbox.findByPlatformId(connector satisfies ConnectorId, link?.message ?? id);
    if (part) return tracePart(store, part, id);
    if (event) return traceEvent(store, event.id);
  }
  throw missing(id);
}

interface Standing {
  readonly state: TraceState;
  readonly reason: ReasonCode;
  readonly detail?: string;
}

function stateOfEvent(event: EventRecord, parts: readonly PartRecord[]): Standing {
  const reason = event.reason ?? 'routed';
  const detail = event.detail === undefined ? {} : { detail: event.detail };
  switch (event.state) {
    case 'pending':
      return { state: event.awaiting ? 'awaiting' : event.leased ? 'running' : 'waiting', reason, ...detail };
    case 'done':
      return parts.length === 0 ? { state: 'done', reason } : stateOfParts(parts);
    case 'ignored':
    case 'dead':
    case 'discarded':
      return { state: event.state, reason, ...detail };
  }
}

/** A message is as well off as its worst part. */
function stateOfParts(parts: readonly PartRecord[]): Standing {
  const worst =
    parts.find((part) => part.state === 'dead') ??
    parts.find((part) => part.state === 'held') ??
    parts.find((part) => part.state === 'pending') ??
    parts.find((part) => part.state === 'discarded') ??
    parts.at(-1);
  const detail = worst?.detail === undefined ? {} : { detail: worst.detail };
  if (worst?.state === 'pending')
    return { state: 'delivering', reason: worst.reason ?? 'answered', ...detail };
  return { state: worst?.state ?? 'done', reason: worst?.reason ?? 'delivered', ...detail };
}

function missing(id: string): AppError {
  return new AppError(
    'not_found',
    `Nothing is known under ${id.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')}. It may be older than what retention keeps.`,
  );
}
