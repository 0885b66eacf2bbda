import { createHash } from 'node:crypto';
import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { NextId } from '../../domain/ids.ts';
import type { OutboundOperation } from '../../domain/outbound.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { messageContract } from '../contract/messages.ts';
import { toPage } from './page.ts';

export function messageHandlers(
  { messages }: ChannelPlatform,
  nextId: NextId,
): HandlersOf<typeof messageContract> {
  return {
    'POST /messages': ({ body, principal, idempotencyKey }) => {
      const { operation, connector = '', conversation = '', thread, replyTo, turn, reply = false } = body;
      const what = {
        operation: toOperation(operation),
        principal,
        idempotencyKey: idempotencyKey ?? nextId('key'),
      };
      return turn === undefined
        ? messages.send({ connector, conversation, thread, message: replyTo, ...what })
        : messages.sendToOrigin({ turn, reply, ...what });
    },
    'GET /messages/{id}': ({ params }) => messages.get(params.id),
    'POST /turns/{id}/messages': ({ params, body, idempotencyKey }) => {
      // Without a key the contents are the key: an agent that repeats a post whose answer it lost sends the same.
      const postId = idempotencyKey ?? createHash('sha256').update(JSON.stringify(body)).digest('hex');
      return messages.answerTurn(params.id, body, postId);
    },
    'GET /dead-letters': ({ query: { source, ...page } }) => messages.listDeadLetters(source, toPage(page)),
    'GET /dead-letters/{id}': ({ params }) => messages.getDeadLetter(params.id),
    'POST /dead-letters/{id}/replay': async ({ params }) => {
      await messages.replay(params.id);
      return { ok: true };
    },
    'POST /dead-letters/{id}/discard': async ({ params }) => {
      await messages.discard(params.id);
      return { ok: true };
    },
  };
}

type OperationBody =
  { op: 'send'; text: string; extras?: Record<string, unknown> | undefined } | { op: 'typing' };

function toOperation(body: OperationBody): OutboundOperation {
  switch (body.op) {
    case 'send':
      return { op: 'send', text: body.text, ...(body.extras === undefined ? {} : { extras: body.extras }) };
    case 'typing':
      return { op: 'typing' };
  }
}
