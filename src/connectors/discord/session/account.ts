import { AppError } from '../../../domain/errors.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import { readApplication, readUser } from '../api-read.ts';
import type { ApiApplication, ApiUser } from '../api-types.ts';
import { type GatewayInfo, parseGatewayInfo } from '../gateway/gateway-info.ts';
import type { RestAnswer, RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';

export interface Account {
  readonly user: ApiUser;
  readonly application: ApiApplication;
}

const triesMax = 5;
const waitMsMax = 10_000;

/**
 * The body of an answer that nothing goes on without. Follows short waits, a few times.
 * @throws AppError `unauthenticated`, `forbidden`, `not_found`, `rate_limited`, `unavailable`, `config_invalid`.
 */
export async function demand(
  rest: Rest,
  request: RestRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    const answer = await rest.call(request, signal);
    if (answer.kind === 'ok') return answer.body;
    const waitMs = answer.kind === 'wait' ? answer.afterMs : undefined;
    if (waitMs === undefined || waitMs > waitMsMax || tries === triesMax) throw errorOf(answer);
    await sleep(clock, waitMs, signal);
  }
}

/** Who the bot is. @throws AppError as `demand` does. */
export async function readAccount(rest: Rest, clock: Clock, signal: AbortSignal): Promise<Account> {
  const get = (route: string): Promise<unknown> =>
    demand(rest, { method: 'GET', route, params: {}, priority: 'final', auth: 'bot' }, clock, signal);
  const user = readUser(await get('/users/@me'));
  const application = readApplication(await get('/applications/@me'));
  if (user && application) return { user, application };
  throw new AppError('unavailable', 'The API did not say who the bot is. Check the API base URL.');
}

/** @throws AppError as `demand` does. */
export async function readGatewayInfo(rest: Rest, clock: Clock, signal: AbortSignal): Promise<GatewayInfo> {
  const request = {
    method: 'GET',
    route: '/gateway/bot',
    params: {},
    priority: 'final',
    auth: 'bot',
  } as const;
  return parseGatewayInfo(await demand(rest, request, clock, signal));
}

function errorOf(answer: Exclude<RestAnswer, { kind: 'ok' }>): AppError {
  switch (answer.kind) {
    case 'wait':
      return new AppError('rate_limited', `Discord asks to wait for ${Math.ceil(answer.afterMs / 1_000)} s.`);
    case 'failed':
      return new AppError(answer.forbidden === true ? 'config_invalid' : 'unavailable', answer.detail);
    case 'refused':
      if (answer.status === 401)
        return new AppError(
          'unauthenticated',
          'Discord does not accept the bot token. Reset it in the developer portal, and store the new one.',
        );
      if (answer.status === 403) return new AppError('forbidden', answer.detail);
      if (answer.status === 404)
        return new AppError(
          'not_found',
          `${answer.detail} Check the API base URL, if it is not Discord's own.`,
        );
      return new AppError('unavailable', answer.detail);
  }
}
