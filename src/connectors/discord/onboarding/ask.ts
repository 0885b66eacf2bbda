import { AppError } from '../../../domain/errors.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import type { RestAnswer } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';

/** What the platform told, or why it does not: an error of its own, with our words. */
export type Told =
  | { readonly kind: 'told'; readonly body: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly code: number; readonly detail: string };

/** Reads from the platform, for as long as a look takes. */
export type Ask = (route: string, params?: Readonly<Record<string, string>>) => Promise<Told>;

const triesMax = 3;
/** Over the windows of the routes that are asked, which are 5 s; longer is the operator's to wait. */
const waitMsMax = 8_000;

/**
 * A way to read that follows short waits and repeats what was lost, a few times.
 * @throws AppError from what it returns: `unauthenticated`; `rate_limited`; `unavailable`; `invalid_request` when
 *   the address is not one that may be asked; the reason of `signal`.
 */
export function createAsk(rest: Rest, clock: Clock, signal: AbortSignal): Ask {
  return async (route, params = {}) => {
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      const answer = await rest.call(
        { method: 'GET', route, params, priority: 'final', auth: 'bot' },
        signal,
      );
      signal.throwIfAborted();
      if (answer.kind === 'ok') return { kind: 'told', body: answer.body };
      if (answer.kind === 'refused' && answer.status !== 401) return answer;
      const waitMs = tries < triesMax ? waitOf(answer) : undefined;
      if (waitMs === undefined) throw errorOf(answer);
      await sleep(clock, waitMs, signal);
    }
  };
}

/** Undefined when it would not help. */
function waitOf(answer: Exclude<RestAnswer, { kind: 'ok' }>): number | undefined {
  if (answer.kind === 'wait') return answer.afterMs <= waitMsMax ? answer.afterMs : undefined;
  if (answer.kind === 'failed' && answer.forbidden !== true)
    return Math.min(answer.afterMs ?? 250, waitMsMax);
  return undefined;
}

function errorOf(answer: Exclude<RestAnswer, { kind: 'ok' }>): AppError {
  switch (answer.kind) {
    case 'wait': {
      const seconds = Math.ceil(answer.afterMs / 1_000);
      return new AppError('rate_limited', `Discord asks to wait for ${seconds} s. Try again then.`);
    }
    case 'refused':
      return new AppError(
        'unauthenticated',
        'Discord does not accept the bot token. Copy it anew from the developer portal: Bot, Reset Token.',
      );
    case 'failed':
      return answer.forbidden === true
        ? new AppError(
            'invalid_request',
            `${answer.detail} Check apiBaseUrl; for a server of your own, set allowPrivateNetwork.`,
          )
        : new AppError('unavailable', answer.detail);
  }
}
