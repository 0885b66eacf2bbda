import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { routePath } from 'hono/route';
import { AppError } from '../../domain/errors.ts';
import type { NextId } from '../../domain/ids.ts';
import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Histogram } from '../../lib/metrics.ts';
import { contract } from '../contract/contract.ts';
import { rawContract } from '../contract/raw.ts';
import { createHandlers } from '../handlers/handlers.ts';
import { BodyBudget } from '../read-body.ts';
import { RateLimiter, type RateLimits } from '../rate-limit.ts';
import type { AdminContext, AdminEnv } from './admin-env.ts';
import { type AuthenticatedCaller, authenticate, authorize } from './authenticate.ts';
import { createEventStream } from './event-stream.ts';
import { metricsContentType, renderMetrics } from './metrics.ts';
import { apiPrefix, mount } from './mount.ts';
import { openApiDocument } from './openapi.ts';
import { problemResponse } from './problem.ts';

export interface AdminDeps {
  readonly platform: ChannelPlatform;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
  /** Takes the secrets in use out of a text. */
  readonly redact: (text: string) => string;
  readonly version: string;
  readonly rateLimits: RateLimits;
  readonly acknowledgedIn: Histogram;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}

/** Bytes of request bodies in memory at once. */
const bodiesBytesMax = 64 * 1024 * 1024;

/** The admin listener: the API by its contract, and beside it health, metrics, the document and the stream. */
export function createAdminApp(deps: AdminDeps): Hono<AdminEnv> {
  const { platform, clock, log, nextId, acknowledgedIn } = deps;
  const app = new Hono<AdminEnv>();
  let document: string | undefined;
  const eventStream = createEventStream(deps);

  watchRequests(app, deps);
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', async (c) => {
    const readiness = await platform.readiness();
    return c.json(readiness, readiness.ready ? 200 : 503);
  });
  app.get('/openapi.json', (c) => {
    // Made when somebody wants it: at the start it would cost a tenth of the time.
    document ??= JSON.stringify(openApiDocument(contract, rawContract, deps.version));
    return c.body(document, 200, { 'content-type': 'application/json' });
  });
  app.get('/metrics', async (c) => {
    authorize(await identify(c), ['metrics']);
    const text = await renderMetrics({ platform, clock, acknowledgedIn });
    return c.body(text, 200, { 'content-type': metricsContentType });
  });
  app.get(`${apiPrefix}/events/stream`, async (c) => eventStream(c, await admit(c, 'GET /events/stream')));
  app.get(`${apiPrefix}/artifacts/:id`, async (c) => {
    await admit(c, 'GET /artifacts/{id}');
    const { open, contentType, bytes } = await platform.artifact(c.req.param('id'));
    const headers = {
      'content-type': contentType,
      'content-length': String(bytes),
      // It is a stranger's file, and never to be shown as a page of ours.
      'content-disposition': 'attachment',
      'content-security-policy': 'sandbox',
    };
    // Nobody would read the file, nor close it.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    return c.body(Readable.toWeb(open()) as ReadableStream, 200, headers);
  });
  const budget = new BodyBudget(bodiesBytesMax);
  mount(app, contract, createHandlers(platform, nextId), { platform, log, clock, budget });

  app.notFound((c) => {
    throw new AppError('not_found', `There is no ${c.req.method} at this address. See /openapi.json.`);
  });
  app.onError((thrown, c) => {
    const error = AppError.from(thrown);
    const requestId = c.get('requestId');
    if (error.code === 'internal') log.error('http.failed', { request_id: requestId, error: thrown });
    return problemResponse(new AppError(error.code, deps.redact(error.message)), requestId);
  });
  return app;

  function identify(c: AdminContext): Promise<AuthenticatedCaller> {
    return authenticate(c.req.header('authorization'), platform.tokens);
  }

  async function admit(c: AdminContext, operation: keyof typeof rawContract): Promise<AuthenticatedCaller> {
    const caller = await identify(c);
    authorize(caller, rawContract[operation].scopes);
    return caller;
  }
}

/** Gives every request its id, keeps its sender within the rate, and writes its line. */
function watchRequests(app: Hono<AdminEnv>, { clock, log, nextId, rateLimits }: AdminDeps): void {
  const limiter = new RateLimiter(clock, rateLimits);
  app.use('*', async (c, next) => {
    const startedAt = clock.monotonic();
    const requestId = nextId<string>('req');
    c.set('requestId', requestId);
    const remoteAddress = c.env.incoming.socket.remoteAddress ?? '';
    limiter.take(remoteAddress);
    await next();
    c.header('x-request-id', requestId);
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
    log.info('http.handled', {
      request_id: requestId,
      actor: c.get('actor'),
      method: c.req.method,
      route: routePath(c as Context, -1),
      status: c.res.status,
      duration_ms: Math.round(clock.monotonic() - startedAt),
      remote_ip: remoteAddress,
    });
  });
}
