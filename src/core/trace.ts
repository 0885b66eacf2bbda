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
import type { FindBlock } from './queue-block.ts';
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

export interface TraceDeps {
  readonly store: Store;
  /** What a platform's own name for a message may stand for. */
  readonly findAdapter: (kind: string) => Pick<ConnectorAdapter, 'parseLink'> | undefined;
  readonly findBlock: FindBlock;
}

/**
 * Puts together what happened to the thing with this id: an event, a turn, a message, a part, a delivery,
 * or a message by the platform's own id or link. @throws AppError `not_found`.
 */
export async function traceOf(deps: TraceDeps, id: string): Promise<Trace> {
  if (id.startsWith('evt_')) return traceEvent(deps, id as EventId);
  if (id.startsWith('turn_')) return traceEvent(deps, eventIdOfTurn(id as TurnId));
  if (id.startsWith('dlv_')) return traceDelivery(deps, id as DeliveryId);
  if (id.startsWith('msg_')) return traceMessage(deps, id as MessageId);
  if (id.startsWith('prt_')) return tracePart(deps, await deps.store.outbox.getPart(id as PartId), id);
  return traceOnPlatform(deps, id);
}

async function traceEvent(deps: TraceDeps, id: EventId): Promise<Trace> {
  const { store } = deps;
  const event = await store.inbox.getEvent(id);
  if (!event) throw missing(id);
  const parts = await store.outbox.listPartsOfEvent(id);
  const delivery =
    event.delivery === undefined ? undefined : await store.webhooks.getDelivery(event.delivery);
  const { state, reason, detail } = await withBlock(stateOfEvent(event, parts), parts, deps);
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

async function traceMessage(deps: TraceDeps, id: MessageId): Promise<Trace> {
  const { store } = deps;
  const parts = await store.outbox.listPartsOfMessage(id);
  const [first] = parts;
  if (!first) throw missing(id);
  if (first.origin.kind === 'turn') return traceEvent(deps, first.origin.event);
  const { state, reason, detail } = await withBlock(stateOfParts(parts), parts, deps);
  const steps = toSteps(await store.journal.listSubject(id, stepsMax), { state, reason }, first.createdAt);
  return { id, state, reason, ...(detail === undefined ? {} : { detail }), steps, parts };
}

async function traceDelivery(deps: TraceDeps, id: DeliveryId): Promise<Trace> {
  const { store } = deps;
  const delivery = await store.webhooks.getDelivery(id);
  if (!delivery) throw missing(id);
  if (delivery.verdict === 'accepted' && delivery.event !== undefined)
    return traceEvent(deps, delivery.event);
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

function tracePart(deps: TraceDeps, part: PartRecord | undefined, id: string): Promise<Trace> {
  if (!part) throw missing(id);
  return traceMessage(deps, part.message);
}

/** The id on a platform says nothing about which one, so every connector is asked; there are few. */
async function traceOnPlatform(deps: TraceDeps, id: string): Promise<Trace> {
  const { store, findAdapter } = deps;
  for (const { id: connector, kind } of await store.connectors.listConnectors()) {
    const link = findAdapter(kind)?.parseLink?.(id);
    const event = link && (await store.inbox.findEvent(connector, link.dedupeKey));
    // Our own message comes back as an event too; what became of it is told by the part.
    const part = await store.outbox.findByPlatformId(connector satisfies ConnectorId, link?.message ?? id);
    if (part) return tracePart(deps, part, id);
    if (event) return traceEvent(deps, event.id);
  }
  throw missing(id);
}

interface Standing {
  readonly state: TraceState;
  readonly reason: ReasonCode;
  readonly detail?: string;
}

function stateOfEvent(event: EventRecord, parts: readonly PartRecord[]): Standing {
  const reason = event.reason ?? (event.leased ? 'routed' : 'queued');
  const detail = event.detail === undefined ? {} : { detail: event.detail };
  switch (event.state) {
    case 'pending':
      return { state: event.awaiting ? 'awaiting' : event.leased ? 'running' : 'waiting', reason, ...detail };
    case 'done':
      return stateOfAnswer(reason, parts);
    case 'ignored':
    case 'dead':
    case 'discarded':
      return { state: event.state, reason, ...detail };
  }
}

/** Of a sign that was to be seen, nobody asks how it went. */
function stateOfAnswer(reason: ReasonCode, parts: readonly PartRecord[]): Standing {
  const answer = parts.filter(({ operation }) => operation?.op !== 'react' || operation.courtesy !== true);
  return answer.length === 0 ? { state: 'done', reason } : stateOfParts(answer);
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
  if (worst?.state === 'pending') return { state: 'delivering', reason: worst.reason ?? 'queued', ...detail };
  return { state: worst?.state ?? 'done', reason: worst?.reason ?? 'delivered', ...detail };
}

/** What is on its way out stands where its connector's queue does, whatever became of an earlier attempt. */
async function withBlock(
  standing: Standing,
  parts: readonly PartRecord[],
  { findBlock }: TraceDeps,
): Promise<Standing> {
  const waiting = parts.find(({ state }) => state === 'pending');
  if (standing.state !== 'delivering' || !waiting) return standing;
  const block = await findBlock(waiting.connector);
  return block ? { state: 'delivering', ...block } : standing;
}

function missing(id: string): AppError {
  return new AppError(
    'not_found',
    `Nothing is known under ${id.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')}. It may be older than what retention keeps.`,
  );
}
