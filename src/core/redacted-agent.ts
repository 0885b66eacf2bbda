import type { Agent } from '../agents/agent.ts';
import { retryAfterOf, retryLater } from '../agents/turn-output.ts';
import { AppError } from '../domain/errors.ts';
import { type Redact, redactedError } from './redacted-error.ts';

/** The same agent; what it says of a failure holds no secret, although it may repeat what a server said. */
export function redactedAgent(agent: Agent, redact: Redact): Agent {
  return {
    async run(turn, out, signal) {
      try {
        return await agent.run(turn, out, signal);
      } catch (thrown) {
        const error = redactedError(thrown, redact);
        const afterMs = retryAfterOf(thrown);
        throw afterMs === undefined || !(error instanceof AppError) || error === thrown
          ? error
          : retryLater(error.code, error.message, afterMs);
      }
    },
  };
}
