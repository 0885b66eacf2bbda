import type { TurnMessage } from '../agents/agent.ts';
import type { ConnectorSession } from '../connectors/connector.ts';
import { AppError, isAppError } from '../domain/errors.ts';
import { type ConnectorId, turnIdOf } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { AnswerPlan, LeasedEvent } from '../store/inbox-store.ts';
import type { NewPart } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import type { Attachments } from './attachments.ts';
import type { AgentDirectory, LiveAgent } from './agent-directory.ts';
import type { EventSettler } from './event-settler.ts';
import { DraftPresenter } from './draft-presenter.ts';
import { keepTyping, type Typing } from './keep-typing.ts';
import { refuseForeignChanges } from './own-messages.ts';
import { persist } from './persist.ts';
import { type PlanDeps, planAnswer, planReaction, planSilence } from './plan.ts';
import { finishDrafts } from './plan-draft.ts';
import type { RouteDecision } from './router/decision.ts';
import { runTurn, type TurnResult } from './run-turn.ts';
import type { TurnPlace, TurnPlaces } from './turn-places.ts';

export interface TurnHandlerDeps {
  readonly store: Pick<Store, 'inbox' | 'outbox' | 'watch'>;
  readonly agents: AgentDirectory;
  readonly places: TurnPlaces;
  readonly plan: PlanDeps;
  readonly settler: EventSettler;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long to wait when something must be mended first: no such agent, a locked vault. */
  readonly waitMs: number;
  readonly outboxDepthMax: number;
  readonly findSession: (id: ConnectorId) => ConnectorSession | undefined;
  readonly attachments: Attachments;
}

/** Platforms limit edits: about one in this time is let pass by all of them. */
const draftPaceMs = 1_500;
/** Discord shows it for 10 s, Telegram for 5: refreshed, it flickers at most. */
const typingEveryMs = 8_000;
/** An agent of which nothing has come for so long may be stuck, and nobody should be kept waiting for it. */
const typingIdleMsMax = 5 * 60_000;

export type Accepted = Extract<RouteDecision, { action: 'accept' }>;

/** Has an agent answer an event that was accepted for it, and settles the event in every case. */
export class TurnHandler {
  readonly #deps: TurnHandlerDeps;

  constructor(deps: TurnHandlerDeps) {
    this.#deps = deps;
  }

  async handle(leased: LeasedEvent, decision: Accepted, signal: AbortSignal): Promise<void> {
    const { agents, places, settler } = this.#deps;
    const live = agents.find(decision.agent);
    if (!live) return this.#wait(leased, 'agent_missing', signal);
    // Attempts that were never settled count too: a turn that takes the daemon down with it must end.
    if (leased.attempt > live.spec.attemptsMax) {
      const reason = leased.overdue ? 'agent_timeout' : 'turn_retry_limit_reached';
      return settler.bury(leased, { reason }, blameOf(decision), signal);
    }
    const { clock, store } = this.#deps;
    const cameAt = clock.monotonic();
    let place: TurnPlace;
    try {
      const { concurrency } = live.spec;
      place = await places.enter({ source: leased.source, agent: decision.agent, concurrency }, signal);
    } catch {
      return settler.giveBack(leased, signal);
    }
    if ('comeAgainAt' in place) return settler.wait(leased, 'agent_busy', place.comeAgainAt, signal);
    try {
      // What was said may have been changed while it stood in line: it is taken up again as it is now.
      const hasWaited = clock.monotonic() > cameAt;
      if (hasWaited && (await persist(clock, signal, () => store.inbox.hasRevision(leased.eventId)))) {
        await settler.wait(leased, 'agent_busy', clock.now(), signal);
        return;
      }
      await this.#run(leased, decision, live, signal);
    } finally {
      place.leave();
    }
  }

  async #run(leased: LeasedEvent, decision: Accepted, live: LiveAgent, signal: AbortSignal): Promise<void> {
    const { clock, log, settler } = this.#deps;
    const startedAt = clock.monotonic();
    const { agent } = decision;
    const { attempt, interrupted } = leased;
    settler.note(leased, 'turn.started', { agent, attempt, interrupted });
    if (decision.acknowledgeWith !== undefined && attempt === 1)
      await this.#acknowledge(leased, decision.acknowledgeWith);
    const result = await this.#answer(leased, decision, live, signal);
    log['error' in result ? 'warn' : 'info']('turn.ended', {
      inbox_id: leased.eventId,
      lane: leased.lane,
      connector_id: leased.source,
      agent,
      attempt,
      duration_ms: Math.round(clock.monotonic() - startedAt),
      outcome: result.kind,
      ...('reason' in result ? { code: result.reason } : {}),
      ...('error' in result ? { error: result.error } : {}),
    });
    switch (result.kind) {
      case 'answered':
        return this.#finish(leased, decision, live, result, signal);
      case 'awaiting':
        return settler.suspend(leased, result.untilAt, blameOf(decision), answerPlanOf(decision), signal);
      case 'stopped':
        return settler.giveBack(leased, signal);
      case 'wait':
        return this.#wait(leased, result.reason, signal);
      case 'dead':
        return settler.bury(leased, result, blameOf(decision), signal);
      case 'retry':
        return settler.retry(leased, result, blameOf(decision), live.spec.attemptsMax, signal);
    }
  }

  /** Has the agent work on it, with the files that came along, while the platform shows that it does. */
  async #answer(
    leased: LeasedEvent,
    decision: Accepted,
    live: LiveAgent,
    signal: AbortSignal,
  ): Promise<TurnResult & { readonly drafted: boolean }> {
    const { attachments, clock } = this.#deps;
    const presenter = this.#presenterFor(leased, decision);
    const typing = this.#keepTyping(leased, live);
    try {
      const event = await attachments.take(leased, signal);
      const result = await runTurn({ ...leased, event }, decision, live, signal, clock, (slot, text) => {
        typing?.progressed();
        presenter?.draft(slot, text);
      });
      return { ...result, drafted: presenter?.used === true };
    } catch (error) {
      if (signal.aborted) return { kind: 'stopped', drafted: false };
      throw error;
    } finally {
      typing?.stop();
      await presenter?.stop();
    }
  }

  async #finish(
    leased: LeasedEvent,
    decision: Accepted,
    live: LiveAgent,
    { messages, drafted }: { readonly messages: readonly TurnMessage[]; readonly drafted: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, plan, settler, store } = this.#deps;
    const blame = blameOf(decision);
    let parts: readonly NewPart[] | undefined;
    // An earlier attempt, perhaps of a daemon that is no more, may have left drafts too.
    const earlier =
      drafted || leased.attempt > 1
        ? await persist(clock, signal, () => store.outbox.listPartsOfEvent(leased.eventId))
        : [];
    try {
      const { event, eventId } = leased;
      const answer = { turn: turnIdOf(eventId), eventId, event, messages, ...answerPlanOf(decision) };
      const planned = planAnswer(answer, plan);
      await persist(clock, signal, () => refuseForeignChanges(planned ?? [], store.outbox));
      parts = planned && [
        ...finishDrafts(planned, earlier, plan),
        ...planSilence(eventId, event, planned, plan),
      ];
    } catch (error) {
      const detail = AppError.from(error).message;
      if (isAppError(error, 'too_large', 'unsupported', 'invalid_request', 'forbidden'))
        return settler.bury(leased, { reason: 'agent_answer_invalid', detail }, blame, signal);
      this.#deps.log.error('turn.plan_failed', { inbox_id: leased.eventId, error });
      return settler.retry(
        leased,
        { reason: 'internal_error', detail },
        blame,
        live.spec.attemptsMax,
        signal,
      );
    }
    return parts
      ? settler.finish(leased, blame, parts, signal)
      : settler.bury(leased, { reason: 'reply_address_missing' }, blame, signal);
  }

  /** Undefined where the answer goes to another place than the one in which it was asked for. */
  #presenterFor({ eventId, event }: LeasedEvent, decision: Accepted): DraftPresenter | undefined {
    if (event.type === 'webhook' || decision.replyTo !== undefined || decision.responsePrefix !== undefined)
      return undefined;
    return new DraftPresenter(
      { turn: turnIdOf(eventId), eventId, event },
      { ...this.#deps, paceMs: draftPaceMs },
    );
  }

  #keepTyping({ event }: LeasedEvent, { spec }: LiveAgent): Typing | undefined {
    if (event.type !== 'message.created') return undefined;
    const { clock, findSession } = this.#deps;
    const { message: _message, ...place } = event.address;
    return keepTyping(place, {
      clock,
      findSession: () => findSession(place.connector),
      everyMs: typingEveryMs,
      idleMsMax: typingIdleMsMax,
      longestMs: spec.timeoutMs,
    });
  }

  /** A courtesy: when it cannot be stored, the answer still can. */
  async #acknowledge({ eventId, event }: LeasedEvent, emoji: string): Promise<void> {
    const { clock, log, outboxDepthMax, plan, store } = this.#deps;
    try {
      const acknowledgement = { name: 'acknowledgement', emoji, remove: false } as const;
      const parts = planReaction(eventId, event, acknowledgement, plan);
      if (parts.length > 0) await store.outbox.enqueue(parts, clock.now(), outboxDepthMax);
    } catch (error) {
      log.warn('turn.not_acknowledged', { inbox_id: eventId, error });
    }
  }

  #wait(leased: LeasedEvent, reason: ReasonCode, signal: AbortSignal): Promise<void> {
    const { clock, settler, waitMs } = this.#deps;
    return settler.wait(leased, reason, clock.now() + waitMs, signal);
  }
}

function blameOf({ rule, agent }: Accepted): Pick<Accepted, 'rule' | 'agent'> {
  return { rule, agent };
}

function answerPlanOf({ replyTo, responsePrefix }: Accepted): AnswerPlan {
  return {
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(responsePrefix === undefined ? {} : { responsePrefix }),
  };
}
