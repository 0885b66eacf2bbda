import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '../../domain/errors.ts';
import type { NextId } from '../../domain/ids.ts';
import { limits } from '../../domain/limits.ts';
import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Histogram } from '../../lib/metrics.ts';
import type { Store } from '../../store/store.ts';
import { contract } from '../contract/contract.ts';
import { createHandlers } from '../handlers/handlers.ts';
import { RateLimiter, type RateLimits } from '../rate-limit.ts';
import { authenticate, authorize } from './authenticate.ts';
import { createEventStream } from './event-stream.ts';
import { renderMetrics } from './metrics.ts';
import { apiPrefix, mount } from './mount.ts';
import { openApiDocument } from './openapi.ts';
import { problemResponse } from './problem.ts';

export interface AdminDeps {
  readonly platform: ChannelPlatform;
  readonly store: Store;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
  readonly version: string;
  readonly rateLimits: RateLimits;
  readonly acknowledgedIn: Histogram;
  readonly stopping: AbortSignal;
}

type Env = { Bindings: { incoming: { socket: { remoteAddress?: string } } }; Variables: { requestId: string } };

/** The admin listener: the API by its contract, and beside it health, metrics, the document and the stream. */
export function createAdminApp(deps: AdminDeps): Hono<Env> {
  const { platform, store, clock, log, nextId, version } = deps;
  const app = new Hono<Env>();
  const limiter = new RateLimiter(clock, deps.rateLimits);
  const document = JSON.stringify(openApiDocument(contract, version));

  app.use('*', async (c, next) => {
    const startedAt = clock.monotonic();
    c.set('requestId', nextId('req'));
    const remoteAddress = c.env.incoming.socket.remoteAddress ?? '';
    limiter.take(remoteAddress);
    await next();
    c.header('x-request-id', c.get('requestId'));
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
    log.info('http.handled', {
      request_id: c.get('requestId'),
      method: c.req.method,
      route: c.req.routePath,
      status: c.res.status,
      duration_ms: Math.round(clock.monotonic() - startedAt),
      remote_ip: remoteAddress,
    });
  });
  app.use('*', bodyLimit({ maxSize: limits.adminBodyBytesMax, onError: () => tooLarge() }));

  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', async (c) => {
    const readiness = await platform.readiness();
    return c.json(readiness, readiness.ready ? 200 : 503);
  });
  app.get('/openapi.json', () => new Response(document, { headers: { 'content-type': 'application/json' } }));
  app.get('/metrics', async (c) => {
    authorize(await authenticate(c.req.header('authorization'), { tokens: store.tokens, clock }), 'metrics');
    return c.text(await renderMetrics({ platform, clock, acknowledgedIn: deps.acknowledgedIn }));
  });
  const eventStream = createEventStream({ store, clock, stopping: deps.stopping });
  app.get(`${apiPrefix}/events/stream`, async (c) => {
    authorize(await authenticate(c.req.header('authorization'), { tokens: store.tokens, clock }), 'read');
    return eventStream(c);
  });
  mount(app as unknown as Hono, contract, createHandlers(platform, nextId), { store, clock });

  app.notFound((c) => problemResponse(new AppError('not_found', 'There is no such operation. See /openapi.json.'), c.get('requestId')));
  app.onError((thrown, c) => {
    const error = AppError.from(thrown);
    const requestId = c.get('requestId') ?? '';
    if (error.code === 'internal') log.error('http.failed', { request_id: requestId, error: thrown });
    return problemResponse(error, requestId);
  });
  return app;
}

function tooLarge(): never {
  throw new AppError('too_large', `The body is over ${limits.adminBodyBytesMax} bytes.`);
}
