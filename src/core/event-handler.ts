import { AppError, isAppError } from '../domain/errors.ts';
import type { EventId } from '../domain/ids.ts';
import type { ChatEvent } from '../domain/inbound-event.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { LeasedEvent, WaitingEvent } from '../store/inbox-store.ts';
import type { NewPart } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import type { BotLoopGuard } from './bot-loop-guard.ts';
import type { EventSettler } from './event-settler.ts';
import type { Pairing } from './pairing.ts';
import { persist } from './persist.ts';
import { type PlanDeps, planNotice, planSilence } from './plan.ts';
import { finishDrafts } from './plan-draft.ts';
import { QueueHints } from './queue-hints.ts';
import type { ConnectorRouter, RouteDecision } from './router/decision.ts';
import type { TurnHandler } from './turn-handler.ts';

export interface EventHandlerDeps {
  readonly store: Pick<Store, 'access' | 'inbox' | 'outbox'>;
  readonly router: () => ConnectorRouter;
  readonly botLoops: BotLoopGuard;
  readonly botTurnsPerDayMax: number;
  readonly turns: TurnHandler;
  readonly settler: EventSettler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pairing: Pairing;
  readonly plan: PlanDeps;
  readonly outboxDepthMax: number;
}

/** How often an event is tried that this program's own mistake keeps from being handled. */
const attemptsMaxOfBugs = 5;
const dayMs = 24 * 3_600_000;

/** What the inbox worker does with one leased event. Settles it in the store in every case. */
export class EventHandler {
  readonly #deps: EventHandlerDeps;
  readonly #hints: QueueHints;

  constructor(deps: EventHandlerDeps) {
    this.#deps = deps;
    this.#hints = new QueueHints({
      ...deps,
      decide: (waiting, signal) => this.#decide(deps.router(), waiting, signal),
    });
  }

  async handle(leased: LeasedEvent, signal: AbortSignal): Promise<void> {
    const { settler, log } = this.#deps;
    try {
      await this.#route(leased, signal);
    } catch (error) {
      // The store refuses the write, or cannot take it and there is no time left: the lease runs out.
      if (isAppError(error, 'lease_lost', 'unavailable')) throw error;
      if (signal.aborted) return settler.giveBack(leased, signal);
      // A bug must not make an event come back without end, nor close its lane for good.
      log.error('turn.broken', { inbox_id: leased.eventId, connector_id: leased.source, error });
      const failure = { reason: 'internal_error', detail: AppError.from(error).message } as const;
      await settler.retry(leased, failure, {}, attemptsMaxOfBugs, signal);
    }
  }

  async #route(leased: LeasedEvent, signal: AbortSignal): Promise<void> {
    const { botLoops, settler, turns } = this.#deps;
    const { event, eventId } = leased;
    await this.#hints.takeBack(leased);
    const router = this.#deps.router();
    const decision = await this.#withinBudget(leased, await this.#decide(router, leased, signal), signal);
    if (!settler.hasWaited(leased)) {
      settler.note(leased, 'inbound.routed', {
        decision: decision.action,
        code: decision.reason,
        rule: decision.rule,
        policy: router.hash,
        ...(decision.action === 'accept' ? { agent: decision.agent } : {}),
      });
    }
    if (decision.action !== 'accept') return this.#refuse(leased, decision, signal);
    if (event.type !== 'webhook') {
      if (event.sender.kind === 'bot') botLoops.sawBot(event.lane, eventId);
      if (event.sender.kind === 'human') botLoops.sawPerson(event.lane);
    }
    const stopHints = this.#hints.watch(leased);
    try {
      await turns.handle(leased, decision, signal);
    } finally {
      stopHints();
    }
  }

  /** Somebody who has to be paired first is told, and gets to give a code. */
  async #refuse(
    leased: LeasedEvent,
    { reason, rule }: Exclude<RouteDecision, { action: 'accept' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { settler, pairing, plan, clock } = this.#deps;
    const { event, eventId } = leased;
    const silence = [...(await this.#leftovers(leased, signal)), ...planSilence(eventId, event, [], plan)];
    if (
      reason !== 'direct_message_pairing_required' ||
      event.type !== 'message.created' ||
      event.sender.kind !== 'human'
    )
      return settler.ignore(leased, { reason, rule }, silence, signal);
    const answer = await persist(clock, signal, () => pairing.answer(event));
    const parts = answer.text === undefined ? [] : planNotice(eventId, event, answer.text, plan);
    return settler.ignore(leased, { reason: answer.reason, rule }, parts, signal);
  }

  /** Takes back what an earlier attempt has shown of an answer that is not wanted any more. */
  async #leftovers({ eventId, attempt }: LeasedEvent, signal: AbortSignal): Promise<readonly NewPart[]> {
    if (attempt === 1) return [];
    const { clock, plan, store } = this.#deps;
    const parts = await persist(clock, signal, () => store.outbox.listPartsOfEvent(eventId));
    return finishDrafts([], parts, plan);
  }

  async #decide(
    router: ConnectorRouter,
    { event, eventId, source }: WaitingEvent,
    signal: AbortSignal,
  ): Promise<RouteDecision> {
    if (event.type === 'webhook')
      return router.route(event, { participates: false, paired: false, botTurns: 0 });
    const { botLoops, clock, pairing, store } = this.#deps;
    const participates =
      event.address.thread !== undefined &&
      (await persist(clock, signal, () => store.outbox.getParticipation(event.lane)));
    return router.route(event, {
      participates,
      paired: pairing.isPaired(source, event.sender.id),
      botTurns: botLoops.count(event.lane, eventId),
    });
  }

  /** However many conversations a bot opens, and however often people speak in between. */
  async #withinBudget(
    { event, eventId }: LeasedEvent,
    decision: RouteDecision,
    signal: AbortSignal,
  ): Promise<RouteDecision> {
    if (decision.action !== 'accept' || event.type === 'webhook' || event.sender.kind !== 'bot')
      return decision;
    const isWithin = await persist(this.#deps.clock, signal, () => this.#takeBotTurn(event, eventId));
    if (!isWithin) this.#deps.botLoops.sawSpent(event);
    return isWithin ? decision : { action: 'deny', reason: 'bot_budget_spent', rule: decision.rule };
  }

  #takeBotTurn({ address, sender }: ChatEvent, event: EventId): Promise<boolean> {
    const { botTurnsPerDayMax: turnsMax, clock, store } = this.#deps;
    const now = clock.now();
    return store.access.takeBotTurn({
      connector: address.connector,
      sender: sender.id,
      event,
      now,
      until: now + dayMs,
      turnsMax,
    });
  }
}
