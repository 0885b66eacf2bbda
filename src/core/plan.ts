import type { TurnMessage } from '../agents/agent.ts';
import type { ConnectorAdapter } from '../connectors/connector.ts';
import type { Address } from '../domain/address.ts';
import { AppError } from '../domain/errors.ts';
import {
  type ConnectorId,
  type EventId,
  kindOf,
  type MessageId,
  type NextId,
  type PartId,
  type TurnId,
  turnIdOf,
} from '../domain/ids.ts';
import type { ChatEvent, InboundEvent } from '../domain/inbound-event.ts';
import { limits } from '../domain/limits.ts';
import type { Origin, OutboundOperation } from '../domain/outbound.ts';
import type { ReplyTo } from '../domain/rule.ts';
import { splitText } from '../lib/split-text.ts';
import type { NewPart } from '../store/outbox-store.ts';

export interface PlanDeps {
  readonly findAdapter: (kind: string) => ConnectorAdapter | undefined;
  /** The settings of a connector that is switched on. */
  readonly configOf: (id: ConnectorId) => unknown;
  readonly nextId: NextId;
}

export interface Answer {
  readonly turn: TurnId;
  readonly eventId: EventId;
  readonly event: InboundEvent;
  readonly replyTo?: ReplyTo;
  readonly responsePrefix?: string;
  readonly messages: readonly TurnMessage[];
}

/**
 * Fixes, before anything is sent, which platform calls an answer becomes and what each is called for life:
 * `<turn>:<slot>:<part>`. Answers undefined when there is no place for it to go.
 * @throws AppError `too_large` as `planMessage` does.
 */
export function planAnswer(answer: Answer, deps: PlanDeps): readonly NewPart[] | undefined {
  const place = placeOf(answer);
  if (answer.messages.length > 0 && !place) return undefined;
  if (!place) return [];
  let prefix = answer.responsePrefix;
  return answer.messages.flatMap((message, slot) => {
    const operation = toOperation(message, prefix);
    if (operation.op === 'send') prefix = undefined;
    const origin: Origin = { kind: 'turn', turn: answer.turn, event: answer.eventId, slot };
    const about = messageOf(message, answer);
    const address = about === undefined ? place : { ...place, message: about };
    return planMessage({ key: `${answer.turn}:${slot}`, address, operation, origin }, deps);
  });
}

export interface PlannedMessage {
  readonly key: string;
  readonly address: Address;
  readonly operation: OutboundOperation;
  readonly origin: Origin;
}

/**
 * The parts of one message. Only the first refers to the message that is replied to.
 * @throws AppError `too_large` when it makes more parts than a message may have: half of it is not sent.
 */
export function planMessage(
  { key, address, operation, origin }: PlannedMessage,
  deps: PlanDeps,
): readonly NewPart[] {
  const message = deps.nextId<MessageId>('msg');
  const operations = splitOperation(operation, address.connector, deps);
  if (operations.length > limits.partsPerMessageMax) {
    throw new AppError(
      'too_large',
      `The text makes ${operations.length} messages on ${kindOf(address.connector)}; ${limits.partsPerMessageMax} is the most. Make it shorter.`,
    );
  }
  const { message: _repliedTo, ...place } = address;
  return operations.map((part, index) => ({
    id: deps.nextId<PartId>('prt'),
    message,
    key: `${key}:${index}`,
    address: index === 0 ? address : place,
    operation: part,
    part: index + 1,
    parts: operations.length,
    origin,
  }));
}

export interface Reaction {
  /** Tells it from the others of its turn. */
  readonly name: 'acknowledgement' | 'queued' | 'begun';
  readonly emoji: string;
  readonly remove: boolean;
}

/** An emoji that this program itself puts on the message that the event is, or takes off it. */
export function planReaction(
  eventId: EventId,
  event: InboundEvent,
  { name, emoji, remove }: Reaction,
  deps: PlanDeps,
): readonly NewPart[] {
  if (event.type !== 'message.created' || event.address.message === undefined) return [];
  const adapter = deps.findAdapter(kindOf(event.address.connector));
  if (adapter?.capabilities.operations.react.supported !== true) return [];
  const turn = turnIdOf(eventId);
  return planMessage(
    {
      key: `${turn}:${name}`,
      address: event.address,
      operation: { op: 'react', emoji, remove, courtesy: true },
      origin: { kind: 'turn', turn, event: eventId, slot: -1 },
    },
    deps,
  );
}

/** Something that this program itself says to whoever wrote. */
export function planNotice(
  eventId: EventId,
  event: ChatEvent,
  text: string,
  deps: PlanDeps,
): readonly NewPart[] {
  const turn = turnIdOf(eventId);
  const { handle: _handle, ...address } = event.address;
  return planMessage(
    {
      key: `${turn}:notice`,
      address,
      operation: { op: 'send', text },
      origin: { kind: 'turn', turn, event: eventId, slot: -1 },
    },
    deps,
  );
}

/** One platform message each. */
export function splitOperation(
  operation: OutboundOperation,
  connector: ConnectorId,
  { findAdapter, configOf }: PlanDeps,
): readonly OutboundOperation[] {
  const adapter = findAdapter(kindOf(connector));
  if (operation.op !== 'send' || !adapter) return [operation];
  if (adapter.split) return adapter.split(operation, configOf(connector));
  const texts = splitText(operation.text, adapter.capabilities.textMax);
  return texts.map((text, index) => (index === 0 ? { ...operation, text } : { op: 'send', text }));
}

function placeOf({ replyTo, event }: Answer): Address | undefined {
  if (replyTo) return replyTo satisfies { connector: ConnectorId };
  if (event.type === 'webhook') return undefined;
  const { message: _own, ...place } = event.address;
  return place;
}

/** Which message of the conversation an operation is about. */
function messageOf(message: TurnMessage, { replyTo, event }: Answer): string | undefined {
  const own = replyTo || event.type === 'webhook' ? undefined : event.address.message;
  switch (message.op) {
    case 'send':
      return message.replyTo === 'none' ? undefined : own;
    case 'react':
      return message.message ?? own;
    case 'edit':
    case 'delete':
      return message.message;
    case 'typing':
      return undefined;
  }
}

/** Where the platform shows that an answer is coming, and none is: that is taken back. */
export function planSilence(
  eventId: EventId,
  event: InboundEvent,
  parts: readonly NewPart[],
  deps: PlanDeps,
): readonly NewPart[] {
  if (event.type === 'webhook' || event.address.handle === undefined) return [];
  if (parts.some(({ operation, address }) => operation.op === 'send' && address.handle !== undefined))
    return [];
  const adapter = deps.findAdapter(kindOf(event.address.connector));
  if (adapter?.capabilities.operations.delete.supported !== true) return [];
  const { message: _message, ...address } = event.address;
  const turn = turnIdOf(eventId);
  const origin: Origin = { kind: 'turn', turn, event: eventId, slot: -1 };
  return planMessage({ key: `${turn}:silence`, address, operation: { op: 'delete' }, origin }, deps);
}

function toOperation(message: TurnMessage, prefix: string | undefined): OutboundOperation {
  switch (message.op) {
    case 'send':
      return {
        op: 'send',
        text: prefix === undefined ? message.text : `${prefix}${message.text}`,
        ...(message.extras === undefined ? {} : { extras: message.extras }),
      };
    case 'edit':
      return { op: 'edit', text: message.text };
    case 'delete':
      return { op: 'delete' };
    case 'react':
      return { op: 'react', emoji: message.emoji, remove: message.remove ?? false };
    case 'typing':
      return { op: 'typing' };
  }
}
