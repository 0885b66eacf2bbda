import type { Context } from 'hono';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { Clock } from '../../lib/clock.ts';
import { type BodyBudget, discardBody, readBody } from '../read-body.ts';
import type { AdminContext } from './admin-env.ts';

/** Deeper than anything that is meant, and shallow enough for whatever walks over it by recursion. */
const depthMax = 64;

/** @throws AppError `invalid_request` that names the first thing that is wrong. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new AppError(
    'invalid_request',
    `${where}${path === '' ? '' : `.${path}`}: ${issue?.message ?? 'not valid'}`,
  );
}

/** @throws AppError `invalid_request` when a parameter comes twice: nobody could say which one counts. */
export function readQuery(c: Context): Record<string, string> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => {
      if (values.length > 1) throw new AppError('invalid_request', 'query: a parameter is given twice.');
      return [name, checkText(values[0] ?? '', 'query')];
    }),
  );
}

export function readParams(c: Context): Record<string, string> {
  return Object.fromEntries(
    Object.entries(c.req.param()).map(([name, value]) => [name, checkText(value, 'path')]),
  );
}

export interface BodyDeps {
  readonly budget: BodyBudget;
  readonly clock: Clock;
}

/**
 * The body as JSON; an empty one counts as `{}`, and a GET has none.
 * @throws AppError `invalid_request`; `too_large`; `unavailable` when too many are read at once.
 */
export async function readJson(c: AdminContext, deps: BodyDeps): Promise<unknown> {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return {};
  const bytes = await readBytes(c.env.incoming, deps);
  if (bytes.byteLength === 0) return {};
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json')
    throw new AppError('invalid_request', 'Send the body as JSON, with Content-Type: application/json.');
  const value = parseJson(bytes);
  checkTree(value);
  return value;
}

/** From Node's own stream: what is refused half read can still be read to its end there. */
async function readBytes(incoming: IncomingMessage, { budget, clock }: BodyDeps): Promise<Uint8Array> {
  const body = await readBody(incoming, limits.adminBodyBytesMax, budget);
  switch (body.kind) {
    case 'body':
      body.release();
      return body.bytes;
    case 'too_large':
      await discardBody(incoming, clock);
      throw new AppError('too_large', `The body is over ${limits.adminBodyBytesMax} bytes.`);
    case 'no_room':
      await discardBody(incoming, clock);
      throw new AppError('unavailable', 'Too many large requests at once.');
    case 'aborted':
      throw new AppError('invalid_request', 'The body did not come in whole.');
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new AppError('invalid_request', 'The body is not valid JSON in UTF-8.');
  }
}

/** Level by level: recursion is what the depth is checked for. */
function checkTree(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax)
      throw new AppError('invalid_request', `The body is nested more than ${depthMax} levels deep.`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') checkText(value, 'body');
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, child] of Object.entries(value)) {
        checkText(key, 'body');
        next.push(child);
      }
    }
    level = next;
  }
}

/** Half a surrogate pair or a NUL cannot be stored as it is, so it would come back as something else. */
function checkText(text: string, where: string): string {
  if (text.isWellFormed() && !text.includes('\u0000')) return text;
  throw new AppError('invalid_request', `${where}: holds a NUL or text that is not Unicode.`);
}

/** @throws AppError `invalid_request`. */
export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new AppError(
    'invalid_request',
    'Idempotency-Key must be 1 to 200 printable ASCII characters without spaces.',
  );
}
