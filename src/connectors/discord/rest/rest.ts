import type { Clock } from '../../../lib/clock.ts';
import type { GuardedFetch, GuardedRequest } from '../../../lib/guarded-fetch.ts';
import type { EgressPolicy } from '../../../lib/net-guard.ts';
import type { Secret } from '../../../lib/secret.ts';
import { fieldsOf } from '../untrusted.ts';
import { classifyAnswer, classifyFailure, type ReadAnswer, readAnswer } from './answer.ts';
import { errorRowOf } from './error-table.ts';
import { Limiter, type LimiterSnapshot, type Permit } from './limiter.ts';
import { encodeMultipart } from './multipart.ts';
import { readRateFacts, readRateWait } from './rate-facts.ts';
import { Refusals } from './refusals.ts';
import type { RestAnswer, RestRequest } from './request.ts';
import { type Target, toTarget } from './route.ts';

export interface RestDeps {
  readonly fetch: GuardedFetch;
  readonly apiBaseUrl: string;
  readonly policy: EgressPolicy;
  /** At every call; never kept. What it throws goes to the caller, and nothing is sent. */
  readonly token: () => Promise<Secret>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** `DiscordBot (<url>, <version>)`: https://docs.discord.com/developers/reference#user-agent */
  readonly userAgent: string;
}

export interface RestSnapshot extends LimiterSnapshot {
  /** The token was refused, and nothing goes out until there is another. */
  readonly unauthorized: boolean;
  readonly rememberedRefusals: number;
}

/** The REST API for one credential: all that goes out under it comes through here. */
export interface Rest {
  /**
   * At most one request, and what came of it. Never waits for a limit and never tries again: that is the
   * caller's, who is told how long. When `signal` aborts, `failed` says whether something was sent.
   * @throws AppError `invalid_request` when the route does not fit its parameters; and what `token` throws.
   */
  call(request: RestRequest, signal: AbortSignal): Promise<RestAnswer>;
  /** Something has changed in the channel, or, without it, in roles or servers: what was forbidden may be allowed now. */
  forgetRefusals(channel?: string): void;
  /** Holds no ids, tokens or paths. */
  snapshot(): RestSnapshot;
}

const timeoutMs = 15_000;
/** A hundred messages with everything that they can hold. */
const answerBytesMax = 8 * 1024 * 1024;
/** https://docs.discord.com/developers/resources/audit-log */
const auditReasonMax = 512;

export function createRest(deps: RestDeps): Rest {
  const { clock, fetch, token } = deps;
  const limiter = new Limiter({ clock });
  const refusals = new Refusals(clock);

  async function call(request: RestRequest, signal: AbortSignal): Promise<RestAnswer> {
    const target = toTarget(request);
    const secret = request.auth === 'bot' ? await token() : undefined;
    const shape = shapeOf(request);
    const remembered = (secret && refusals.findUnauthorized(secret)) ?? refusals.findForbidden(target, shape);
    if (remembered) return remembered;
    // From here to the request nothing is awaited, so that nobody else takes the place in between.
    const admission = limiter.admit(target, request.priority, request.auth === 'bot');
    if (admission.kind === 'wait') return { ...admission, sent: false };
    const answer = await exchange(toGuarded(request, target, secret, deps, signal), admission.permit);
    remember(request, target, shape, secret, answer);
    return answer;
  }

  async function exchange(guarded: GuardedRequest, permit: Permit): Promise<RestAnswer> {
    let read: ReadAnswer;
    try {
      read = await readAnswer(await fetch(guarded));
    } catch (thrown) {
      const answer = classifyFailure(thrown);
      if (answer.kind === 'failed' && !answer.sent) limiter.giveBack(permit);
      else limiter.settle(permit, undefined, false);
      return answer;
    }
    const { status, headers, body } = read;
    const facts = readRateFacts(headers);
    if (status === 429) {
      const { afterMs, scope } = limiter.punish(permit, facts, readRateWait(headers, body));
      return { kind: 'wait', afterMs, scope, sent: true };
    }
    limiter.settle(permit, facts, status < 300);
    if (status === 401 || status === 403) limiter.addInvalid();
    return classifyAnswer(read);
  }

  function remember(
    { auth, method }: RestRequest,
    target: Target,
    shape: string,
    secret: Secret | undefined,
    answer: RestAnswer,
  ): void {
    if (answer.kind !== 'refused') return;
    if (answer.status === 401 && auth === 'bot' && secret) refusals.rememberUnauthorized(secret, answer);
    if (answer.status !== 403) return;
    const { outcome, isOfPlace = false } = errorRowOf(answer.status, answer.code);
    // A new message may be refused for what it says, and then the next one is not.
    if (outcome !== 'rejected' || !(isOfPlace || method !== 'POST')) return;
    // Without a resource in its path, a request may be about anybody.
    if (target.resource !== '') refusals.rememberForbidden(target, shape, isOfPlace, answer);
  }

  return {
    call,
    forgetRefusals: (channel) => refusals.forget(channel),
    snapshot: () => ({
      ...limiter.snapshot(),
      unauthorized: refusals.isUnauthorized,
      rememberedRefusals: refusals.size,
    }),
  };
}

/** Which fields it has: a text may be allowed where a file, an embed or a poll is not. */
function shapeOf({ json, files = [] }: RestRequest): string {
  return [...Object.keys(fieldsOf(json) ?? {}), ...(files.length > 0 ? ['files'] : [])].toSorted().join(' ');
}

function toGuarded(
  { method, json, files = [], auditReason }: RestRequest,
  target: Target,
  secret: Secret | undefined,
  { apiBaseUrl, policy, userAgent }: RestDeps,
  signal: AbortSignal,
): GuardedRequest {
  const multipart = files.length > 0 ? encodeMultipart(json, files) : undefined;
  const body = multipart?.bytes ?? (json === undefined ? undefined : JSON.stringify(json));
  const contentType = multipart?.contentType ?? (body === undefined ? undefined : 'application/json');
  return {
    url: `${apiBaseUrl.replace(/\/+$/, '')}${target.path}`,
    method,
    headers: {
      'user-agent': userAgent,
      accept: 'application/json',
      ...(secret === undefined ? {} : { authorization: `Bot ${secret.reveal()}` }),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...(auditReason === undefined
        ? {}
        : { 'x-audit-log-reason': encodeURIComponent(auditReason.toWellFormed()).slice(0, auditReasonMax) }),
    },
    ...(body === undefined ? {} : { body }),
    policy,
    signal,
    timeoutMs,
    responseBytesMax: answerBytesMax,
  };
}
