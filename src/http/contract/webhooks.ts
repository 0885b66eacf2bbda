import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { At, Delivery, Id, IdParams, Ok, pageOf, PageQuery } from './schemas.ts';

const Secret = z.object({
  ref: z.string(),
  notAfter: At.optional(),
  status: z.enum(['ready', 'invalid_secret_ref', 'secret_not_found', 'expired']),
});

export const Integration = z
  .object({
    id: Id,
    provider: z.string(),
    status: z.enum(['ready', 'disabled', 'invalid_secret_ref', 'secret_not_found']),
    url: z
      .string()
      .describe('Give this address to the provider. It holds an unguessable part: treat it like a password'),
    enabled: z.boolean(),
    secrets: z.array(Secret),
    settings: z.record(z.string(), z.unknown()),
    allowedEvents: z.array(z.string()),
    allowedSources: z.array(z.string()),
    payloadBytesMax: z.int(),
    previousUrlUntil: At.optional().describe('Until when the address before the last change is good'),
    routed: z.boolean().describe('A rule selects its events'),
    createdAt: At,
    updatedAt: At,
  })
  .meta({ id: 'Integration' });

const Filters = z.array(z.string().min(1).max(128)).max(limits.ruleListEntriesMax);

const secretValue = z.string().min(1).max(limits.secretBytesMax);

export const webhookContract = {
  'GET /webhooks': endpoint({
    summary: 'All webhook integrations',
    scope: 'read',
    response: z.object({ webhooks: z.array(Integration) }),
  }),
  'GET /webhooks/{id}': endpoint({
    summary: 'One webhook integration',
    scope: 'read',
    params: IdParams,
    response: Integration,
  }),
  'POST /webhooks': endpoint({
    summary: 'Add a webhook integration',
    scope: 'admin',
    body: z.strictObject({
      id: Id,
      provider: z.string().min(1).max(64),
      secret: z
        .discriminatedUnion('from', [
          z.strictObject({ from: z.literal('value'), value: secretValue }),
          z.strictObject({ from: z.literal('ref'), ref: z.string().max(300) }),
          z.strictObject({ from: z.literal('generate') }),
        ])
        .describe('Given, already in the vault, or made here and answered once'),
      settings: z.record(z.string(), z.unknown()).default({}),
      allowedEvents: Filters.default([]),
      allowedSources: Filters.default([]),
      payloadBytesMax: z.int().min(1).max(limits.webhookBodyBytesMax).optional(),
      enabled: z.boolean().default(true),
    }),
    response: Integration.extend({
      secret: z.string().optional().describe('Only when it was made here; never shown again'),
    }),
    status: 201,
    audit: {
      action: 'webhook.added',
      fields: ['id', 'provider', 'allowedEvents', 'allowedSources', 'payloadBytesMax', 'enabled'],
    },
  }),
  'POST /webhooks/{id}/enable': endpoint({
    summary: 'Switch on; refused unless it is ready',
    scope: 'operate',
    params: IdParams,
    response: Integration,
    audit: { action: 'webhook.enabled' },
  }),
  'POST /webhooks/{id}/disable': endpoint({
    summary: 'Switch off; deliveries are refused',
    scope: 'operate',
    params: IdParams,
    response: Integration,
    audit: { action: 'webhook.disabled' },
  }),
  'DELETE /webhooks/{id}': endpoint({
    summary: 'Remove an integration and the secrets in its own scope',
    scope: 'admin',
    params: IdParams,
    response: Ok,
    audit: { action: 'webhook.removed' },
  }),
  'POST /webhooks/{id}/rotate': endpoint({
    summary:
      'Change the secret or the address; the old one stays good for a while, of several addresses the last old one',
    scope: 'admin',
    params: IdParams,
    body: z.strictObject({
      what: z.enum(['secret', 'url']).default('secret'),
      secret: z
        .discriminatedUnion('from', [
          z.strictObject({ from: z.literal('value'), value: secretValue }),
          z.strictObject({ from: z.literal('generate') }),
        ])
        .default({ from: 'generate' }),
      overlapMs: z
        .int()
        .min(0)
        .max(90 * 86_400_000)
        .default(86_400_000)
        .describe('How long the old one stays good'),
    }),
    response: Integration.extend({ secret: z.string().optional() }),
    audit: { action: 'webhook.rotated', fields: ['what', 'overlapMs'] },
  }),
  'GET /webhooks/{id}/deliveries': endpoint({
    summary: 'What came in, newest first',
    scope: 'read',
    params: IdParams,
    query: PageQuery.extend({
      verdict: z.enum(['accepted', 'duplicate', 'challenge', 'ignored', 'rejected']).optional(),
    }),
    response: pageOf(Delivery),
  }),
  'GET /deliveries/{id}': endpoint({
    summary: 'One delivery; its body as base64',
    scope: 'read',
    params: IdParams,
    response: Delivery.extend({ bodyBase64: z.string().optional() }),
  }),
  'POST /deliveries/{id}/replay': endpoint({
    summary:
      'Run a delivery again as a new event; a refused one is verified again first, its time not counted',
    scope: 'operate',
    params: IdParams,
    response: z.object({ event: Id }),
    status: 202,
    audit: { action: 'delivery.replayed', answerFields: ['event'] },
  }),
  'POST /webhooks/{id}/test': endpoint({
    summary: 'Sign a sample with the stored secret and post it through the real ingress',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({
      event: z.string().min(1).max(128).optional(),
      payloadBase64: z.base64().max(limits.adminBodyBytesMax).optional(),
    }),
    response: z.object({
      status: z.int().describe('What the ingress answered'),
      delivery: z.string().optional(),
      event: z.string().optional(),
      verdict: z.string().optional(),
      reason: z.string(),
    }),
    audit: { action: 'webhook.tested', fields: ['event'], answerFields: ['delivery', 'reason'] },
  }),
};
