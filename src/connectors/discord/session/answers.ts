import type { OutboundPart, UncertainPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome } from '../../../domain/outcome.ts';
import type { Clock } from '../../../lib/clock.ts';
import { discordCapabilities } from '../capabilities.ts';
import { outcomeOf } from '../rest/outcome.ts';
import type { Rest } from '../rest/rest.ts';
import type { Remembered, Tickets } from './tickets.ts';

export interface AnswersDeps {
  readonly rest: Pick<Rest, 'call'>;
  readonly tickets: Pick<Tickets, 'recall' | 'claim' | 'noteFollowUp' | 'forget'>;
  readonly clock: Pick<Clock, 'now'>;
  /** What goes out for a part, without the place that it goes to. */
  readonly bodyOf: (part: OutboundPart) => Readonly<Record<string, unknown>> | undefined;
}

/**
 * Answers to commands and forms. The first message takes the place of "is thinking", which is an edit and so
 * comes to the same when it is repeated; what follows is sent to the channel like anything else, where a repeat
 * is recognised, and by the token of the interaction only where the channel does not take it.
 */
export class Answers {
  readonly #deps: AnswersDeps;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  /** Undefined when the part is to be sent like any other: nobody waits for it, or not any more. */
  async send(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome | undefined> {
    const { handle, message } = part.address;
    const { op } = part.operation;
    if (handle === undefined) return undefined;
    // With a message, it is that one which is deleted.
    if (op === 'delete' && message === undefined) return this.#withdraw(handle, signal);
    if (op !== 'send') return undefined;
    const ticket = await this.#deps.tickets.recall(handle);
    if (!ticket) return instead(part);
    if (!hasPlace(ticket)) return undefined;
    if (ticket.answeredBy !== undefined && ticket.answeredBy !== part.key) return undefined;
    // A repeat takes the same place.
    const json = this.#deps.bodyOf({ ...part, possibleDuplicate: false });
    if (!json) {
      // It comes as a message of its own, and nothing is left to wait for.
      await this.#withdraw(handle, signal);
      return undefined;
    }
    return this.#answer(part, { handle, ticket, json }, signal);
  }

  async #answer(
    part: OutboundPart,
    {
      handle,
      ticket,
      json,
    }: { readonly handle: string; readonly ticket: Remembered; readonly json: unknown },
    signal: AbortSignal,
  ): Promise<DeliveryOutcome | undefined> {
    // Before the call: after a crash it must not be taken for a place that is still free.
    await this.#deps.tickets.claim(handle, ticket, part.key);
    const answer = await this.#deps.rest.call(
      {
        method: 'PATCH',
        route: original,
        params: { application: ticket.applicationId, token: ticket.token },
        json,
        priority: 'interaction',
        auth: 'none',
      },
      signal,
    );
    if (answer.kind === 'refused' && isOver(answer)) {
      await this.#deps.tickets.forget(handle);
      return instead(part);
    }
    // Not that of an edit: the next try may come when the place is gone, and make a message of its own.
    return outcomeOf(answer, 'create');
  }

  /**
   * Instead of a part that the channel has refused, a message that follows the answer: a command works also where
   * the bot may not write, and in the direct messages of others. Undefined when there is no such way.
   */
  async followUp(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome | undefined> {
    const { handle } = part.address;
    if (handle === undefined || part.operation.op !== 'send' || part.uncertain === true) return undefined;
    const ticket = await this.#deps.tickets.recall(handle);
    const json = this.#deps.bodyOf(part);
    if (ticket?.answeredBy === undefined || !json) return undefined;
    // Before the call: a repeat makes a second message, so that this one is looked for first.
    if (!(await this.#deps.tickets.noteFollowUp(handle, ticket, part.key))) return undefined;
    const answer = await this.#deps.rest.call(
      {
        method: 'POST',
        route: '/webhooks/{application}/{token}',
        params: { application: ticket.applicationId, token: ticket.token },
        json,
        priority: 'final',
        auth: 'none',
      },
      signal,
    );
    return answer.kind === 'refused' && isOver(answer) ? undefined : outcomeOf(answer, 'create');
  }

  /** Whether another try goes the way of an earlier one, on which it makes no second message. */
  async isRepeatable({ address, key, firstAttemptAt }: UncertainPart): Promise<boolean> {
    if (address.handle === undefined) return false;
    const ticket = await this.#deps.tickets.recall(address.handle);
    if (!ticket || ticket.followedBy?.includes(key) === true) return false;
    // What has not claimed the place went to the channel, under its nonce.
    const isByNonce = this.#deps.clock.now() - firstAttemptAt < discordCapabilities.idempotentSendMs;
    return ticket.answeredBy === key || isByNonce;
  }

  /** Nothing comes in its place: "is thinking" goes away. */
  async #withdraw(handle: string, signal: AbortSignal): Promise<DeliveryOutcome> {
    const ticket = await this.#deps.tickets.recall(handle);
    if (!ticket || !hasPlace(ticket) || ticket.answeredBy !== undefined)
      return { kind: 'delivered', platformIds: [] };
    const answer = await this.#deps.rest.call(
      {
        method: 'DELETE',
        route: original,
        params: { application: ticket.applicationId, token: ticket.token },
        priority: 'interaction',
        auth: 'none',
      },
      signal,
    );
    const outcome = outcomeOf(answer, 'delete');
    if (outcome.kind === 'retry' || outcome.kind === 'unknown') return outcome;
    await this.#deps.tickets.forget(handle);
    return { kind: 'delivered', platformIds: [] };
  }
}

/**
 * What becomes of a part whose place is gone: it goes to the channel, unless it may have taken the place before.
 * Then it has to be looked for first, which costs no attempt.
 */
function instead({ uncertain = false }: OutboundPart): DeliveryOutcome | undefined {
  if (!uncertain) return undefined;
  const detail = 'The time to answer is over; whether an earlier try arrived has to be looked for.';
  return { kind: 'retry', code: 'answer_lost', afterMs: 0, scope: 'message', deferral: true, detail };
}

/** What stands where "is thinking" stood. */
const original = '/webhooks/{application}/{token}/messages/@original';

/** A button has a message of its own to change, and nothing that shows that an answer is coming. */
function hasPlace({ kind }: Remembered): boolean {
  return kind === 'command' || kind === 'form';
}

/** 10015 unknown webhook, 50027 invalid token, 10008 unknown message: the token's life, or the answer, is over. */
const over = new Set([10_008, 10_015, 10_062, 50_027]);

function isOver({ status, code }: { readonly status: number; readonly code: number }): boolean {
  return over.has(code) || status === 404 || status === 401;
}
