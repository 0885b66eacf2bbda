import type { Hono } from 'hono';
import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Contract, Endpoint } from '../contract/endpoint.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { AdminContext, AdminEnv } from './admin-env.ts';
import { authenticate, authorize } from './authenticate.ts';
import { type BodyDeps, parseIdempotencyKey, readJson, readParams, readQuery, validate } from './input.ts';

export interface MountDeps extends BodyDeps {
  readonly platform: ChannelPlatform;
  readonly log: Logger;
}

export const apiPrefix = '/admin/v1';

/** Puts every endpoint of a contract on the app: who may, what is valid, what is noted. */
export function mount<Part extends Contract>(
  app: Hono<AdminEnv>,
  part: Part,
  handlers: HandlersOf<Part>,
  deps: MountDeps,
): void {
  for (const [key, endpoint] of Object.entries(part)) {
    const [method = '', path = ''] = key.split(' ');
    const handler = handlers[key] as unknown as AnyHandler;
    const pattern = `${apiPrefix}${path.replace(/\{(\w+)\}/g, ':$1')}`;
    app.on(method, pattern, (c) => handle(c, endpoint, handler, deps));
  }
}

interface AnyInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly principal: string;
  readonly idempotencyKey: string | undefined;
}

type AnyHandler = (input: AnyInput) => Promise<unknown>;

async function handle(
  c: AdminContext,
  endpoint: Endpoint,
  handler: AnyHandler,
  deps: MountDeps,
): Promise<Response> {
  const caller = await authenticate(c.req.header('authorization'), deps.platform.tokens);
  c.set('actor', caller.principal);
  authorize(caller, [endpoint.scope]);
  const input = {
    params: validate(endpoint.params, readParams(c), 'path'),
    query: validate(endpoint.query, readQuery(c), 'query'),
    body: validate(endpoint.body, await readJson(c, deps), 'body'),
    principal: caller.principal,
    idempotencyKey: parseIdempotencyKey(c.req.header('idempotency-key')),
  };
  const answer = await handler(input);
  if (endpoint.audit) await note(c, endpoint.audit, input, answer, deps);
  return c.json(answer as never, endpoint.status);
}

/** The change has been made and cannot be taken back: where it cannot be noted, the log has it. */
async function note(
  c: AdminContext,
  audit: NonNullable<Endpoint['audit']>,
  { params, body, principal }: AnyInput,
  answer: unknown,
  { platform, log }: MountDeps,
): Promise<void> {
  const detail = { ...pick(body, audit.fields), ...pick(answer, audit.answerFields) };
  const change = { principal, action: audit.action, target: audit.target ?? targetOf(params, body), detail };
  const line = {
    request_id: c.get('requestId'),
    actor: principal,
    action: change.action,
    target: change.target,
  };
  log.info('admin.changed', line);
  try {
    await platform.noteChange(change);
  } catch (error) {
    log.error('audit.failed', { ...line, detail, error });
  }
}

/** What the path names, else what the body does. */
function targetOf(params: unknown, body: unknown): string {
  const named = Object.values(params as Record<string, string>);
  if (named.length > 0) return named.join('/');
  const { id, name, connector, turn } = (body ?? {}) as Record<string, unknown>;
  return [id, name, connector, turn].find((value) => typeof value === 'string') ?? '';
}

function pick(from: unknown, fields: readonly string[]): Record<string, unknown> {
  const facts = (from ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    fields.filter((field) => facts[field] !== undefined).map((field) => [field, facts[field]]),
  );
}
