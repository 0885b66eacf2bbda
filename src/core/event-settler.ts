import type { AgentId, EventId, RuleId } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import { askedMs, backoffMs } from '../domain/settle.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { AnswerPlan, EventEnd, LeasedEvent } from '../store/inbox-store.ts';
import type { NewPart } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import { leaseLost } from './lease-worker.ts';
import { persist } from './persist.ts';
import { type PlanDeps, planSilence } from './plan.ts';
import { markInterrupted } from './plan-draft.ts';

export interface EventSettlerDeps {
  readonly store: Pick<Store, 'inbox' | 'journal' | 'outbox'>;
  readonly plan: PlanDeps;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly retry: { readonly retryMsMin: number; readonly retryMsMax: number };
}

/** Who is to blame for how a turn went. */
export interface Blame {
  readonly rule: RuleId;
  readonly agent: AgentId;
}

export interface Failure {
  readonly reason: ReasonCode;
  readonly detail: string;
  readonly afterMs?: number;
}

/** Events whose wait has been noted in the journal, so that a long one is noted once. */
const waitsRememberedMax = 10_000;

/**
 * The ways in which the work on a leased event can end. Each is one commit, tried until the store takes it
 * or `signal` aborts.
 */
export class EventSettler {
  readonly #deps: EventSettlerDeps;
  readonly #waits = new RecentMap<EventId, ReasonCode>(waitsRememberedMax);

  constructor(deps: EventSettlerDeps) {
    this.#deps = deps;
  }

  /** `parts` tell the sender why, where that is the custom. */
  ignore(
    leased: LeasedEvent,
    { reason, rule }: { readonly reason: ReasonCode; readonly rule?: RuleId | undefined },
    parts: readonly NewPart[],
    signal: AbortSignal,
  ): Promise<void> {
    return this.#complete(leased, signal, {
      state: 'ignored',
      reason,
      parts,
      ...(rule === undefined ? {} : { rule }),
    });
  }

  finish(leased: LeasedEvent, blame: Blame, parts: readonly NewPart[], signal: AbortSignal): Promise<void> {
    return this.#complete(leased, signal, { state: 'done', reason: 'answered', parts, ...blame });
  }

  /** Makes a dead letter of the event. What it left half written on the platform is marked as such. */
  async bury(
    leased: LeasedEvent,
    { reason, detail }: { readonly reason: ReasonCode; readonly detail?: string },
    blame: Partial<Blame>,
    signal: AbortSignal,
  ): Promise<void> {
    const parts = await this.#leftovers(leased, signal);
    this.#deps.log.error('turn.dead', {
      inbox_id: leased.eventId,
      connector_id: leased.source,
      code: reason,
    });
    return this.#complete(leased, signal, {
      state: 'dead',
      reason,
      parts,
      ...blame,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  async #leftovers({ eventId, event }: LeasedEvent, signal: AbortSignal): Promise<readonly NewPart[]> {
    const { clock, store, plan } = this.#deps;
    if (event.type === 'webhook') return [];
    const drafts = await persist(clock, signal, () => store.outbox.listPartsOfEvent(eventId));
    return [...markInterrupted(drafts, plan), ...planSilence(eventId, event, [], plan)];
  }

  /** Puts the event back for another attempt, or makes a dead letter of it when this was the last. */
  retry(
    leased: LeasedEvent,
    { reason, detail, afterMs }: Failure,
    blame: Partial<Blame>,
    attemptsMax: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (leased.attempt >= attemptsMax) {
      const last = { reason: 'turn_retry_limit_reached', detail: `${reason}: ${detail}` } as const;
      return this.bury(leased, last, blame, signal);
    }
    const { clock, random, retry, store } = this.#deps;
    const bounds = { backoffMsMin: retry.retryMsMin, backoffMsMax: retry.retryMsMax };
    const wait = Math.max(backoffMs(leased.attempt, bounds, random()), askedMs(afterMs) ?? 0);
    return persist(clock, signal, () => {
      const at = clock.now();
      return store.inbox.retry(leased, { at, dueAt: at + wait, reason, detail, ...blame });
    });
  }

  suspend(
    leased: LeasedEvent,
    until: number,
    blame: Blame,
    answerPlan: AnswerPlan,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, store } = this.#deps;
    return persist(clock, signal, () =>
      store.inbox.suspend(leased, { at: clock.now(), until, ...blame, answerPlan }),
    );
  }

  /** It is not the event's fault: puts it back until `dueAt`, and spends no attempt. */
  wait(leased: LeasedEvent, reason: ReasonCode, dueAt: number, signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#deps;
    if (this.#waits.get(leased.eventId) !== reason)
      this.note(leased, 'turn.deferred', { code: reason, retry_at: dueAt });
    this.#waits.set(leased.eventId, reason);
    return persist(clock, signal, () => store.inbox.defer(leased, { at: clock.now(), dueAt, reason }));
  }

  /** The daemon stops, or the lease is gone. The row goes back as it was; without the lease it is another's. */
  async giveBack(leased: LeasedEvent, signal: AbortSignal): Promise<void> {
    if (signal.reason === leaseLost) return;
    const at = this.#deps.clock.now();
    await this.#deps.store.inbox.defer(leased, { at, dueAt: at, reason: 'daemon_stopping' });
  }

  /** Whether the event has been put back to wait before. */
  hasWaited(leased: LeasedEvent): boolean {
    return this.#waits.get(leased.eventId) !== undefined;
  }

  /** For the flight recorder; never in the way of the work. */
  note(leased: LeasedEvent, kind: string, data: Readonly<Record<string, unknown>>): void {
    const { clock, log, store } = this.#deps;
    const entry = {
      at: clock.now(),
      kind,
      level: 'info',
      source: leased.source,
      subject: leased.eventId,
      data,
    } as const;
    store.journal.append([entry]).catch((error: unknown) => log.warn('journal.failed', { error }));
  }

  #complete(leased: LeasedEvent, signal: AbortSignal, end: Omit<EventEnd, 'at'>): Promise<void> {
    const { clock, store } = this.#deps;
    this.#waits.delete(leased.eventId);
    return persist(clock, signal, () => store.inbox.complete(leased, { ...end, at: clock.now() }));
  }
}
