import { AppError } from '../../../domain/errors.ts';
import { rejectOnAbort } from '../../../lib/clock.ts';
import type { ShardOptions } from './contract.ts';
import type { LiveSession } from './dispatch-queue.ts';
import type { ConnectionEnd } from './judge-end.ts';
import { fitsPayload, identifyPayload, resumePayload } from './payload.ts';

/**
 * What is said to a gateway that has greeted, to resume `session` or to start one in turn; or why it cannot be
 * said. Never rejects. The text holds the token.
 */
export async function firstPayload(
  session: LiveSession | undefined,
  { identifyTurn, token, shard, intents }: ShardOptions,
  signal: AbortSignal,
): Promise<string | ConnectionEnd> {
  let what: 'turn' | 'token' = 'turn';
  try {
    if (!session) await rejectOnAbort(identifyTurn(signal), signal);
    what = 'token';
    const secret = (await rejectOnAbort(token(), signal)).reveal();
    const payload = session
      ? resumePayload(secret, session.sessionId, session.committed ?? session.received)
      : identifyPayload(secret, { shard, intents });
    if (fitsPayload(payload)) return payload;
    throw new AppError('unauthenticated', 'The bot token is too long to be one. Store the right one.');
  } catch (thrown) {
    return signal.aborted ? { kind: 'stopped' } : { kind: 'unprepared', what, error: AppError.from(thrown) };
  }
}
