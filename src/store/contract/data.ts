import { laneOf } from '../../domain/address.ts';
import type { ConnectorId, ConnectorKind, EventId, MessageId, PartId, SourceId } from '../../domain/ids.ts';
import type { InboundMessageEvent } from '../../domain/inbound-event.ts';
import type { Origin } from '../../domain/outbound.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { ConnectorRecord } from '../connector-store.ts';
import type { Accepted, AcceptRequest, EventEnd, NewEvent } from '../inbox-store.ts';
import type { NewPart } from '../outbox-store.ts';
import type { LeaseRequest, QueueName } from '../queue.ts';
import type { Store } from '../store.ts';

/** The connector of everything that a case does not say otherwise about. */
export const connector = 'echo:default' as ConnectorId;
export const otherConnector = 'echo:other' as ConnectorId;

export function connectorRecord(rest: Partial<ConnectorRecord> = {}): ConnectorRecord {
  return {
    id: connector,
    kind: 'echo' as ConnectorKind,
    config: { nested: { list: [1, 'two'] } },
    secretRef: 'channel:echo:default/token',
    enabled: true,
    createdAt: 1,
    updatedAt: 2,
    ...rest,
  };
}

export interface EventFacts {
  /** Names the event: its id is `evt_<key>`, its dedupe key the key itself. */
  readonly key: string;
  readonly dedupeKey?: string;
  readonly contentKey?: string;
  readonly conversation?: string;
  readonly source?: ConnectorId;
  readonly refusal?: ReasonCode;
  readonly text?: string;
}

export function newEvent({ key, refusal, ...facts }: EventFacts): NewEvent {
  const traceId = Buffer.from(key).toString('hex').padStart(32, '0').slice(-32);
  return {
    id: eventId(key),
    traceId,
    event: message({ key, ...facts }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function message(facts: EventFacts): InboundMessageEvent {
  const source = facts.source ?? connector;
  const address = { connector: source, conversation: facts.conversation ?? 'general', message: facts.key };
  return {
    type: 'message.created',
    source,
    dedupeKey: facts.dedupeKey ?? facts.key,
    ...(facts.contentKey === undefined ? {} : { contentKey: facts.contentKey }),
    lane: laneOf({ connector: source, conversation: address.conversation }),
    occurredAt: 900,
    address,
    sender: { id: 'echo:user:1', kind: 'human', verified: true, roles: [] },
    direct: false,
    text: facts.text ?? `text of ${facts.key}`,
    attachments: [],
    mentions: { self: false, everyone: false, users: [] },
    broadcast: false,
  };
}

export function eventId(key: string): EventId {
  return `evt_${key}` as EventId;
}

export function laneName(conversation = 'general', source: ConnectorId = connector): string {
  return laneOf({ connector: source, conversation });
}

/** Accepts events of one source. */
export function accept(
  store: Store,
  events: readonly EventFacts[],
  rest: Partial<AcceptRequest> = {},
): Promise<readonly Accepted[]> {
  const source = (events[0]?.source ?? connector) satisfies SourceId;
  return store.inbox.accept({ at: 1_000, source, depthMax: 10_000, events: events.map(newEvent), ...rest });
}

export interface MessageFacts {
  /** Names the message: its parts are `<key>:1`, `<key>:2` …, their ids `prt_<key>_1` … */
  readonly key: string;
  readonly parts?: number;
  readonly conversation?: string;
  readonly connector?: ConnectorId;
  readonly text?: string;
  readonly origin?: Origin;
  /** The message id, when it is not the one that the key names. */
  readonly message?: string;
}

export function newMessage({ key, parts = 1, ...facts }: MessageFacts): NewPart[] {
  return Array.from({ length: parts }, (_none, index) => ({
    id: partId(facts.message ?? key, index + 1),
    message: messageId(facts.message ?? key),
    key: `${key}:${index + 1}`,
    address: { connector: facts.connector ?? connector, conversation: facts.conversation ?? 'general' },
    operation: { op: 'send', text: facts.text ?? `text of ${key}:${index + 1}` },
    part: index + 1,
    parts,
    origin: facts.origin ?? { kind: 'api', principal: 'tok_test' },
  }));
}

export function messageId(key: string): MessageId {
  return `msg_${key}` as MessageId;
}

export function partId(key: string, part = 1): PartId {
  return `prt_${key}_${part}` as PartId;
}

export async function enqueue(store: Store, facts: MessageFacts, at = 1_000): Promise<void> {
  await store.outbox.enqueue(newMessage(facts), at, 10_000);
}

let leaseCount = 0;

/** As a worker asks, with more room than any case needs. */
export function leaseRequest(now: number, rest: Partial<LeaseRequest> = {}): LeaseRequest {
  return { now, leaseMs: 30_000, leaseId: `lse_${++leaseCount}`, limit: 1_000, perSource: 1_000, ...rest };
}

export function endOf(at: number, rest: Partial<EventEnd> = {}): EventEnd {
  return { at, state: 'done', reason: 'answered', parts: [], ...rest };
}

/** What the gauges of a queue say, without zeros: `{ pending: 2 }`. */
export async function gaugesOf(
  store: Store,
  queue: QueueName,
  source: string = connector,
): Promise<Record<string, number>> {
  const gauges = await store.stats.listGauges();
  const own = gauges.filter((gauge) => gauge.queue === queue && gauge.source === source && gauge.count !== 0);
  return Object.fromEntries(own.map(({ state, count }) => [state, count]));
}
