import { z } from 'zod';
import { traceStates, traceStepKinds } from '../../domain/trace.ts';
import { endpoint } from './endpoint.ts';
import { At, Delivery, Event, Id, IdParams, JournalEntry, pageOf, PageQuery, Part } from './schemas.ts';

const Signal = z.object({ ok: z.boolean(), detail: z.string() });

export const Readiness = z
  .object({
    ready: z.boolean(),
    signals: z.object({ transport: Signal, admission: Signal, lanePressure: Signal, outboxLag: Signal }),
  })
  .meta({ id: 'Readiness' });

export const Check = z
  .object({
    name: z.string(),
    level: z.enum(['ok', 'warn', 'fail']),
    detail: z.string(),
    fix: z.string().optional(),
  })
  .meta({ id: 'Check' });

const TraceState = z.enum(traceStates);

export const Trace = z
  .object({
    id: Id,
    state: TraceState,
    settled: z.boolean().describe('Nothing more will happen by itself'),
    reason: z.string(),
    detail: z.string().optional(),
    traceId: z.string().optional(),
    steps: z.array(z.looseObject({ at: At, kind: z.enum(traceStepKinds) })),
    parts: z.array(Part),
    event: Event.optional(),
    delivery: Delivery.optional(),
  })
  .meta({ id: 'Trace' });

export const systemContract = {
  'GET /status': endpoint({
    summary: 'The daemon at a glance',
    scope: 'read',
    response: z.object({
      version: z.string(),
      pid: z.int(),
      startedAt: At,
      ingressUrl: z.string(),
      adminUrl: z.string(),
      publicUrl: z.string(),
      stateDir: z.string(),
      configHash: z.string().describe('Of config.json as it was loaded'),
      policyHash: z.string(),
      vault: z.object({ state: z.enum(['open', 'locked']), why: z.string().optional() }),
      readiness: Readiness,
      inbox: z.object({ pending: z.int(), dead: z.int() }),
      outbox: z.object({ pending: z.int(), dead: z.int(), held: z.int() }),
      channels: z.array(z.object({ id: z.string(), state: z.string(), receiving: z.boolean() })),
      webhooks: z.int(),
      lastHour: z.record(z.string(), z.int()).describe('How often what happened, over all sources'),
    }),
  }),
  'GET /doctor': endpoint({
    summary: 'Checks that change nothing, each with a way to mend it',
    scope: 'read',
    response: z.object({ checks: z.array(Check) }),
  }),
  'GET /events': endpoint({
    summary: 'The flight recorder, newest first',
    scope: 'read',
    query: PageQuery.extend({ source: z.string().max(200).optional(), kind: z.string().max(64).optional() }),
    response: pageOf(JournalEntry),
  }),
  'GET /inbox': endpoint({
    summary: 'Accepted events, newest first',
    scope: 'read',
    query: PageQuery.extend({
      source: z.string().max(200).optional(),
      state: z.enum(['pending', 'done', 'ignored', 'dead', 'discarded']).optional(),
    }),
    response: pageOf(Event),
  }),
  'GET /traces/{id}': endpoint({
    summary: 'Everything that happened to an event, message, part, delivery or turn',
    scope: 'read',
    params: IdParams,
    response: Trace,
  }),
  'GET /why/{id}': endpoint({
    summary: 'One sentence on why it is where it is',
    scope: 'read',
    params: IdParams,
    response: z.object({
      id: Id,
      state: TraceState,
      reason: z.string(),
      sentence: z.string(),
      hint: z.string(),
    }),
  }),
  'GET /audit': endpoint({
    summary: 'Every change by an operator, newest first',
    scope: 'admin',
    query: PageQuery,
    response: pageOf(
      z.object({
        id: z.string(),
        at: At,
        principal: z.string(),
        action: z.string(),
        target: z.string(),
        detail: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
};
