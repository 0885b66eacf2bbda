import type { Turn, TurnMessage } from '../agents/agent.ts';
import { collectTurnOutput, retryAfterOf } from '../agents/turn-output.ts';
import { AppError } from '../domain/errors.ts';
import { turnIdOf } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { type Clock, deadline, rejectOnAbort } from '../lib/clock.ts';
import type { LeasedEvent } from '../store/inbox-store.ts';
import type { LiveAgent } from './agent-directory.ts';
import type { RouteDecision } from './router/decision.ts';
import { classifyTurnFailure, type TurnFailure } from './turn-failure.ts';

export type TurnResult =
  | { readonly kind: 'answered'; readonly messages: readonly TurnMessage[] }
  | { readonly kind: 'awaiting'; readonly untilAt: number }
  | { readonly kind: 'stopped' }
  | TurnFailure;

/** Runs an agent on an event, within the agent's time. Never throws. */
export async function runTurn(
  leased: LeasedEvent,
  decision: Extract<RouteDecision, { action: 'accept' }>,
  { agent, spec }: LiveAgent,
  signal: AbortSignal,
  clock: Clock,
  onDraft?: (slot: number, text: string) => void,
): Promise<TurnResult> {
  const timeout = deadline(
    clock,
    spec.timeoutMs,
    () => new AppError('timeout', `Agent ${spec.id} did not answer within ${spec.timeoutMs} ms.`),
    signal,
  );
  const output = collectTurnOutput(onDraft);
  const turn: Turn = {
    id: turnIdOf(leased.eventId),
    attempt: leased.attempt,
    event: leased.event,
    sessionKey: decision.sessionKey,
    rule: decision.rule,
    traceparent: `00-${leased.traceId}-${spanOf(leased)}-01`,
    deadlineAt: clock.now() + spec.timeoutMs,
    ...(leased.body === undefined ? {} : { body: leased.body }),
  };
  try {
    // An agent that does not listen to its signal cannot hold the turn: its late answer is dropped.
    const end = await rejectOnAbort(agent.run(turn, output, timeout.signal), timeout.signal);
    if (end.kind === 'answered') return { kind: 'answered', messages: output.messages };
    const latest = clock.now() + limits.awaitMsMax;
    return { kind: 'awaiting', untilAt: Math.min(end.untilAt, latest) };
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    return classifyTurnFailure(error, retryAfterOf(error));
  } finally {
    timeout.clear();
  }
}

/** The span of this attempt: from what tells it apart, so that it needs no further chance. */
function spanOf({ traceId, attempt }: LeasedEvent): string {
  const low = BigInt(`0x${traceId.slice(16)}`) ^ BigInt(attempt);
  return (low === 0n ? 1n : low).toString(16).padStart(16, '0');
}
