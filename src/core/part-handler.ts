import type { ConnectorAdapter, ConnectorSession } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import { type ConnectorId, kindOf } from '../domain/ids.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../domain/outcome.ts';
import { type RetryPolicy, type Settlement, settle } from '../domain/settle.ts';
import { type Clock, deadline } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { LeasedPart } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import { inConnectorScope } from './connector-scope.ts';
import { leaseLost } from './lease-worker.ts';
import { persist } from './persist.ts';

export interface PartHandlerDeps {
  readonly store: Pick<Store, 'outbox'>;
  readonly findAdapter: (kind: string) => ConnectorAdapter | undefined;
  readonly findSession: (id: ConnectorId) => ConnectorSession | undefined;
  readonly policyOf: (id: ConnectorId) => RetryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** The longest that one attempt may take. */
  readonly attemptMs: number;
}

type Plan =
  /** `uncertain`: an earlier attempt may have been applied, and this one repeats it under the same key. */
  | { readonly kind: 'send'; readonly part: LeasedPart; readonly uncertain: boolean }
  | { readonly kind: 'settled'; readonly outcome: DeliveryOutcome }
  | { readonly kind: 'hold' };

/** What the outbox worker does with one leased part: one attempt, and its settlement. */
export class PartHandler {
  readonly #deps: PartHandlerDeps;

  constructor(deps: PartHandlerDeps) {
    this.#deps = deps;
  }

  async handle(part: LeasedPart, signal: AbortSignal): Promise<void> {
    const { clock, store, findSession, policyOf } = this.#deps;
    const session = findSession(part.source);
    if (!session) return this.#offline(part);
    const startedAt = clock.now();
    const timeout = deadline(clock, this.#deps.attemptMs, () => new AppError('timeout', 'The attempt took too long.'), signal);
    try {
      const plan = await this.#plan(part, session, timeout.signal);
      if (plan.kind === 'hold') return await persist(clock, signal, () => store.outbox.hold(part, clock.now()));
      const outcome = plan.kind === 'settled' ? plan.outcome : await this.#attempt(plan.part, session, timeout.signal);
      if (signal.reason === leaseLost) return;
      const settlement = this.#decide(part, outcome, policyOf(part.source), plan.kind === 'send' && plan.uncertain);
      const at = clock.now();
      this.#log(part, outcome, settlement, at - startedAt);
      const report = { at, durationMs: at - startedAt, outcome: outcome.kind };
      await persist(clock, signal, () => store.outbox.settle(part, settlement, report));
    } finally {
      timeout.clear();
    }
  }

  /** An earlier attempt may have been applied: finds out, or decides without knowing. */
  async #plan(part: LeasedPart, session: ConnectorSession, signal: AbortSignal): Promise<Plan> {
    const { clock, store, findAdapter, policyOf } = this.#deps;
    // Doing any of the others twice comes to the same.
    if (!part.uncertain || part.operation.op !== 'send') return { kind: 'send', part, uncertain: false };
    const idempotentMs = findAdapter(kindOf(part.source))?.capabilities.idempotentSendMs ?? 0;
    if (clock.now() - part.firstAttemptAt < idempotentMs) return { kind: 'send', part, uncertain: true };
    const found = await this.#lookUp(part, session, signal);
    if (!found) return { kind: 'settled', outcome: { kind: 'unknown', code: 'answer_lost', detail: 'The platform could not be asked.' } };
    if (found.kind === 'delivered') return { kind: 'settled', outcome: found };
    if (found.kind === 'absent' || part.possibleDuplicate) return { kind: 'send', part, uncertain: false };
    if (policyOf(part.source).onUnknown === 'hold') return { kind: 'hold' };
    await store.outbox.markPossibleDuplicate(part, clock.now());
    return { kind: 'send', part: { ...part, possibleDuplicate: true }, uncertain: false };
  }

  /** Undefined when the platform could not be asked. */
  async #lookUp(part: LeasedPart, session: ConnectorSession, signal: AbortSignal): Promise<ResolvedUnknown | undefined> {
    if (!session.resolveUnknown) return { kind: 'unresolved' };
    try {
      return await inConnectorScope(part.source, () => session.resolveUnknown?.(part, signal));
    } catch (error) {
      this.#deps.log.warn('delivery.reconcile_failed', { delivery_id: part.id, error });
      return undefined;
    }
  }

  async #attempt(part: LeasedPart, session: ConnectorSession, signal: AbortSignal): Promise<DeliveryOutcome> {
    const capability = this.#deps.findAdapter(kindOf(part.source))?.capabilities.operations[part.operation.op];
    if (capability?.supported !== true) {
      const detail = capability?.reason ?? `The connector cannot ${part.operation.op}.`;
      return { kind: 'rejected', code: 'operation_unsupported', detail, scope: 'message' };
    }
    if (signal.aborted) return { kind: 'retry', code: 'daemon_stopping', scope: 'lane', deferral: true };
    try {
      return await inConnectorScope(part.source, () => session.sendOutbound(part, signal));
    } catch (thrown) {
      return this.#outcomeOfThrow(part, thrown);
    }
  }

  /** Adapters answer with outcomes; what they throw says that nothing was sent, or it is a bug and nobody knows. */
  #outcomeOfThrow(part: LeasedPart, thrown: unknown): DeliveryOutcome {
    const error = AppError.from(thrown);
    if (error.code === 'vault_locked') return { kind: 'retry', code: 'vault_locked', afterMs: 10_000, scope: 'connector', deferral: true };
    if (error.code === 'not_found') {
      return { kind: 'rejected', code: 'credential_missing', detail: error.message, scope: 'connector' };
    }
    this.#deps.log.error('delivery.adapter_failed', { delivery_id: part.id, connector_id: part.source, error: thrown });
    return { kind: 'unknown', code: 'internal_error', detail: error.message };
  }

  #decide(part: LeasedPart, outcome: DeliveryOutcome, policy: RetryPolicy, uncertain: boolean): Settlement {
    const spent = { attempts: part.attempts, deferrals: part.deferrals + 1, firstAttemptAt: part.firstAttemptAt };
    const settlement = settle(outcome, spent, this.#deps.clock.now(), policy, this.#deps.random());
    // That this attempt was not applied says nothing about the earlier one.
    return settlement.state === 'pending' && uncertain ? { ...settlement, uncertain } : settlement;
  }

  #log(part: LeasedPart, outcome: DeliveryOutcome, settlement: Settlement, durationMs: number): void {
    this.#deps.log.info('delivery.attempted', {
      connector_id: part.source,
      lane: part.lane,
      delivery_id: part.id,
      inbox_id: part.event,
      op: part.operation.op,
      attempt: part.attempt,
      outcome: outcome.kind,
      state: settlement.state,
      code: 'code' in settlement ? settlement.code : undefined,
      duration_ms: durationMs,
    });
  }

  async #offline(part: LeasedPart): Promise<void> {
    const at = this.#deps.clock.now();
    await this.#deps.store.outbox.defer(part, { at, dueAt: at, reason: 'connector_offline' });
  }
}
