import { z } from 'zod';
import type { ConnectorHost, NewNote } from '../../connector.ts';
import type { InteractionTicket } from '../inbound/interaction-ticket.ts';
import type { RestAnswer, RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';

/** What is remembered of an interaction: enough to answer it, also after a restart. */
const Remembered = z.object({
  id: z.string(),
  token: z.string(),
  applicationId: z.string(),
  kind: z.enum(['command', 'component', 'autocomplete', 'form']),
  expiresAt: z.number(),
  /** The part that took the place of "is thinking". */
  answeredBy: z.string().optional(),
});
export type Remembered = z.infer<typeof Remembered>;

/** Discord's callback types: https://docs.discord.com/developers/interactions/receiving-and-responding */
const callback = { deferredMessage: 5, deferredUpdate: 6, choices: 8 } as const;

/** To be committed with the events of the interaction. */
export function noteOf(ticket: InteractionTicket): NewNote {
  const { handle: key, id, token, applicationId, kind, expiresAt } = ticket;
  const value: Remembered = { id, token, applicationId, kind, expiresAt };
  return { key, value: JSON.stringify(value), expiresAt };
}

/** The tickets of interactions: acknowledged at once, answered within their life. */
export class Tickets {
  readonly #host: Pick<ConnectorHost<unknown>, 'notes' | 'log'>;
  readonly #rest: Rest;

  constructor(host: Pick<ConnectorHost<unknown>, 'notes' | 'log'>, rest: Rest) {
    this.#host = host;
    this.#rest = rest;
  }

  /** Tells the person that it has arrived. Only after it is on disk; whatever comes of it, the events stand. */
  async acknowledge(ticket: InteractionTicket, signal: AbortSignal): Promise<void> {
    const answer = await this.#rest.call(acknowledgement(ticket), signal);
    if (answer.kind === 'ok' || isAcknowledgedAlready(answer)) return;
    this.#host.log.warn('interaction.not_acknowledged', { kind: ticket.kind, outcome: answer.kind });
    // Too late: the answer goes to the channel, like any other.
    if (answer.kind === 'refused') await this.#host.notes.remove(ticket.handle);
  }

  /** Undefined when its life is over, or nothing is known of it. */
  async recall(handle: string): Promise<Remembered | undefined> {
    const value = await this.#host.notes.get(handle);
    if (value === undefined) return undefined;
    const parsed = Remembered.safeParse(JSON.parse(value));
    return parsed.success ? parsed.data : undefined;
  }

  /** From now on the part with this key is the one that stands where "is thinking" stood. */
  async claim(handle: string, ticket: Remembered, key: string): Promise<void> {
    if (ticket.answeredBy === key) return;
    const value = JSON.stringify({ ...ticket, answeredBy: key } satisfies Remembered);
    await this.#host.notes.put({ key: handle, value, expiresAt: ticket.expiresAt });
  }

  async forget(handle: string): Promise<void> {
    await this.#host.notes.remove(handle);
  }
}

function acknowledgement({ id, token, kind }: InteractionTicket): RestRequest {
  const json =
    kind === 'autocomplete'
      ? { type: callback.choices, data: { choices: [] } }
      : { type: kind === 'component' ? callback.deferredUpdate : callback.deferredMessage };
  return {
    method: 'POST',
    route: '/interactions/{interaction}/{token}/callback',
    params: { interaction: id, token },
    json,
    priority: 'final',
    auth: 'none',
  };
}

/** 40060: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json */
const acknowledgedAlready = 40_060;

function isAcknowledgedAlready(answer: RestAnswer): boolean {
  return answer.kind === 'refused' && answer.code === acknowledgedAlready;
}
