import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { byteLength, limits } from '../domain/limits.ts';
import type { TurnMessage } from './agent.ts';

const messageRef = z
  .string()
  .min(1)
  .refine(atMost(limits.messageIdBytesMax), 'Too long for the id of a message');
const text = z
  .string()
  .refine(atMost(limits.outboundTextBytesMax), `Over ${limits.outboundTextBytesMax} bytes`);
const extras = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => byteLength(JSON.stringify(value)) <= limits.structuredBytesMax,
    `Over ${limits.structuredBytesMax} bytes`,
  );

const byOperation = z
  .discriminatedUnion('op', [
    z.strictObject({
      op: z.literal('send'),
      text,
      replyTo: z.enum(['event', 'none']).exactOptional(),
      extras: extras.exactOptional(),
    }),
    z.strictObject({ op: z.literal('edit'), message: messageRef, text: text.min(1) }),
    z.strictObject({ op: z.literal('delete'), message: messageRef }),
    z.strictObject({
      op: z.literal('react'),
      message: messageRef.exactOptional(),
      emoji: z.string().min(1).refine(atMost(limits.emojiBytesMax), 'Too long for an emoji'),
      remove: z.boolean().exactOptional(),
    }),
    z.strictObject({ op: z.literal('typing') }),
  ])
  .refine((message) => message.op !== 'send' || message.text !== '' || message.extras !== undefined, {
    path: ['text'],
    message: 'Empty, and there are no extras either',
  });

/**
 * What an agent may answer, at once or later. Without `op` it is a new message. Unknown keys are refused: a
 * misspelt one would be lost in silence.
 */
export const turnMessageSchema = z.preprocess(withDefaultOp, byOperation) satisfies z.ZodType<TurnMessage>;

const complaintLengthMax = 200;

/** @throws AppError `unsupported` that says what is wrong with it; `where` names it among its like. */
export function parseTurnMessage(value: unknown, where: string): TurnMessage {
  const parsed = turnMessageSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const complaint = [...(issue?.path ?? []), issue?.message ?? 'Not a message']
    .join(': ')
    .slice(0, complaintLengthMax);
  throw new AppError(
    'unsupported',
    `${where} is not a message of the agent protocol. ${complaint}. See docs/agents.md.`,
  );
}

function withDefaultOp(value: unknown): unknown {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlain && !('op' in value) ? { op: 'send', ...value } : value;
}

function atMost(bytesMax: number): (value: string) => boolean {
  return (value) => byteLength(value) <= bytesMax;
}
