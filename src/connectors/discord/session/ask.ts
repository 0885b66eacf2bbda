import { AppError } from '../../../domain/errors.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import type { RestAnswer, RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';

/** How often a question is put before it is given up, and how long to wait in between. */
export interface Patience {
  readonly triesMax: number;
  /** Doubles with every try, up to the other. What the platform asks for counts, within that too. */
  readonly waitMsMin: number;
  readonly waitMsMax: number;
}

export type Told =
  | { readonly kind: 'told'; readonly body: unknown }
  /** The platform does not let us know, and will not tomorrow. */
  | { readonly kind: 'refused'; readonly status: number };

export interface AskDeps {
  readonly rest: Pick<Rest, 'call'>;
  readonly clock: Clock;
}

/**
 * Puts a question to the platform until it is answered.
 * @throws AppError `unavailable` when there is no answer, `unauthenticated` when there is none to this token; the
 *   reason of `signal`.
 */
export async function ask(
  request: RestRequest,
  { triesMax, waitMsMin, waitMsMax }: Patience,
  { rest, clock }: AskDeps,
  signal: AbortSignal,
): Promise<Told> {
  for (let tries = 1; tries <= triesMax; tries++) {
    signal.throwIfAborted();
    const answer = await rest.call(request, signal);
    if (answer.kind === 'ok') return { kind: 'told', body: answer.body };
    if (answer.kind === 'refused' && answer.status === 401)
      throw new AppError(
        'unauthenticated',
        'Discord does not accept the bot token. Reset it in the developer portal, and store the new one.',
      );
    if (answer.kind === 'refused' && answer.status < 500) return { kind: 'refused', status: answer.status };
    const waitMs = Math.max(askedMs(answer), waitMsMin * 2 ** (tries - 1));
    if (tries < triesMax) await sleep(clock, Math.min(waitMs, waitMsMax), signal);
  }
  signal.throwIfAborted();
  throw new AppError('unavailable', 'Discord did not answer a question.');
}

function askedMs(answer: Exclude<RestAnswer, { kind: 'ok' }>): number {
  return answer.afterMs ?? 0;
}
