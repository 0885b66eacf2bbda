import { type EventId, turnIdOf } from '../domain/ids.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { LeasedEvent, WaitingEvent } from '../store/inbox-store.ts';
import type { Store } from '../store/store.ts';
import { type PlanDeps, planReaction } from './plan.ts';
import type { RouteDecision } from './router/decision.ts';

export interface QueueHintsDeps {
  readonly store: Pick<Store, 'inbox' | 'outbox'>;
  /** What would become of it if its turn came now. */
  readonly decide: (waiting: WaitingEvent, signal: AbortSignal) => Promise<RouteDecision>;
  readonly plan: PlanDeps;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outboxDepthMax: number;
}

const emoji = '⏳';
/** A shorter wait explains itself. */
const waitsMs = 5_000;
/** Whoever is further back sees it when the queue has moved on. */
const hintedMax = 10;
const rememberedMax = 10_000;

/**
 * Tells people whose message waits behind a turn that takes long that it was heard: by an emoji on it, under
 * rules that acknowledge by one. A courtesy: nothing fails of it.
 */
export class QueueHints {
  readonly #deps: QueueHintsDeps;
  readonly #hinted = new RecentMap<EventId, Promise<void>>(rememberedMax);

  constructor(deps: QueueHintsDeps) {
    this.#deps = deps;
  }

  /** Looks at what waits behind an event, again and again, until the returned function is called. */
  watch(leased: LeasedEvent): () => void {
    const stopped = new AbortController();
    void this.#watch(leased, stopped.signal).catch((error: unknown) => {
      if (!stopped.signal.aborted) this.#failed(leased, error);
    });
    return () => stopped.abort();
  }

  /** Its turn has come: takes the emoji off, where there is one. */
  async takeBack(leased: LeasedEvent): Promise<void> {
    const { clock } = this.#deps;
    const placing = this.#hinted.get(leased.eventId);
    this.#hinted.set(leased.eventId, Promise.resolve());
    if (clock.now() - leased.acceptedAt < waitsMs) return;
    try {
      await placing;
      const hint = await this.#deps.store.outbox.getPartByKey(`${turnIdOf(leased.eventId)}:queued:0`);
      if (hint && hint.state !== 'discarded') await this.#react(leased, true);
    } catch (error) {
      this.#failed(leased, error);
    }
  }

  async #watch({ lane, eventId }: LeasedEvent, signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#deps;
    for (;;) {
      await sleep(clock, waitsMs, signal);
      if (signal.aborted) return;
      const waiting = await store.inbox.listWaiting(lane, hintedMax);
      for (const event of waiting) {
        const isNew = event.eventId !== eventId && this.#hinted.get(event.eventId) === undefined;
        if (isNew && clock.now() - event.acceptedAt >= waitsMs) await this.#hint(event, signal);
      }
    }
  }

  async #hint(waiting: WaitingEvent, signal: AbortSignal): Promise<void> {
    const decision = await this.#deps.decide(waiting, signal);
    if (decision.action !== 'accept' || decision.acknowledgeWith === undefined) return;
    // Its turn may have come meanwhile, and nobody would take it off.
    if (signal.aborted || this.#hinted.get(waiting.eventId) !== undefined) return;
    const placing = this.#react(waiting, false);
    this.#hinted.set(waiting.eventId, placing);
    await placing;
  }

  async #react({ eventId, event }: WaitingEvent, remove: boolean): Promise<void> {
    const { clock, outboxDepthMax, plan, store } = this.#deps;
    const name = remove ? 'begun' : 'queued';
    const parts = planReaction(eventId, event, { name, emoji, remove }, plan);
    if (parts.length > 0) await store.outbox.enqueue(parts, clock.now(), outboxDepthMax);
  }

  #failed({ eventId }: LeasedEvent, error: unknown): void {
    this.#deps.log.warn('turn.queue_not_shown', { inbox_id: eventId, error });
  }
}
