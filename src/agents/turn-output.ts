import { AppError, type ErrorCode } from '../domain/errors.ts';
import { byteLength, limits } from '../domain/limits.ts';
import type { TurnMessage, TurnOutput } from './agent.ts';

/**
 * Keeps what an agent sends, within the limits of a turn. `messages` is what there is so far. Drafts go to
 * `onDraft`, with the place in the answer that the message will have.
 */
export function collectTurnOutput(
  onDraft: (slot: number, text: string) => void = () => undefined,
): TurnOutput & { readonly messages: readonly TurnMessage[] } {
  const messages: TurnMessage[] = [];
  return {
    draft(text, ahead = 0) {
      const slot = messages.length + ahead;
      if (slot < limits.turnMessagesMax && text !== '') onDraft(slot, text);
    },
    send(message) {
      if (messages.length >= limits.turnMessagesMax) {
        throw new AppError('too_large', `The agent answered more than ${limits.turnMessagesMax} messages.`);
      }
      if ('text' in message && byteLength(message.text) > limits.outboundTextBytesMax) {
        throw new AppError(
          'too_large',
          `A message of the agent is over ${limits.outboundTextBytesMax} bytes.`,
        );
      }
      messages.push(message);
    },
    get messages() {
      return [...messages];
    },
  };
}

const waits = new WeakMap<AppError, number>();

/** An error of an agent that may be tried again, but not before `afterMs`. */
export function retryLater(code: ErrorCode, message: string, afterMs: number): AppError {
  const error = new AppError(code, message);
  waits.set(error, afterMs);
  return error;
}

/** How long the agent asked to be left alone, in ms; undefined when it did not. */
export function retryAfterOf(thrown: unknown): number | undefined {
  return thrown instanceof AppError ? waits.get(thrown) : undefined;
}
