import { z } from 'zod';
import { turnMessageSchema } from '../../agents/turn-message.ts';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { At, Id, IdParams, Ok, pageOf, PageQuery, Part } from './schemas.ts';

const Text = z.string().min(1).max(limits.outboundTextBytesMax);
const MessageRef = z.string().min(1).max(limits.messageIdBytesMax);
const Extras = z.record(z.string(), z.unknown()).optional().describe('What only this platform knows');

/** What changes a message that is there goes through governance: see the contract of operations. */
const Outbound = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('send'), text: Text, extras: Extras }),
  z.strictObject({ op: z.literal('typing') }),
]);

const NewMessage = z
  .strictObject({
    connector: z.string().min(3).max(limits.connectorIdBytesMax).optional(),
    conversation: z.string().min(1).max(limits.conversationBytesMax).optional(),
    thread: z.string().min(1).max(limits.conversationBytesMax).optional(),
    replyTo: MessageRef.optional(),
    turn: Id.optional().describe(
      'Instead of a place: a turn or event. The message goes to where that came from, thread and all',
    ),
    reply: z.boolean().optional().describe('With turn: as a reply to the message that it is about'),
    operation: Outbound,
  })
  .superRefine(({ connector, conversation, thread, replyTo, turn, reply }, context) => {
    const complain = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    const place = [connector, conversation, thread, replyTo];
    if (turn !== undefined && place.some((name) => name !== undefined))
      complain('turn', 'is instead of a place: leave out connector, conversation, thread and replyTo');
    if (turn !== undefined) return;
    if (connector === undefined) complain('connector', 'is needed, unless turn is given');
    if (conversation === undefined) complain('conversation', 'is needed, unless turn is given');
    if (reply !== undefined) complain('reply', 'goes with turn');
  });

export const DeadLetter = z
  .object({
    id: Id,
    queue: z.enum(['inbox', 'outbox']),
    source: z.string(),
    state: z.enum(['dead', 'held']),
    reason: z.string(),
    detail: z.string().optional(),
    attempts: z.int(),
    at: At,
  })
  .meta({ id: 'DeadLetter' });

export const messageContract = {
  'POST /messages': endpoint({
    summary: 'Send a message; 202 means that it is on disk. Header Idempotency-Key makes repeats harmless',
    scope: 'send',
    body: NewMessage,
    response: z.object({
      message: Id,
      added: z.boolean().describe('False when this key had been used for the same message before'),
      parts: z.array(Part),
    }),
    status: 202,
    idempotent: true,
    audit: {
      action: 'message.sent',
      fields: ['connector', 'conversation', 'thread', 'turn'],
      answerFields: ['message', 'added'],
    },
  }),
  'GET /messages/{id}': endpoint({
    summary: 'An outbound message and its parts',
    scope: 'read',
    params: IdParams,
    response: z.object({ message: Id, parts: z.array(Part) }),
  }),
  'POST /turns/{id}/messages': endpoint({
    summary: 'Post the messages of a turn that was answered with 202. The same post again changes nothing',
    scope: 'turns',
    params: IdParams,
    body: z.array(turnMessageSchema).max(limits.turnMessagesMax),
    response: z.object({ turn: Id, repeated: z.boolean(), parts: z.int() }),
    status: 202,
    idempotent: true,
    audit: { action: 'turn.answered', answerFields: ['repeated', 'parts'] },
  }),
  'GET /dead-letters': endpoint({
    summary: 'Events and parts that gave up or wait for a decision, newest first',
    scope: 'read',
    query: PageQuery.extend({ source: z.string().max(limits.connectorIdBytesMax).optional() }),
    response: pageOf(DeadLetter),
  }),
  'GET /dead-letters/{id}': endpoint({
    summary: 'One dead letter, whole',
    scope: 'read',
    params: IdParams,
    response: DeadLetter.extend({ contents: z.unknown() }),
  }),
  'POST /dead-letters/{id}/replay': endpoint({
    summary: 'Take it up again with fresh attempts',
    scope: 'operate',
    params: IdParams,
    response: Ok,
    audit: { action: 'dead_letter.replayed' },
  }),
  'POST /dead-letters/{id}/discard': endpoint({
    summary: 'Throw it away, with the parts that it held up',
    scope: 'operate',
    params: IdParams,
    response: Ok,
    audit: { action: 'dead_letter.discarded' },
  }),
};
