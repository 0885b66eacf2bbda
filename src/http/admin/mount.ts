import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Contract, Endpoint } from '../contract/endpoint.ts';
import type { HandlersOf } from '../contract/contract.ts';
import { authenticate, authorize, type Caller } from './authenticate.ts';

export interface MountDeps {
  readonly store: Pick<Store, 'tokens' | 'journal'>;
  readonly clock: Clock;
}

export const apiPrefix = '/admin/v1';

/** Puts every endpoint of a contract on the app: who may, what is valid, what is noted. */
export function mount<Part extends Contract>(app: Hono, part: Part, handlers: HandlersOf<Part>, deps: MountDeps): void {
  for (const [key, endpoint] of Object.entries(part)) {
    const [method = '', path = ''] = key.split(' ');
    const handler = handlers[key] as unknown as AnyHandler;
    const pattern = `${apiPrefix}${path.replace(/\{(\w+)\}/g, ':$1')}`;
    app.on(method, pattern, (c) => handle(c, endpoint, handler, deps));
  }
}

type AnyHandler = (input: {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly principal: string;
  readonly idempotencyKey: string | undefined;
}) => Promise<unknown>;

async function handle(c: Context, endpoint: Endpoint, handler: AnyHandler, deps: MountDeps): Promise<Response> {
  const caller = await authenticate(c.req.header('authorization'), { tokens: deps.store.tokens, clock: deps.clock });
  authorize(caller, endpoint.scope);
  const params = validate(endpoint.params, c.req.param(), 'path');
  const query = validate(endpoint.query, c.req.query(), 'query');
  const body = validate(endpoint.body, await readBody(c), 'body');
  const idempotencyKey = parseIdempotencyKey(c.req.header('idempotency-key'));
  const answer = await handler({ params, query, body, principal: caller.principal, idempotencyKey });
  if (endpoint.audit) await note(endpoint.audit, caller, params, body, deps);
  return c.json(answer as never, endpoint.status);
}

/** @throws AppError `invalid_request` that names the first thing that is wrong. */
function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new AppError('invalid_request', `${where}${path === '' ? '' : `.${path}`}: ${issue?.message ?? 'not valid'}`);
}

async function readBody(c: Context): Promise<unknown> {
  const text = await c.req.text();
  if (text === '') return {};
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json') throw new AppError('invalid_request', 'Send the body as JSON, with Content-Type: application/json.');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AppError('invalid_request', 'The body is not valid JSON.');
  }
}

function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new AppError('invalid_request', 'Idempotency-Key must be 1 to 200 printable ASCII characters without spaces.');
}

async function note(
  audit: NonNullable<Endpoint['audit']>,
  caller: Caller,
  params: unknown,
  body: unknown,
  { store, clock }: MountDeps,
): Promise<void> {
  const named = Object.values(params as Record<string, string>);
  const fields = (body ?? {}) as Record<string, unknown>;
  const detail = Object.fromEntries(audit.fields.filter((field) => fields[field] !== undefined).map((field) => [field, fields[field]]));
  const target = named.length > 0 ? named.join('/') : String(fields['id'] ?? fields['name'] ?? fields['connector'] ?? '');
  await store.journal.appendAudit({ at: clock.now(), principal: caller.principal, action: audit.action, target, detail });
}
