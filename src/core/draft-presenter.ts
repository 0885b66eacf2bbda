import type { ConnectorSession } from '../connectors/connector.ts';
import type { Address } from '../domain/address.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId, EventId, TurnId } from '../domain/ids.ts';
import type { ChatEvent } from '../domain/inbound-event.ts';
import { type Clock, deadline, rejectAfterGrace, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { NewPart } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import { inConnectorScope } from './connector-scope.ts';
import type { PlanDeps } from './plan.ts';
import { planDraft } from './plan-draft.ts';

export interface DraftPresenterDeps {
  readonly store: Pick<Store, 'outbox' | 'watch'>;
  readonly plan: PlanDeps;
  readonly findSession: (id: ConnectorId) => ConnectorSession | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outboxDepthMax: number;
  /** The shortest time between two revisions. */
  readonly paceMs: number;
}

export interface PresentedTurn {
  readonly turn: TurnId;
  readonly eventId: EventId;
  readonly event: ChatEvent;
}

/**
 * Shows what an agent has written so far. The first draft of a message is a durable part like any other;
 * revisions after it go straight to the platform, at a pace, and may get lost: the whole comes with the end
 * of the turn. Nothing here can fail a turn.
 */
export class DraftPresenter {
  readonly #deps: DraftPresenterDeps;
  readonly #turn: PresentedTurn;
  readonly #stopped = new AbortController();
  /** The newest text of the slot that is being written. */
  #wanted: { readonly slot: number; readonly text: string } | undefined;
  #presenting: Promise<void> | undefined;
  #used = false;

  constructor(turn: PresentedTurn, deps: DraftPresenterDeps) {
    this.#turn = turn;
    this.#deps = deps;
  }

  /** Whether a draft may be on the platform. */
  get used(): boolean {
    return this.#used;
  }

  draft(slot: number, text: string): void {
    if (this.#stopped.signal.aborted || text.trim() === '') return;
    this.#wanted = { slot, text };
    this.#presenting ??= this.#present();
  }

  /**
   * Waits for a revision that has gone out, and does not cut it off: it might arrive all the same, and then after
   * the final one. So might one whose connector does not heed its signal: that is given up after 21 s.
   */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#presenting;
  }

  async #present(): Promise<void> {
    const { clock, log, paceMs } = this.#deps;
    const { signal } = this.#stopped;
    try {
      for (let next = this.#take(); next && !signal.aborted; next = this.#take()) {
        const isShown = await this.#show(next, signal);
        // After a restart the connector may not be back yet.
        if (!isShown) this.#wanted ??= next;
        await sleep(clock, paceMs, signal);
      }
    } catch (error) {
      log.warn('draft.not_shown', { inbox_id: this.#turn.eventId, error });
    } finally {
      this.#presenting = undefined;
    }
  }

  #take(): { readonly slot: number; readonly text: string } | undefined {
    const next = this.#wanted;
    this.#wanted = undefined;
    return next;
  }

  /** False when there is nobody who could show it now. */
  async #show({ slot, text }: { slot: number; text: string }, signal: AbortSignal): Promise<boolean> {
    const { store, plan, clock, findSession, outboxDepthMax } = this.#deps;
    const draft = planDraft({ ...this.#turn, slot, text }, plan);
    if (!draft) return true;
    const isFirst = (await store.outbox.getPartByKey(draft.key)) === undefined;
    this.#used = true;
    if (isFirst) await store.outbox.enqueue([draft], clock.now(), outboxDepthMax);
    const address = await this.#delivered(draft, signal);
    if (!address || isFirst || draft.operation.op !== 'send') return true;
    const session = findSession(draft.address.connector);
    if (!session) return false;
    const { text: shown } = draft.operation;
    const limit = deadline(clock, reviseMsMax, () => tookTooLong);
    try {
      const work = inConnectorScope(address.connector, async () =>
        session.revise?.(address, shown, limit.signal),
      );
      await rejectAfterGrace(work, limit.signal, clock, reviseGraceMs);
    } finally {
      limit.clear();
    }
    return true;
  }

  /** Where the draft is; undefined when it will not be there. */
  async #delivered({ key, address }: NewPart, signal: AbortSignal): Promise<Address | undefined> {
    const { store, clock } = this.#deps;
    while (!signal.aborted) {
      const changed = new AbortController();
      const unwatch = store.watch((topics) => {
        if (topics.has('outbox')) changed.abort();
      });
      try {
        const part = await store.outbox.getPartByKey(key);
        if (part?.state !== 'pending') {
          const [message] = part?.platformIds ?? [];
          return part?.state === 'delivered' && message !== undefined ? { ...address, message } : undefined;
        }
        await sleep(clock, lookAgainMs, AbortSignal.any([changed.signal, signal]));
      } finally {
        unwatch();
      }
    }
    return undefined;
  }
}

/** A platform that has not answered by then does not bring it later either. */
const reviseMsMax = 20_000;
/** How long an adapter may take to end what it has been told to end. */
const reviseGraceMs = 1_000;
const tookTooLong = new AppError('timeout', 'The connector did not revise the draft in time.');
/** The safety net under the wake-ups. */
const lookAgainMs = 5_000;
