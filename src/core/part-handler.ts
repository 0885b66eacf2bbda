import type { ConnectorSession } from '../connectors/connector.ts';
import type { ConnectorId } from '../domain/ids.ts';
import type { DeliveryOutcome } from '../domain/outcome.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import { type RetryPolicy, type Settlement, settle, settleCourtesy } from '../domain/settle.ts';
import type { AttemptReport, LeasedPart } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import { leaseLost } from './lease-worker.ts';
import { PartAttempts, type PartAttemptsDeps } from './part-attempts.ts';
import { persist } from './persist.ts';

export interface PartHandlerDeps extends PartAttemptsDeps {
  readonly store: Pick<Store, 'outbox' | 'connectors'>;
  readonly policyOf: (id: ConnectorId) => RetryPolicy;
  readonly random: () => number;
}

/** How often to look whether the vault is open again. */
const vaultWaitMs = 15_000;

/** What the outbox worker does with one leased part: one attempt, and its settlement. */
export class PartHandler {
  readonly #deps: PartHandlerDeps;
  readonly #attempts: PartAttempts;

  constructor(deps: PartHandlerDeps) {
    this.#deps = deps;
    this.#attempts = new PartAttempts(deps);
  }

  async handle(part: LeasedPart, signal: AbortSignal): Promise<void> {
    const { clock, store, policyOf, findSession } = this.#deps;
    const policy = policyOf(part.source);
    const session = findSession(part.source);
    const startedAt = clock.monotonic();
    // Attempts that were never settled count too: a part that takes the daemon down with it must end.
    const attempt =
      part.attempts > policy.attemptsMax
        ? undefined
        : await this.#attempts.make(part, session, policy, signal);
    if (signal.reason === leaseLost) return;
    const durationMs = Math.round(clock.monotonic() - startedAt);
    switch (attempt?.kind) {
      case undefined: {
        const detail = 'The last attempt was interrupted.';
        const state = isCourtesy(part) ? 'discarded' : 'dead';
        const settlement = { state, code: 'retry_limit_reached', detail } as const;
        return this.#settle(part, settlement, part.uncertain ? 'unknown' : 'retry', durationMs, signal);
      }
      case 'hold':
        await persist(clock, signal, () => store.outbox.hold(part, clock.now()));
        this.#cryOut('delivery.held', part, 'unknown_outcome_held');
        return;
      case 'wait':
        return this.#wait(part, attempt.reason, signal);
      case 'found': {
        const settlement = { state: 'delivered', platformIds: attempt.platformIds } as const;
        return this.#settle(part, settlement, 'reconciled', durationMs, signal);
      }
      case 'made': {
        const settlement = this.#decide(part, attempt.outcome, policy, attempt.uncertain);
        await this.#settle(part, settlement, attempt.outcome.kind, durationMs, signal);
        return this.#releaseOldHold(part, session, settlement, signal);
      }
    }
  }

  #decide(part: LeasedPart, outcome: DeliveryOutcome, policy: RetryPolicy, uncertain: boolean): Settlement {
    const spent = {
      attempts: part.attempts,
      deferrals: part.deferrals + 1,
      firstAttemptAt: part.firstAttemptAt,
    };
    const now = this.#deps.clock.now();
    const settlement = settle(outcome, spent, now, policy, this.#deps.random());
    if (isCourtesy(part)) return settleCourtesy(settlement, now);
    // That this attempt was not applied says nothing about the earlier one.
    return settlement.state === 'pending' && uncertain ? { ...settlement, uncertain } : settlement;
  }

  async #settle(
    part: LeasedPart,
    settlement: Settlement,
    outcome: AttemptReport['outcome'],
    durationMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, log, store } = this.#deps;
    log.info('delivery.attempted', {
      connector_id: part.source,
      lane: part.lane,
      delivery_id: part.id,
      inbox_id: part.event,
      op: part.operation.op,
      attempt: part.attempt,
      outcome,
      state: settlement.state,
      code: 'code' in settlement ? settlement.code : undefined,
      duration_ms: durationMs,
    });
    const report = { at: clock.now(), durationMs, outcome };
    await persist(clock, signal, () => store.outbox.settle(part, settlement, report));
    if (settlement.state === 'dead') this.#cryOut('delivery.dead', part, settlement.code);
  }

  /** It stays where it is until a person decides. */
  #cryOut(event: 'delivery.dead' | 'delivery.held', part: LeasedPart, code: ReasonCode): void {
    this.#deps.log.error(event, {
      connector_id: part.source,
      lane: part.lane,
      delivery_id: part.id,
      inbox_id: part.event,
      code,
    });
  }

  /** A session that was opened before the hold was written down has not seen it, and nobody else would end it. */
  async #releaseOldHold(
    part: LeasedPart,
    session: ConnectorSession | undefined,
    settlement: Settlement,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, store, findSession } = this.#deps;
    if (settlement.state !== 'pending' || !settlement.holdConnector) return;
    const newer = findSession(part.source);
    if (settlement.holdConnector.until !== undefined || !newer || newer === session) return;
    const { code } = settlement;
    await persist(clock, signal, () => store.connectors.releaseHold(part.source, clock.now(), code));
  }

  /** Nothing was sent and nothing is wrong with the part: it keeps its attempts and its place. */
  async #wait(part: LeasedPart, reason: ReasonCode, signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#deps;
    if (reason === 'vault_locked') {
      const until = clock.now() + vaultWaitMs;
      await persist(clock, signal, () => store.connectors.hold(part.source, reason, clock.now(), until));
    }
    await persist(clock, signal, () => {
      const at = clock.now();
      return store.outbox.defer(part, { at, dueAt: at, reason });
    });
  }
}

function isCourtesy({ operation }: LeasedPart): boolean {
  return operation.op === 'react' && operation.courtesy === true;
}
