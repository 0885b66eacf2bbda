import type { TurnMessage } from '../agents/agent.ts';
import { type AgentId, type EventId, type RuleId, type SourceId, turnIdOf } from '../domain/ids.ts';
import { backoffMs } from '../domain/settle.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { AnswerPlan, EventEnd, LeasedEvent } from '../store/inbox-store.ts';
import type { Store } from '../store/store.ts';
import type { AgentDirectory, LiveAgent } from './agent-directory.ts';
import type { BotLoopGuard } from './bot-loop-guard.ts';
import type { Gate } from './gate.ts';
import { leaseLost } from './lease-worker.ts';
import { persist } from './persist.ts';
import { type PlanDeps, planAcknowledgement, planAnswer } from './plan.ts';
import type { ConnectorRouter, RouteDecision } from './router/decision.ts';
import { runTurn } from './run-turn.ts';

export interface EventHandlerDeps {
  readonly store: Pick<Store, 'inbox' | 'outbox' | 'journal'>;
  readonly router: () => ConnectorRouter;
  readonly agents: AgentDirectory;
  readonly gate: Gate;
  readonly botLoops: BotLoopGuard;
  readonly plan: PlanDeps;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly settings: EventHandlerSettings;
  /** Pairing grants, from memory: whether a sender may write to a connector directly. */
  readonly isPaired: (source: SourceId, sender: string) => boolean;
}

export interface EventHandlerSettings {
  /** Turns of one connector that may run at once. */
  readonly turnsPerSourceMax: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** How long to wait when something must be mended first: no such agent, a locked vault. */
  readonly waitMs: number;
  readonly outboxDepthMax: number;
}

type Accepted = Extract<RouteDecision, { action: 'accept' }>;

/** What the inbox worker does with one leased event. Settles it in the store in every case. */
export class EventHandler {
  readonly #deps: EventHandlerDeps;

  constructor(deps: EventHandlerDeps) {
    this.#deps = deps;
  }

  async handle(leased: LeasedEvent, signal: AbortSignal): Promise<void> {
    const router = this.#deps.router();
    const decision = await this.#decide(router, leased);
    this.#note(leased, 'inbound.routed', {
      decision: decision.action,
      code: decision.reason,
      rule: decision.rule,
      policy: router.hash,
      ...(decision.action === 'accept' ? { agent: decision.agent } : {}),
    });
    if (decision.action === 'accept') return this.#answer(leased, decision, signal);
    await this.#complete(leased, signal, {
      state: 'ignored',
      reason: decision.reason,
      parts: [],
      ...(decision.rule === undefined ? {} : { rule: decision.rule }),
    });
  }

  async #decide(router: ConnectorRouter, { event, source }: LeasedEvent): Promise<RouteDecision> {
    if (event.type === 'webhook') return router.route(event, { participates: false, paired: false, botTurns: 0 });
    const { botLoops, store, isPaired } = this.#deps;
    if (event.sender.kind === 'human') botLoops.sawPerson(event.lane);
    const participates = event.address.thread !== undefined && (await store.outbox.getParticipation(event.lane));
    const decision = router.route(event, {
      participates,
      paired: isPaired(source, event.sender.id),
      botTurns: botLoops.count(event.lane),
    });
    if (event.sender.kind === 'bot' && decision.action === 'accept') botLoops.sawBot(event.lane);
    return decision;
  }

  async #answer(leased: LeasedEvent, decision: Accepted, signal: AbortSignal): Promise<void> {
    const live = this.#deps.agents.find(decision.agent);
    if (!live) return this.#wait(leased, 'agent_missing');
    const { attemptsMax } = live.spec;
    if (leased.attempt > attemptsMax) {
      return this.#bury(leased, decision, signal, leased.overdue ? 'agent_timeout' : 'turn_retry_limit_reached');
    }
    let leave: () => void;
    try {
      leave = await this.#deps.gate.enter(
        { [`source:${leased.source}`]: this.#deps.settings.turnsPerSourceMax, [`agent:${decision.agent}`]: live.spec.concurrency },
        signal,
      );
    } catch {
      return this.#stopped(leased, signal);
    }
    try {
      await this.#runTurn(leased, decision, live, signal);
    } finally {
      leave();
    }
  }

  async #runTurn(leased: LeasedEvent, decision: Accepted, live: LiveAgent, signal: AbortSignal): Promise<void> {
    const { clock, store, plan, settings } = this.#deps;
    const turn = turnIdOf(leased.eventId);
    const startedAt = clock.now();
    this.#note(leased, 'turn.started', { agent: decision.agent, attempt: leased.attempt, interrupted: leased.interrupted });
    if (decision.acknowledgeWith !== undefined && leased.attempt === 1) {
      const parts = planAcknowledgement(turn, leased.eventId, leased.event, decision.acknowledgeWith, plan);
      // A courtesy: when it cannot be stored, the answer still can.
      if (parts.length > 0) await store.outbox.enqueue(parts, startedAt, settings.outboxDepthMax).catch(() => undefined);
    }
    const result = await runTurn(leased, decision, live, signal, clock);
    const fields = { agent: decision.agent, attempt: leased.attempt, duration_ms: clock.now() - startedAt, outcome: result.kind };
    this.#deps.log.info('turn.ended', { inbox_id: leased.eventId, lane: leased.lane, connector_id: leased.source, ...fields });
    switch (result.kind) {
      case 'answered':
        return this.#finish(leased, decision, result.messages, signal);
      case 'awaiting':
        return persist(clock, signal, () =>
          store.inbox.suspend(leased, {
            at: clock.now(),
            until: result.untilAt,
            rule: decision.rule,
            agent: decision.agent,
            answerPlan: answerPlanOf(decision),
          }),
        );
      case 'stopped':
        return this.#stopped(leased, signal);
      case 'wait':
        return this.#wait(leased, result.reason);
      case 'dead':
        return this.#bury(leased, decision, signal, result.reason, result.detail);
      case 'retry':
        if (leased.attempt >= live.spec.attemptsMax) {
          return this.#bury(leased, decision, signal, 'turn_retry_limit_reached', `${result.reason}: ${result.detail}`);
        }
        return this.#retry(leased, decision, signal, result);
    }
  }

  async #finish(leased: LeasedEvent, decision: Accepted, messages: readonly TurnMessage[], signal: AbortSignal): Promise<void> {
    const parts = planAnswer(
      {
        turn: turnIdOf(leased.eventId),
        eventId: leased.eventId,
        event: leased.event,
        messages,
        ...answerPlanOf(decision),
      },
      this.#deps.plan,
    );
    if (!parts) return this.#bury(leased, decision, signal, 'reply_address_missing');
    await this.#complete(leased, signal, { state: 'done', reason: 'answered', parts, rule: decision.rule, agent: decision.agent });
  }

  async #retry(
    leased: LeasedEvent,
    decision: Accepted,
    signal: AbortSignal,
    result: { reason: EventEnd['reason']; detail: string; afterMs?: number },
  ): Promise<void> {
    const { clock, random, settings, store } = this.#deps;
    const backoff = backoffMs(leased.attempt, { backoffMsMin: settings.retryMsMin, backoffMsMax: settings.retryMsMax }, random());
    const at = clock.now();
    await persist(clock, signal, () =>
      store.inbox.retry(leased, {
        at,
        dueAt: at + Math.max(backoff, result.afterMs ?? 0),
        reason: result.reason,
        detail: result.detail,
        rule: decision.rule,
        agent: decision.agent,
      }),
    );
  }

  #bury(leased: LeasedEvent, decision: Accepted, signal: AbortSignal, reason: EventEnd['reason'], detail?: string): Promise<void> {
    this.#deps.log.error('turn.dead', { inbox_id: leased.eventId, connector_id: leased.source, code: reason });
    const blame: { rule: RuleId; agent: AgentId } = { rule: decision.rule, agent: decision.agent };
    return this.#complete(leased, signal, { state: 'dead', reason, parts: [], ...blame, ...(detail === undefined ? {} : { detail }) });
  }

  #complete(leased: LeasedEvent, signal: AbortSignal, end: Omit<EventEnd, 'at'>): Promise<void> {
    const { clock, store } = this.#deps;
    return persist(clock, signal, () => store.inbox.complete(leased, { ...end, at: clock.now() }));
  }

  async #wait(leased: LeasedEvent, reason: EventEnd['reason']): Promise<void> {
    const at = this.#deps.clock.now();
    this.#note(leased, 'turn.deferred', { code: reason, retry_at: at + this.#deps.settings.waitMs });
    await this.#deps.store.inbox.defer(leased, { at, dueAt: at + this.#deps.settings.waitMs, reason });
  }

  /** The daemon stops, or the lease is gone. The row goes back as it was; without the lease it is another's. */
  async #stopped(leased: LeasedEvent, signal: AbortSignal): Promise<void> {
    if (signal.reason === leaseLost) return;
    const at = this.#deps.clock.now();
    await this.#deps.store.inbox.defer(leased, { at, dueAt: at, reason: 'daemon_stopping' });
  }

  /** For the flight recorder; never in the way of the work. */
  #note(leased: { eventId: EventId; source: SourceId }, kind: string, data: Record<string, unknown>): void {
    const entry = { at: this.#deps.clock.now(), kind, level: 'info', source: leased.source, subject: leased.eventId, data } as const;
    this.#deps.store.journal.append([entry]).catch((error: unknown) => this.#deps.log.warn('journal.failed', { error }));
  }
}

function answerPlanOf({ replyTo, responsePrefix }: Accepted): AnswerPlan {
  return { ...(replyTo === undefined ? {} : { replyTo }), ...(responsePrefix === undefined ? {} : { responsePrefix }) };
}
