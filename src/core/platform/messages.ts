import type { Address } from '../../domain/address.ts';
import type { ApprovalUse } from '../../domain/approval.ts';
import { AppError } from '../../domain/errors.ts';
import {
  type ConnectorId,
  type EventId,
  eventIdOfTurn,
  kindOf,
  type MessageId,
  parseConnectorId,
  type PartId,
  type TurnId,
  turnIdOf,
} from '../../domain/ids.ts';
import type { ChatEvent } from '../../domain/inbound-event.ts';
import type { OutboundOperation } from '../../domain/outbound.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import type { TurnMessage } from '../../agents/agent.ts';
import type { Clock } from '../../lib/clock.ts';
import type { DeadLetter, PartRecord } from '../../store/outbox-store.ts';
import type { Store } from '../../store/store.ts';
import { refuseForeignChanges } from '../own-messages.ts';
import { finishDrafts } from '../plan-draft.ts';
import { type PlanDeps, planAnswer, planMessage, planSilence } from '../plan.ts';

export interface MessagesDeps {
  readonly store: Store;
  readonly plan: PlanDeps;
  readonly clock: Clock;
  readonly depthMax: number;
}

interface NewMessage {
  readonly operation: OutboundOperation;
  readonly principal: string;
  readonly idempotencyKey: string;
  /** What permits it, used up with the commit. */
  readonly approval?: ApprovalUse | undefined;
}

export interface SendRequest extends NewMessage {
  readonly connector: string;
  readonly conversation: string;
  readonly thread?: string | undefined;
  readonly message?: string | undefined;
}

export interface OriginRequest extends NewMessage {
  /** A turn, or the event that it handles. */
  readonly turn: string;
  /** Whether it is a reply to the message that the event is about. */
  readonly reply: boolean;
}

export interface Sent {
  readonly message: MessageId;
  readonly added: boolean;
  readonly parts: readonly PartRecord[];
}

/** Messages on their way out, and what became of those that did not get there. */
export class Messages {
  readonly #deps: MessagesDeps;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /**
   * Durable when resolved. The same key with the same contents again answers with the first message.
   * @throws AppError `invalid_request` when the platform has no such conversation or thread, by its spelling.
   */
  async send(request: SendRequest): Promise<Sent> {
    const { plan } = this.#deps;
    const connector = await this.#connector(request.connector);
    // One spelling, or what goes to one place would be in two lanes, and out of order.
    const spell = (entity: 'conversation' | 'thread', id: string): string =>
      plan.findAdapter(kindOf(connector))?.canonicalIdentity(entity, id) ?? id;
    const address = {
      connector,
      conversation: spell('conversation', request.conversation),
      ...(request.thread === undefined ? {} : { thread: spell('thread', request.thread) }),
      ...(request.message === undefined ? {} : { message: request.message }),
    };
    return this.#enqueue(request, address);
  }

  /**
   * As `send`, to where the event of a turn came from, also long after the turn has ended.
   * @throws AppError `not_found`; `conflict` when the event came from no conversation, or retention has emptied it.
   */
  async sendToOrigin(request: OriginRequest): Promise<Sent> {
    const event = await this.#originOf(request.turn);
    // What answers a command or a button in its own place ends soon, and is for its turn alone.
    const { handle: _handle, message, ...place } = event.address;
    await this.#connector(place.connector);
    const isReply = request.reply && message !== undefined;
    return this.#enqueue(request, isReply ? { ...place, message } : place);
  }

  async #originOf(turn: string): Promise<ChatEvent> {
    const id = eventIdOfTurn(turn as TurnId);
    const record = await this.#deps.store.inbox.getEvent(id);
    if (!record) throw new AppError('not_found', 'There is no such turn or event.');
    const { event } = record;
    if (!event) throw new AppError('conflict', `The contents of event ${id} have been removed by retention.`);
    if (event.type !== 'webhook') return event;
    throw new AppError('conflict', 'A webhook came from no conversation: name connector and conversation.');
  }

  async #enqueue(request: NewMessage, address: Address): Promise<Sent> {
    const { store, plan, clock, depthMax } = this.#deps;
    const { principal, idempotencyKey, operation, approval } = request;
    const key = `api:${principal.split(' ')[0] ?? ''}:${idempotencyKey}`;
    const parts = planMessage({ key, address, operation, origin: { kind: 'api', principal } }, plan);
    const { message, added } = await store.outbox.enqueue(parts, clock.now(), depthMax, approval);
    return { message, added, parts: await store.outbox.listPartsOfMessage(message) };
  }

  /** @throws AppError `not_found`. */
  async get(id: string): Promise<{ message: MessageId; parts: readonly PartRecord[] }> {
    const parts = await this.#deps.store.outbox.listPartsOfMessage(id as MessageId);
    const [first] = parts;
    if (!first) throw new AppError('not_found', 'There is no such message.');
    return { message: first.message, parts };
  }

  /** Ends a turn that an agent took with 202. */
  async answerTurn(
    id: string,
    messages: readonly TurnMessage[],
    postId: string,
  ): Promise<{ turn: TurnId; repeated: boolean; parts: number }> {
    const { store, plan, clock } = this.#deps;
    const eventId = eventIdOfTurn(id as TurnId);
    const record = await store.inbox.getEvent(eventId);
    if (!record?.event || !id.startsWith('turn_')) throw new AppError('not_found', 'There is no such turn.');
    const turn = turnIdOf(eventId);
    const { event } = record;
    const planned = planAnswer({ turn, eventId, event, messages, ...record.answerPlan }, plan);
    if (!planned)
      throw new AppError(
        'conflict',
        'The answer has no place to go: set replyTo in the rule that selects the event.',
      );
    await refuseForeignChanges(planned, store.outbox);
    // An earlier attempt may have begun to write.
    const drafts = await store.outbox.listPartsOfEvent(eventId);
    const parts = [...finishDrafts(planned, drafts, plan), ...planSilence(eventId, event, planned, plan)];
    const { repeated } = await store.inbox.resume(turn, postId, {
      at: clock.now(),
      state: 'done',
      reason: 'answered',
      parts,
    });
    return { turn, repeated, parts: parts.length };
  }

  listDeadLetters(source: string | undefined, page: PageRequest): Promise<Page<DeadLetter>> {
    return this.#deps.store.deadLetters.listDeadLetters(source === undefined ? {} : { source }, page);
  }

  /** @throws AppError `not_found`, also when the thing is there but neither dead nor held. */
  async getDeadLetter(id: string): Promise<DeadLetter & { contents: unknown }> {
    const { store } = this.#deps;
    if (isPart(id)) {
      const part = await store.outbox.getPart(id);
      if (part?.reason === undefined || (part.state !== 'dead' && part.state !== 'held'))
        throw noDeadLetter();
      const { state, reason, attempts, detail } = part;
      const contents = {
        address: part.address,
        operation: part.operation,
        part: part.part,
        parts: part.parts,
        message: part.message,
      };
      return {
        id,
        queue: 'outbox',
        source: part.connector,
        state,
        reason,
        attempts,
        at: part.finishedAt ?? 0,
        ...(detail === undefined ? {} : { detail }),
        contents,
      };
    }
    const event = await store.inbox.getEvent(id as EventId);
    if (event?.reason === undefined || event.state !== 'dead') throw noDeadLetter();
    const { reason, attempts, detail } = event;
    return {
      id: event.id,
      queue: 'inbox',
      source: event.source,
      state: 'dead',
      reason,
      attempts,
      at: event.finishedAt ?? 0,
      ...(detail === undefined ? {} : { detail }),
      contents: event.event,
    };
  }

  async replay(id: string): Promise<void> {
    const { store, clock } = this.#deps;
    await (isPart(id)
      ? store.outbox.replay(id, clock.now())
      : store.inbox.replay(id as EventId, clock.now()));
  }

  async discard(id: string): Promise<void> {
    const { store, clock } = this.#deps;
    await (isPart(id)
      ? store.outbox.discard(id, clock.now())
      : store.inbox.discard(id as EventId, clock.now()));
  }

  async #connector(id: string): Promise<ConnectorId> {
    const connector = parseConnectorId(id);
    if (!(await this.#deps.store.connectors.getConnector(connector))) {
      throw new AppError('not_found', `There is no connector ${connector}. See: palyra channels list.`);
    }
    return connector;
  }
}

function isPart(id: string): id is PartId {
  return id.startsWith('prt_');
}

function noDeadLetter(): AppError {
  return new AppError(
    'not_found',
    'There is no dead letter of that id. See: palyra channels dead-letters list.',
  );
}
