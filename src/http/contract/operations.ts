import { z } from 'zod';
import type { Approval } from '../../domain/approval.ts';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { Address, At, Id, IdParams, Line, Part } from './schemas.ts';

const Conversation = z.string().min(1).max(limits.conversationBytesMax);
const MessageRef = z.string().min(1).max(limits.messageIdBytesMax);
const Limit = z.int().min(1).max(100).default(25);

export const MessageView = z
  .object({
    address: Address,
    sender: z.object({ id: z.string(), display: z.string().optional(), isSelf: z.boolean() }),
    text: z.string(),
    createdAt: At,
    editedAt: At.optional(),
    direct: z.boolean(),
    link: z.string().optional(),
    attachments: z.array(
      z.object({
        id: z.string(),
        kind: z.string(),
        name: z.string().optional(),
        contentType: z.string().optional(),
        sizeBytes: z.number().optional(),
        url: z.string().optional(),
        urlExpiresAt: At.optional(),
      }),
    ),
    reactions: z.array(z.object({ emoji: z.string(), count: z.int(), bySelf: z.boolean() })),
  })
  .meta({ id: 'MessageView', description: 'A message as the platform has it now.' });

const MessagePage = z.object({
  messages: z.array(MessageView),
  nextBefore: z.string().optional(),
  nextAfter: z.string().optional(),
});

/** What every change of a message takes. */
const mutation = {
  conversation: Conversation,
  thread: Conversation.optional(),
  message: MessageRef,
  reason: Line.optional().describe('Shown to whoever decides'),
  approval: Id.optional().describe('Of the same change, approved'),
  preview: z.boolean().default(false).describe('Say what would happen, and do nothing'),
};

export const MutationAnswer = z
  .object({
    state: z.enum(['previewed', 'approval_required', 'accepted']),
    governance: z.object({
      risk: z.enum(['low', 'medium', 'high', 'critical']),
      needsApproval: z.boolean(),
      because: z.string(),
    }),
    capability: z.object({
      policyAction: z.string(),
      approval: z.string(),
      risk: z.string(),
      auditType: z.string(),
      permissions: z.array(z.string()),
    }),
    before: MessageView.optional(),
    approval: z.custom<Approval>().describe('See GET /approvals/{id}').optional(),
    message: Id.optional().describe('Follow it: GET /traces/{id}'),
    parts: z.array(Part).optional(),
  })
  .meta({ id: 'MutationAnswer' });

function mutationEndpoint<Body extends z.ZodObject>(verb: string, summary: string, body: Body) {
  return endpoint({
    summary,
    scope: 'operate',
    params: IdParams,
    body,
    response: MutationAnswer,
    status: 202,
    audit: {
      action: `message.${verb}`,
      fields: ['conversation', 'thread', 'message', 'approval', 'preview', 'reason'],
      answerFields: ['state'],
    },
  });
}

export const operationContract = {
  'POST /channels/{id}/messages/read': endpoint({
    summary: 'Read messages as they are on the platform now, newest first',
    scope: 'operate',
    params: IdParams,
    body: z
      .strictObject({
        conversation: Conversation,
        thread: Conversation.optional(),
        message: MessageRef.optional().describe('Exactly this one'),
        before: MessageRef.optional(),
        after: MessageRef.optional(),
        around: MessageRef.optional(),
        limit: Limit,
      })
      .refine(
        ({ message, before, after, around }) =>
          [message, before, after, around].filter((position) => position !== undefined).length <= 1,
        'give one of message, before, after and around',
      ),
    response: MessagePage,
    audit: { action: 'message.read', fields: ['conversation', 'thread', 'message'] },
  }),
  'POST /channels/{id}/messages/search': endpoint({
    summary: 'Search a page of messages; an empty page may have a next one',
    scope: 'operate',
    params: IdParams,
    body: z
      .strictObject({
        conversation: Conversation,
        thread: Conversation.optional(),
        query: z.string().min(1).max(1024).optional(),
        author: z.string().min(1).max(limits.identityBytesMax).optional(),
        hasAttachments: z.boolean().optional(),
        before: MessageRef.optional(),
        limit: z.int().min(1).max(100).default(100),
      })
      .refine(
        ({ query, author, hasAttachments }) =>
          query !== undefined || author !== undefined || hasAttachments !== undefined,
        'give query, author or hasAttachments',
      ),
    response: MessagePage,
    audit: { action: 'message.search', fields: ['conversation', 'thread'] },
  }),
  'POST /channels/{id}/messages/edit': mutationEndpoint(
    'edit',
    'Change the text of a message of the bot',
    z.strictObject({ ...mutation, text: z.string().min(1).max(limits.outboundTextBytesMax) }),
  ),
  'POST /channels/{id}/messages/delete': mutationEndpoint(
    'delete',
    'Delete a message',
    z.strictObject(mutation),
  ),
  'POST /channels/{id}/messages/react': mutationEndpoint(
    'react',
    'Put a reaction on a message, or take it off',
    z.strictObject({
      ...mutation,
      emoji: z.string().min(1).max(limits.emojiBytesMax),
      remove: z.boolean().default(false),
    }),
  ),
};
