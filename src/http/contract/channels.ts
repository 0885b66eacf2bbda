import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { At, Id, IdParams, JournalEntry, Line, Ok, pageOf, PageQuery } from './schemas.ts';

export const ConnectorStatus = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('disabled'), since: At }),
    z.object({ state: z.literal('starting'), since: At }),
    z.object({ state: z.literal('running'), since: At }),
    z.object({ state: z.literal('standby'), since: At }),
    z.object({ state: z.literal('blocked'), since: At, code: z.string(), detail: z.string() }),
    z.object({ state: z.literal('backoff'), since: At, retryAt: At, code: z.string(), detail: z.string() }),
    z.object({
      state: z.literal('crash_loop'),
      since: At,
      retryAt: At,
      code: z.string(),
      detail: z.string(),
    }),
  ])
  .meta({ id: 'ConnectorStatus' });

export const Reception = z
  .discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), since: At }),
    z.object({ ok: z.literal(false), since: At, detail: z.string() }),
  ])
  .meta({
    id: 'Reception',
    description: 'Whether a live session hears its platform. Absent where it cannot tell.',
  });

export const Queue = z
  .object({
    pending: z.int(),
    dead: z.int(),
    held: z.int(),
    inboxPending: z.int(),
    inboxDead: z.int(),
    paused: z.boolean(),
    pauseReason: z.string().optional(),
    holdReason: z.string().optional(),
    holdUntil: At.optional(),
    draining: z.boolean(),
  })
  .meta({ id: 'Queue', description: 'What waits for and in a connector.' });

export const Channel = z
  .object({
    id: Id,
    kind: z.string(),
    enabled: z.boolean(),
    status: ConnectorStatus,
    reception: Reception.optional(),
    restarts: z.int(),
    queue: Queue,
    secretRef: z.string().optional(),
    config: z.record(z.string(), z.unknown()),
    createdAt: At,
    updatedAt: At,
  })
  .meta({ id: 'Channel' });

export const ChannelDetails = Channel.extend({
  runtime: z.record(z.string(), z.unknown()).optional().describe('How its live session is doing'),
  notices: z.array(z.string()).describe('How far it may reach, where that is not the usual'),
}).meta({ id: 'ChannelDetails' });

const Capability = z.object({
  operation: z.string(),
  supported: z.boolean(),
  reason: z.string().optional(),
  policyAction: z.string(),
  approval: z.enum(['none', 'conditional', 'required']),
  risk: z.enum(['low', 'medium', 'high', 'conditional']),
  auditType: z.string(),
  permissions: z.array(z.string()),
});

export const channelContract = {
  'GET /channels': endpoint({
    summary: 'All connectors, with state and queue',
    scope: 'read',
    response: z.object({ channels: z.array(Channel) }),
  }),
  'GET /channels/{id}': endpoint({
    summary: 'One connector',
    scope: 'read',
    params: IdParams,
    response: ChannelDetails,
  }),
  'PUT /channels/{id}': endpoint({
    summary: 'Add a connector, or change its settings',
    scope: 'admin',
    params: IdParams,
    body: z.strictObject({
      config: z.record(z.string(), z.unknown()).default({}),
      secretRef: z.string().max(300).optional(),
      enabled: z.boolean().default(true),
    }),
    response: Channel,
    audit: { action: 'channel.saved', fields: ['config', 'secretRef', 'enabled'] },
  }),
  'DELETE /channels/{id}': endpoint({
    summary: 'Remove a connector; what is pending ends as connector_removed',
    scope: 'admin',
    params: IdParams,
    response: Ok,
    audit: { action: 'channel.removed' },
  }),
  'POST /channels/{id}/enable': endpoint({
    summary: 'Switch a connector on',
    scope: 'operate',
    params: IdParams,
    response: Channel,
    audit: { action: 'channel.enabled' },
  }),
  'POST /channels/{id}/disable': endpoint({
    summary: 'Switch a connector off; its queue waits',
    scope: 'operate',
    params: IdParams,
    response: Channel,
    audit: { action: 'channel.disabled' },
  }),
  'GET /channels/{id}/capabilities': endpoint({
    summary: 'What the connector can do, and what each operation needs',
    scope: 'read',
    params: IdParams,
    response: z.object({
      kind: z.string(),
      title: z.string(),
      inbound: z.array(z.string()),
      textMax: z.int(),
      idempotentSendMs: z.int(),
      operations: z.array(Capability),
    }),
  }),
  'POST /channels/{id}/queue/pause': endpoint({
    summary: 'Stop sending; messages wait',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({ reason: Line.default('paused by the operator') }),
    response: Queue,
    audit: { action: 'queue.paused', fields: ['reason'] },
  }),
  'POST /channels/{id}/queue/resume': endpoint({
    summary: 'Go on sending: ends pause and hold',
    scope: 'operate',
    params: IdParams,
    response: Queue,
    audit: { action: 'queue.resumed' },
  }),
  'POST /channels/{id}/queue/drain': endpoint({
    summary: 'Try everything pending now, also while paused',
    scope: 'operate',
    params: IdParams,
    response: z.object({ parts: z.int(), queue: Queue }),
    audit: { action: 'queue.drained' },
  }),
  'GET /channels/{id}/logs': endpoint({
    summary: 'What happened on a connector, newest first',
    scope: 'read',
    params: IdParams,
    query: PageQuery,
    response: pageOf(JournalEntry),
  }),
  'POST /channels/{id}/test': endpoint({
    summary: 'Take a message as if the platform had delivered it',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({
      text: z.string().max(limits.inboundTextBytesMax).default('hello'),
      conversation: z.string().min(1).max(limits.conversationBytesMax).default('test'),
      thread: z.string().min(1).max(limits.conversationBytesMax).optional(),
      sender: z
        .string()
        .min(1)
        .max(limits.identityBytesMax)
        .regex(/^[^\s:]+$/, 'must be a name without spaces or colons')
        .default('tester'),
      messageId: z
        .string()
        .min(1)
        .max(limits.messageIdBytesMax)
        .optional()
        .describe('The same id again is a duplicate'),
      senderIsBot: z.boolean().default(false),
      direct: z.boolean().default(true),
      mentionsSelf: z.boolean().default(false),
    }),
    response: z.object({ event: Id, duplicate: z.boolean() }),
    status: 202,
    audit: {
      action: 'channel.tested',
      fields: ['conversation', 'messageId'],
      answerFields: ['event', 'duplicate'],
    },
  }),
};
