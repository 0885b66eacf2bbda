import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { At, Id, IdParams, Ok, Scope } from './schemas.ts';

export const AgentBody = z
  .strictObject({
    kind: z.string().min(1).max(32),
    config: z.record(z.string(), z.unknown()).default({}),
    enabled: z.boolean().default(true),
    concurrency: z.int().min(1).max(1_000).default(8).describe('Turns that may run at once'),
    timeoutMs: z.int().min(100).max(3_600_000).default(120_000),
    attemptsMax: z.int().min(1).max(100).default(5),
  })
  .meta({ id: 'AgentBody' });

export const Agent = AgentBody.extend({ id: Id, usable: z.boolean() }).meta({ id: 'Agent' });

export const Token = z
  .object({
    id: Id,
    name: z.string(),
    scopes: z.array(Scope),
    createdAt: At,
    expiresAt: At.optional(),
    revokedAt: At.optional(),
  })
  .meta({ id: 'Token' });

const Secret = z.object({ ref: z.string(), createdAt: At, updatedAt: At });

const Vault = z.object({
  state: z.enum(['open', 'locked']),
  why: z.string().optional(),
  masterKeyId: z.string().optional(),
});

const SecretParams = z.object({ scope: z.string().min(1).max(200), key: z.string().min(1).max(128) });

export const settingsContract = {
  'GET /agents': endpoint({
    summary: 'All agents',
    scope: 'read',
    response: z.object({ agents: z.array(Agent), kinds: z.array(z.string()) }),
  }),
  'PUT /agents/{id}': endpoint({
    summary: 'Add or replace an agent; live at once',
    scope: 'admin',
    params: IdParams,
    body: AgentBody,
    response: Agent,
    audit: {
      action: 'agent.saved',
      fields: ['kind', 'config', 'enabled', 'concurrency', 'timeoutMs', 'attemptsMax'],
    },
  }),
  'DELETE /agents/{id}': endpoint({
    summary: 'Remove an agent; events routed to it wait',
    scope: 'admin',
    params: IdParams,
    response: Ok,
    audit: { action: 'agent.removed' },
  }),
  'POST /agents/{id}/test': endpoint({
    summary: 'Give the agent a made-up turn and show what it answers; nothing is sent',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({ text: z.string().min(1).max(limits.inboundTextBytesMax).default('hello') }),
    response: z.object({
      ok: z.boolean(),
      outcome: z.string(),
      detail: z.string().optional(),
      durationMs: z.number(),
      messages: z.array(z.looseObject({ op: z.string() })),
    }),
    audit: { action: 'agent.tested' },
  }),

  'GET /secrets': endpoint({
    summary: 'The names of the secrets, never their values',
    scope: 'read',
    response: z.object({ secrets: z.array(Secret), vault: Vault }),
  }),
  'PUT /secrets/{scope}/{key}': endpoint({
    summary: 'Store a secret; connectors that use it are started anew',
    scope: 'admin',
    params: SecretParams,
    body: z.strictObject({ value: z.string().min(1).max(limits.secretBytesMax) }),
    response: Ok,
    audit: { action: 'secret.saved' },
  }),
  'DELETE /secrets/{scope}/{key}': endpoint({
    summary: 'Remove a secret',
    scope: 'admin',
    params: SecretParams,
    response: Ok,
    audit: { action: 'secret.removed' },
  }),
  'POST /vault/rotate-key': endpoint({
    summary: 'Wrap all secrets with a new master key, while everything runs',
    scope: 'admin',
    body: z.strictObject({
      newKey: z.string().min(1).max(200).optional().describe('Only where the key comes from the environment'),
    }),
    response: z.object({ masterKeyId: z.string(), secrets: z.int(), note: z.string() }),
    audit: { action: 'vault.key_rotated', target: 'vault', answerFields: ['masterKeyId', 'secrets'] },
  }),
  'POST /vault/unlock': endpoint({
    summary: 'Look for the master key again',
    scope: 'admin',
    response: Vault,
    audit: { action: 'vault.unlocked', target: 'vault', answerFields: ['state'] },
  }),

  'GET /tokens': endpoint({
    summary: 'All tokens, without their values',
    scope: 'admin',
    response: z.object({ tokens: z.array(Token) }),
  }),
  'POST /tokens': endpoint({
    summary: 'Create a token; its value is answered once',
    scope: 'admin',
    body: z.strictObject({
      name: z
        .string()
        .trim()
        .min(1)
        .max(64)
        .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII'),
      scopes: z.array(Scope).min(1),
      expiresInMs: z
        .int()
        .min(1_000)
        .max(10 * 365 * 86_400_000)
        .optional(),
    }),
    response: Token.extend({ token: z.string() }),
    status: 201,
    audit: { action: 'token.created', fields: ['scopes', 'expiresInMs'], answerFields: ['id'] },
  }),
  'DELETE /tokens/{id}': endpoint({
    summary: 'Revoke a token, at once',
    scope: 'admin',
    params: IdParams,
    response: Ok,
    audit: { action: 'token.revoked' },
  }),
};
