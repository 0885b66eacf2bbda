import { ApiError, refuse } from './api-error.ts';
import type { Bot } from './entities.ts';
import { type ParsedBody, parseBody } from './request-body.ts';
import { Form } from './form.ts';
import type { RateLimits } from './rate-limits.ts';
import { type Verdict } from './rate-limits.ts';
import type { Reply, Route } from './rest-call.ts';
import type { Faults, RestFault } from './faults.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';
import { Router } from './router.ts';
import { isSnowflake } from './snowflakes.ts';
import type { World } from './world.ts';

export interface RawRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Over the limit of a whole request. */
  readonly isTooLarge: boolean;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly fault?: RestFault;
}

const textParams: readonly string[] = ['token', 'emoji'];

const none: ParsedBody = { json: {}, list: undefined, files: new Map() };

/** The HTTP API: who may ask, how often, and what is answered. */
export class Rest {
  readonly log = new RequestLog();
  readonly limits: RateLimits;
  readonly #world: World;
  readonly #router: Router;
  readonly #faults: Faults;

  constructor(world: World, routes: readonly Route[], limits: RateLimits, faults: Faults) {
    this.#world = world;
    this.limits = limits;
    this.#faults = faults;
    this.#router = new Router(routes);
  }

  handle(request: RawRequest): RawAnswer {
    const path = request.url.pathname.replace(/^\/api\/v\d+/, '');
    const match = this.#router.find(request.method, path);
    const isFound = typeof match !== 'string';
    let parsed: ParsedBody | ApiError;
    try {
      parsed = parseBody(request.headers['content-type'] ?? '', request.body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      parsed = error;
    }
    const { json, list, files } = parsed instanceof ApiError ? none : parsed;
    const entry: LoggedRequest = {
      at: this.#world.now(),
      method: request.method,
      path,
      route: isFound ? match.route.template : '',
      params: isFound ? match.params : {},
      query: Object.fromEntries(request.url.searchParams),
      headers: request.headers,
      json,
      list,
      files: [...files.values()].map(({ filename, contentType, bytes }) => ({
        filename,
        contentType,
        size: bytes.byteLength,
      })),
      bot: this.#botOf(request),
      status: undefined,
      fault: undefined,
    };
    this.log.write(entry);
    const fault = this.#faults.takeRest(entry);
    entry.fault = fault?.kind;
    const answer = this.#answer(request, entry, isFound ? match.route : match, parsed, fault);
    if (this.#isInvalid(answer)) this.limits.countInvalid();
    if (fault?.kind !== 'reset' && fault?.kind !== 'hang') entry.status = answer.status;
    return { ...answer, ...(fault ? { fault } : {}) };
  }

  #answer(
    request: RawRequest,
    entry: LoggedRequest,
    route: Route | 'method' | 'path',
    parsed: ParsedBody | ApiError,
    fault: RestFault | undefined,
  ): RawAnswer {
    if (this.limits.bannedForMs > 0) return banned(this.limits.bannedForMs);
    if (fault && 'applied' in fault && !fault.applied) return failed(fault);
    if (fault?.kind === 'rate_limit') return this.#limited(route, fault);
    let headers: Readonly<Record<string, string>> = {};
    try {
      if (!/^DiscordBot \(.+, .+\)/.test(request.headers['user-agent'] ?? '')) refuse('blockedUserAgent');
      if (route === 'path') refuse('notFound');
      if (route === 'method') refuse('methodNotAllowed');
      const { bot } = entry;
      if (route.auth === 'bot' && !bot) refuse('unauthorized');
      const verdict = this.#takeLimits(route, entry);
      ({ headers } = verdict);
      if (verdict.limited) return tooMany(verdict);
      if (request.isTooLarge) refuse('tooLarge');
      requireIds(entry.params);
      if (parsed instanceof ApiError) throw parsed;
      const call = {
        method: request.method,
        params: entry.params,
        query: request.url.searchParams,
        body: parsed.json,
        list: parsed.list,
        files: parsed.files,
      };
      const reply = route.auth === 'bot' ? route.run({ ...call, bot: bot! }) : route.run(call);
      return fault?.kind === 'status' ? failed(fault) : fromReply(reply, headers);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const retryAfter = error.body.retry_after;
      return json(error.status, error.body, {
        ...headers,
        ...(typeof retryAfter === 'number' ? { 'retry-after': String(Math.ceil(retryAfter)) } : {}),
      });
    }
  }

  #botOf({ headers }: RawRequest): Bot | undefined {
    const [, token = ''] = /^Bot (.+)$/.exec(headers.authorization ?? '') ?? [];
    return this.#world.botByToken(token);
  }

  #takeLimits(route: Route, { bot, params }: LoggedRequest): Verdict {
    const caller = bot?.applicationId ?? '';
    const isGlobal = route.auth === 'bot' ? this.limits.takeGlobal(caller) : undefined;
    if (isGlobal) return isGlobal;
    return route.bucket ? this.limits.take(caller, route.bucket, topLevel(params)) : { headers: {} };
  }

  #limited(route: Route | string, fault: Extract<RestFault, { kind: 'rate_limit' }>): RawAnswer {
    const { scope, retryAfterMs, resetAfterMs = retryAfterMs, code } = fault;
    const bucket = typeof route === 'string' ? undefined : route.bucket;
    const ofBucket =
      scope === 'global' || bucket === undefined
        ? {}
        : this.limits.headers(bucket, this.limits.limitOf(bucket), scope === 'shared' ? 1 : 0, resetAfterMs);
    const headers = {
      ...ofBucket,
      'x-ratelimit-scope': scope,
      ...(scope === 'global' ? { 'x-ratelimit-global': 'true' } : {}),
    };
    return tooMany({ headers, limited: { retryAfterMs, isGlobal: scope === 'global' } }, code);
  }

  #isInvalid({ status, headers }: RawAnswer): boolean {
    if (status === 429) return headers['x-ratelimit-scope'] !== 'shared';
    return status === 401 || status === 403;
  }
}

/** @throws ApiError 50035 for a path with something else where an id belongs. */
function requireIds(params: Readonly<Record<string, string>>): void {
  const form = new Form();
  for (const [name, value] of Object.entries(params))
    if (!textParams.includes(name) && value !== '@original' && !isSnowflake(value))
      form.fail(`${name}_id`, 'NUMBER_TYPE_COERCE', `Value "${value}" is not snowflake.`);
  form.check();
}

/** Source: docs.discord.com/developers/topics/rate-limits. */
function topLevel({ channel, guild, application, token }: Readonly<Record<string, string>>): string {
  return channel ?? guild ?? (token === undefined ? '' : `${application} ${token}`);
}

function fromReply({ status, body }: Reply, headers: Readonly<Record<string, string>>): RawAnswer {
  return body === undefined ? { status, headers, body: '' } : json(status, body, headers);
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>>): RawAnswer {
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function tooMany({ headers, limited }: Verdict, code?: number): RawAnswer {
  const { retryAfterMs, isGlobal } = limited!;
  return json(
    429,
    {
      message:
        headers['x-ratelimit-scope'] === 'shared'
          ? 'The resource is being rate limited.'
          : 'You are being rate limited.',
      retry_after: retryAfterMs / 1_000,
      global: isGlobal,
      ...(code === undefined ? {} : { code }),
    },
    { ...headers, 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) },
  );
}

/** What the proxy in front of the API answers to an address that made too many invalid requests. */
function banned(forMs: number): RawAnswer {
  return {
    status: 429,
    headers: { 'content-type': 'text/html; charset=UTF-8', 'retry-after': String(Math.ceil(forMs / 1_000)) },
    body: '<!DOCTYPE html><title>Access denied</title><p>Error 1015: You are being rate limited.',
  };
}

function failed(fault: RestFault): RawAnswer {
  if (fault.kind !== 'status') return { status: 0, headers: {}, body: '' };
  if (fault.body !== undefined) return json(fault.status, fault.body, {});
  return {
    status: fault.status,
    headers: { 'content-type': 'text/html' },
    body: `<html><head><title>${fault.status}</title></head><body>from a proxy</body></html>`,
  };
}
