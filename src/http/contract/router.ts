import { z } from 'zod';
import { inboundEventTypes } from '../../domain/inbound-event.ts';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { Id, IdParams, Ok } from './schemas.ts';

const Identity = z.string().min(1).max(limits.identityBytesMax);
const Identities = z.array(Identity).max(limits.ruleListEntriesMax);
const selector = Identities.min(1).optional();

const Match = z
  .strictObject({
    sources: selector.describe('Connector ids and webhook:<id>; <kind>:* for every account of a kind'),
    types: z
      .array(z.enum(inboundEventTypes))
      .min(1)
      .optional()
      .describe('Default: message.created, command, action, webhook'),
    conversations: selector,
    threads: selector,
    senders: selector,
    roles: selector,
    guilds: selector,
    direct: z.boolean().optional().describe('true: only direct messages; false: only others'),
    webhookEvents: selector,
  })
  .meta({ id: 'RuleMatch', description: 'All that is given must fit; what is absent selects everything.' });

const ReplyTo = z.strictObject({
  connector: z.string().max(limits.connectorIdBytesMax),
  conversation: z.string().min(1).max(limits.conversationBytesMax),
  thread: z.string().min(1).max(limits.conversationBytesMax).optional(),
});

export const RuleBody = z
  .strictObject({
    position: z.int().min(0).max(1_000_000).default(100).describe('Asked in this order, lowest first'),
    enabled: z.boolean().default(true),
    match: Match.default({}),
    action: z.enum(['accept', 'ignore', 'deny']).default('accept'),
    agent: z.string().max(64).optional().describe('Required to accept'),
    replyTo: ReplyTo.optional().describe('Where answers go; needed for webhooks'),
    allowFrom: Identities.default([]),
    denyFrom: Identities.default([]),
    directMessages: z.enum(['deny', 'allow', 'pairing', 'allowlist']).default('deny'),
    mention: z
      .strictObject({
        required: z.boolean().default(true),
        patterns: z
          .array(z.string().min(1).max(limits.mentionPatternBytesMax))
          .max(limits.ruleListEntriesMax)
          .default([]),
      })
      .prefault({}),
    broadcast: z.enum(['deny', 'mention_only', 'allow']).default('deny'),
    bots: z.enum(['deny', 'allow']).default('deny'),
    isolateSessionBySender: z.boolean().default(false),
    responsePrefix: z.string().max(256).optional(),
    acknowledgeWith: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('An emoji put on the message as soon as it is accepted'),
  })
  .meta({ id: 'RuleBody' });

export const Rule = RuleBody.extend({ id: Id }).meta({ id: 'Rule' });

export const Decision = z
  .object({
    action: z.enum(['accept', 'ignore', 'deny']),
    reason: z.string(),
    meaning: z.string(),
    hint: z.string(),
    rule: z.string().optional(),
    agent: z.string().optional(),
    sessionKey: z.string().optional(),
    replyTo: ReplyTo.optional(),
    policyHash: z.string(),
  })
  .meta({ id: 'Decision' });

const Warning = z.object({ rule: z.string().optional(), code: z.string(), text: z.string() });

export const routerContract = {
  'GET /router/rules': endpoint({
    summary: 'The rules, in the order in which they are asked',
    scope: 'read',
    response: z.object({ rules: z.array(Rule), policyHash: z.string() }),
  }),
  'PUT /router/rules/{id}': endpoint({
    summary: 'Add or replace a rule; live at once',
    scope: 'admin',
    params: IdParams,
    body: RuleBody,
    response: z.object({ rule: Rule, policyHash: z.string() }),
    audit: { action: 'rule.saved', fields: Object.keys(RuleBody.shape) },
  }),
  'DELETE /router/rules/{id}': endpoint({
    summary: 'Remove a rule; live at once',
    scope: 'admin',
    params: IdParams,
    response: Ok,
    audit: { action: 'rule.removed' },
  }),
  'POST /router/preview': endpoint({
    summary: 'What would happen to such an event; the same function as the live path, without effect',
    scope: 'read',
    body: z.strictObject({
      source: z.string().min(3).max(limits.connectorIdBytesMax).describe('A connector id or webhook:<id>'),
      type: z.enum(inboundEventTypes).default('message.created'),
      text: z.string().max(limits.inboundTextBytesMax).default('hello'),
      conversation: z.string().min(1).max(limits.conversationBytesMax).default('preview'),
      thread: z.string().min(1).max(limits.conversationBytesMax).optional(),
      sender: Identity.default('somebody'),
      senderKind: z.enum(['human', 'bot', 'self']).default('human'),
      senderVerified: z.boolean().default(true),
      roles: Identities.default([]),
      guild: Identity.optional(),
      direct: z.boolean().default(false),
      mentionsSelf: z.boolean().default(false),
      replyToSelf: z.boolean().default(false),
      broadcast: z.boolean().default(false),
      participates: z.boolean().default(false).describe('We have spoken in the thread before'),
      paired: z.boolean().default(false),
      webhookEvent: z.string().max(limits.identityBytesMax).default('push'),
    }),
    response: Decision,
  }),
  'GET /router/warnings': endpoint({
    summary: 'What in the rules looks like a mistake or opens a door',
    scope: 'read',
    response: z.object({ warnings: z.array(Warning), policyHash: z.string() }),
  }),
};
