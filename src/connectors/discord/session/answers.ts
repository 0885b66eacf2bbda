import type { OutboundPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome } from '../../../domain/outcome.ts';
import { outcomeOf } from '../rest/outcome.ts';
import type { Rest } from '../rest/rest.ts';
import type { Remembered, Tickets } from './tickets.ts';

export interface AnswersDeps {
  readonly rest: Rest;
  readonly tickets: Tickets;
  /** What goes out for a part, without the place that it goes to. */
  readonly bodyOf: (part: OutboundPart) => Readonly<Record<string, unknown>> | undefined;
}

/**
 * Answers to commands and forms. The first message takes the place of "is thinking", which is an edit and so
 * comes to the same when it is repeated; what follows is sent to the channel like anything else.
 */
export class Answers {
  readonly #deps: AnswersDeps;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  /** Undefined when the part is to be sent like any other: nobody waits for it, or not any more. */
  async send(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome | undefined> {
    const { handle } = part.address;
    if (handle === undefined || part.address.message !== undefined) return undefined;
    const { op } = part.operation;
    const ticket = await this.#deps.tickets.recall(handle);
    if (op === 'delete') return this.#withdraw(handle, ticket, signal);
    if (op !== 'send' || !ticket || !hasPlace(ticket)) return undefined;
    if (ticket.answeredBy !== undefined && ticket.answeredBy !== part.key) return undefined;
    const json = this.#deps.bodyOf(part);
    if (!json) return undefined;
    // Before the call: after a crash it must not be taken for a place that is still free.
    await this.#deps.tickets.claim(handle, ticket, part.key);
    const answer = await this.#deps.rest.call(
      {
        method: 'PATCH',
        route: '/webhooks/{application}/{token}/messages/@original',
        params: { application: ticket.applicationId, token: ticket.token },
        json,
        priority: 'interaction',
        auth: 'none',
      },
      signal,
    );
    if (answer.kind === 'ok') return outcomeOf(answer, 'create');
    if (answer.kind === 'refused' && isOver(answer)) {
      await this.#deps.tickets.forget(handle);
      return undefined;
    }
    return outcomeOf(answer, 'edit');
  }

  /** The agent had nothing to say: "is thinking" goes away. */
  async #withdraw(
    handle: string,
    ticket: Remembered | undefined,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    if (!ticket || !hasPlace(ticket) || ticket.answeredBy !== undefined)
      return { kind: 'delivered', platformIds: [] };
    const answer = await this.#deps.rest.call(
      {
        method: 'DELETE',
        route: '/webhooks/{application}/{token}/messages/@original',
        params: { application: ticket.applicationId, token: ticket.token },
        priority: 'interaction',
        auth: 'none',
      },
      signal,
    );
    const outcome = outcomeOf(answer, 'delete');
    if (outcome.kind === 'rejected') return { kind: 'delivered', platformIds: [] };
    if (outcome.kind === 'delivered') await this.#deps.tickets.forget(handle);
    return outcome;
  }
}

/** A button has a message of its own to change, and nothing that shows that an answer is coming. */
function hasPlace({ kind }: Remembered): boolean {
  return kind === 'command' || kind === 'form';
}

/** 10015 unknown webhook, 50027 invalid token, 10008 unknown message: the token's life, or the answer, is over. */
const over = new Set([10_008, 10_015, 10_062, 50_027]);

function isOver({ status, code }: { readonly status: number; readonly code: number }): boolean {
  return over.has(code) || status === 404 || status === 401;
}
