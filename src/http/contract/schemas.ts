import { z } from 'zod';
import type { InboundEvent } from '../../domain/inbound-event.ts';
import { limits } from '../../domain/limits.ts';
import type { Origin, OutboundOperation } from '../../domain/outbound.ts';
import { tokenScopes } from '../../domain/token.ts';

/** Unix milliseconds. */
export const At = z.int().nonnegative().describe('Unix milliseconds');
export const Id = z.string().min(1).max(200);
/** One line of text for people, without control characters. No `\p`: clients read this pattern in other languages. */
export const Line = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/, 'must be one line without control characters');
export const IdParams = z.object({ id: Id });
export const Ok = z.object({ ok: z.literal(true) });

export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(50),
  cursor: z.string().max(200).optional().describe('`next` of the page before'),
});

export function pageOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next: z.ZodOptional<z.ZodString> }> {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `code` is from the table in docs/errors.md.' });

export const Address = z.object({
  connector: z.string(),
  conversation: z.string(),
  thread: z.string().optional(),
  message: z.string().optional(),
});

export const Event = z
  .object({
    id: Id,
    source: z.string(),
    lane: z.string(),
    traceId: z.string(),
    state: z.enum(['pending', 'done', 'ignored', 'dead', 'discarded']),
    reason: z.string().optional(),
    detail: z.string().optional(),
    attempts: z.int(),
    acceptedAt: At,
    dueAt: At.optional(),
    finishedAt: At.optional(),
    leased: z.boolean(),
    awaiting: z.boolean(),
    rule: z.string().optional(),
    agent: z.string().optional(),
    delivery: z.string().optional(),
    duplicates: z.int(),
    event: z.custom<InboundEvent>().describe('By `type`: see docs/agents.md').optional(),
  })
  .meta({ id: 'Event', description: 'One accepted inbound event.' });

export const Part = z
  .object({
    id: Id,
    message: Id,
    key: z.string(),
    connector: z.string(),
    lane: z.string(),
    part: z.int(),
    parts: z.int(),
    state: z.enum(['pending', 'delivered', 'dead', 'held', 'discarded']),
    reason: z.string().optional(),
    detail: z.string().optional(),
    attempts: z.int(),
    deferrals: z.int(),
    uncertain: z.boolean(),
    possibleDuplicate: z.boolean(),
    createdAt: At,
    dueAt: At.optional(),
    finishedAt: At.optional(),
    platformIds: z.array(z.string()),
    origin: z.custom<Origin>().describe('The turn, or the token, that caused it'),
    address: Address.optional(),
    operation: z.custom<OutboundOperation>().describe('What it asks of the platform').optional(),
  })
  .meta({ id: 'Part', description: 'One platform message of an outbound message.' });

export const Delivery = z
  .object({
    id: Id,
    integration: z.string(),
    at: At,
    remoteAddress: z.string(),
    headers: z.array(z.string()).describe('Name and value in turn, in the order of the wire'),
    bodyBytes: z.int(),
    verdict: z.enum(['accepted', 'duplicate', 'challenge', 'ignored', 'rejected']),
    reason: z.string(),
    detail: z.string().optional(),
    providerEvent: z.string().optional(),
    secretRef: z.string().optional(),
    skewMs: z.number().optional(),
    event: z.string().optional(),
  })
  .meta({ id: 'Delivery', description: 'One HTTP request that a webhook integration received.' });

export const JournalEntry = z
  .object({
    id: z.string(),
    at: At,
    kind: z.string(),
    level: z.enum(['info', 'warn', 'error']),
    source: z.string().optional(),
    subject: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'JournalEntry' });

export const Scope = z.enum(tokenScopes);
