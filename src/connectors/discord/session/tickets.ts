import { z } from 'zod';
import { deadline, sleep } from '../../../lib/clock.ts';
import type { ConnectorHost, NewNote } from '../../connector.ts';
import { messageFlags } from '../api-constants.ts';
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
  /** Parts that may have been sent after it by the same token, which the platform recognises no repeat of. */
  followedBy: z.array(z.string()).optional(),
});
export type Remembered = z.infer<typeof Remembered>;

/** An answer that takes longer is not waited for: a second try says whether the first arrived. */
const tryMsMax = 1_500;
const triesMax = 6;
/** With all tries: longer than the platform waits for the first answer, there is none to give. */
const acknowledgeMsMax = 3_000;
const waitMs = 150;
const followUpsMax = 50;

/** Discord's callback types: https://docs.discord.com/developers/interactions/receiving-and-responding */
const callback = { message: 4, deferredMessage: 5, deferredUpdate: 6, choices: 8 } as const;
const tooLate = 'This has expired. Ask again.';

/** To be committed with the events of the interaction. */
export function noteOf(ticket: InteractionTicket): NewNote {
  const { handle: key, id, token, applicationId, kind, expiresAt } = ticket;
  const value: Remembered = { id, token, applicationId, kind, expiresAt };
  return { key, value: JSON.stringify(value), expiresAt };
}

type TicketsHost = Pick<ConnectorHost<unknown>, 'notes' | 'log' | 'clock'>;

/** The tickets of interactions: acknowledged at once, answered within their life. */
export class Tickets {
  readonly #host: TicketsHost;
  readonly #rest: Pick<Rest, 'call'>;
  /** Those that are being acknowledged. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(host: TicketsHost, rest: Pick<Rest, 'call'>) {
    this.#host = host;
    this.#rest = rest;
  }

  /**
   * Tells the person that it has arrived, as often as it takes within the time that the platform gives. Only
   * after it is on disk; whatever comes of it, the events stand. Also while the session closes: what is on disk
   * is not dispatched again.
   */
  acknowledge(ticket: InteractionTicket): Promise<void> {
    const { handle, kind, isTooLate } = ticket;
    const { clock, log } = this.#host;
    if (isTooLate === true) log.info('interaction.expired', { kind });
    const limit = deadline(clock, acknowledgeMsMax, () => undefined);
    const done = this.#acknowledge(ticket, limit.signal).finally(() => {
      limit.clear();
      this.#underWay.delete(handle);
    });
    this.#underWay.set(handle, done);
    return done;
  }

  /** Resolves when none is under way: some seconds, at the most, after the last has come. */
  async acknowledged(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.values());
  }

  async #acknowledge(ticket: InteractionTicket, signal: AbortSignal): Promise<void> {
    const { clock, log, notes } = this.#host;
    for (let tries = 1; ; tries++) {
      const answer = await this.#callOnce(acknowledgement(ticket), signal);
      if (answer.kind === 'ok' || isAcknowledgedAlready(answer)) return;
      const afterMs = Math.max(answer.kind === 'wait' ? answer.afterMs : 0, waitMs * 2 ** (tries - 1));
      const isOver = tries === triesMax || clock.now() + afterMs >= ticket.acknowledgeBy;
      if (answer.kind === 'refused' || isOver || signal.aborted) {
        log.warn('interaction.not_acknowledged', { kind: ticket.kind, outcome: answer.kind });
        // Too late: the answer goes to the channel, like any other.
        if (answer.kind === 'refused') await notes.remove(ticket.handle);
        return;
      }
      await sleep(clock, afterMs, signal);
    }
  }

  async #callOnce(request: RestRequest, signal: AbortSignal): Promise<RestAnswer> {
    const limit = deadline(this.#host.clock, tryMsMax, () => undefined, signal);
    try {
      return await this.#rest.call(request, limit.signal);
    } finally {
      limit.clear();
    }
  }

  /** Undefined when its life is over, or nothing is known of it. */
  async find(handle: string): Promise<Remembered | undefined> {
    const value = await this.#host.notes.get(handle);
    if (value === undefined) return undefined;
    const parsed = Remembered.safeParse(JSON.parse(value));
    return parsed.success ? parsed.data : undefined;
  }

  /** As `find`, for answering it: that the platform takes only after it was acknowledged. */
  async recall(handle: string): Promise<Remembered | undefined> {
    await this.#underWay.get(handle)?.catch(() => undefined);
    return this.find(handle);
  }

  /** From now on the part with this key is the one that stands where "is thinking" stood. */
  async claim(handle: string, ticket: Remembered, key: string): Promise<void> {
    if (ticket.answeredBy === key) return;
    const value = JSON.stringify({ ...ticket, answeredBy: key } satisfies Remembered);
    await this.#host.notes.put({ key: handle, value, expiresAt: ticket.expiresAt });
  }

  /** From now on the part with this key may have been sent by the token. False when there are too many of them. */
  async noteFollowUp(handle: string, ticket: Remembered, key: string): Promise<boolean> {
    const { followedBy = [] } = ticket;
    if (followedBy.includes(key)) return true;
    if (followedBy.length >= followUpsMax) return false;
    const value = JSON.stringify({ ...ticket, followedBy: [...followedBy, key] } satisfies Remembered);
    await this.#host.notes.put({ key: handle, value, expiresAt: ticket.expiresAt });
    return true;
  }

  async forget(handle: string): Promise<void> {
    await this.#host.notes.remove(handle);
  }
}

function acknowledgement(ticket: InteractionTicket): RestRequest {
  const { id, token } = ticket;
  return {
    method: 'POST',
    route: '/interactions/{interaction}/{token}/callback',
    params: { interaction: id, token },
    json: firstAnswer(ticket),
    priority: 'final',
    auth: 'none',
  };
}

function firstAnswer({ kind, isTooLate = false }: InteractionTicket): Readonly<Record<string, unknown>> {
  if (isTooLate) return { type: callback.message, data: { content: tooLate, flags: messageFlags.ephemeral } };
  switch (kind) {
    case 'autocomplete':
      return { type: callback.choices, data: { choices: [] } };
    case 'component':
      return { type: callback.deferredUpdate };
    case 'command':
    case 'form':
      return { type: callback.deferredMessage };
  }
}

/** 40060: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json */
const acknowledgedAlready = 40_060;

function isAcknowledgedAlready(answer: RestAnswer): boolean {
  return answer.kind === 'refused' && answer.code === acknowledgedAlready;
}
