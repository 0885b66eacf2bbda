import type { ConnectorAdapter, ConnectorSession } from '../connectors/connector.ts';
import { AppError, isAppError } from '../domain/errors.ts';
import { type ConnectorId, kindOf } from '../domain/ids.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../domain/outcome.ts';
import type { UncertainPart } from '../domain/outbound.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { RetryPolicy } from '../domain/settle.ts';
import { type Clock, deadline, rejectAfterGrace } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { LeasedPart, PartRecord } from '../store/outbox-store.ts';
import type { Store } from '../store/store.ts';
import { aimPart, asOwnMessage, asUncertain, targetOf } from './aim-part.ts';
import { inConnectorScope } from './connector-scope.ts';
import { persist } from './persist.ts';

export interface PartAttemptsDeps {
  readonly store: Pick<Store, 'outbox'>;
  readonly findAdapter: (kind: string) => ConnectorAdapter | undefined;
  readonly findSession: (id: ConnectorId) => ConnectorSession | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** The longest that one call of an adapter may take. */
  readonly attemptMs: number;
}

/** What an attempt came to, or why none was made. */
export type Attempt =
  | {
      readonly kind: 'made';
      readonly outcome: DeliveryOutcome;
      /** An earlier attempt may have been applied, and this one repeated it under the same key. */
      readonly uncertain: boolean;
    }
  /** Nothing was sent: the platform has it from before. */
  | { readonly kind: 'found'; readonly platformIds: readonly string[] }
  | { readonly kind: 'hold' }
  | { readonly kind: 'wait'; readonly reason: ReasonCode };

/** What an attempt is made with. */
interface Means {
  readonly session: ConnectorSession;
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  /** The platform recognises a repeat of the part by its key, and it goes out in no other way. */
  readonly isKnownByKey: boolean;
}

/** How long an adapter whose call was aborted has to say whether something was sent. */
const answerGraceMs = 2_000;
/** Makes one attempt on a part, and settles nothing. Never throws, unless the store cannot be read. */
export class PartAttempts {
  readonly #deps: PartAttemptsDeps;

  constructor(deps: PartAttemptsDeps) {
    this.#deps = deps;
  }

  /** An earlier attempt may have been applied: finds out, or decides without knowing. Then sends, where that is due. */
  async make(
    part: LeasedPart,
    session: ConnectorSession | undefined,
    policy: RetryPolicy,
    signal: AbortSignal,
  ): Promise<Attempt> {
    if (!session) return { kind: 'wait', reason: 'connector_offline' };
    if (signal.aborted) return { kind: 'wait', reason: 'daemon_stopping' };
    const target = await this.#targetOf(part, signal);
    const sought = target && asUncertain(target);
    const isKnownByKey = sought === undefined && this.#isKnownByKey(part);
    const means = { session, policy, signal, isKnownByKey };
    const found = sought ? await this.#seek(part, sought, means) : nothing;
    if (found.kind === 'made' || found.kind === 'wait' || found.kind === 'found') return found;
    const aimed = aimPart(part, target, found);
    if (!aimed) return { kind: 'found', platformIds: [] };
    const attempt = await this.#attemptOn(aimed, means);
    const instead = isGone(attempt) ? asOwnMessage(part) : undefined;
    return instead ? this.#attemptOn(instead, means) : attempt;
  }

  /** What answers a command may have gone out in another way. */
  #isKnownByKey(part: LeasedPart): boolean {
    if (part.address.handle !== undefined) return false;
    const { clock, findAdapter } = this.#deps;
    const { idempotentSendMs = 0 } = findAdapter(kindOf(part.source))?.capabilities ?? {};
    return clock.now() - part.firstAttemptAt < idempotentSendMs;
  }

  async #targetOf(part: LeasedPart, signal: AbortSignal): Promise<PartRecord | undefined> {
    const { clock, store } = this.#deps;
    const key = targetOf(part);
    return key === undefined ? undefined : persist(clock, signal, () => store.outbox.getPartByKey(key));
  }

  /**
   * Whether the message that is to be changed is there, although sending it was given up. When nobody can be
   * asked now, the part waits for that, or uses up an attempt; with the last one an answer goes out by itself.
   */
  async #seek(
    part: LeasedPart,
    sought: UncertainPart,
    { session, policy, signal }: Means,
  ): Promise<ResolvedUnknown | Exclude<Attempt, { kind: 'hold' }>> {
    const { uncertain, possibleDuplicate } = part;
    const own = asOwnMessage(part);
    // It may have gone out by itself before: it does so again, with the label.
    if (own && possibleDuplicate) return nothing;
    try {
      const found = await this.#lookUp(sought, session, signal);
      if (found.kind !== 'delivered' || !own || !uncertain) return found;
      const before = await this.#lookUp(own, session, signal);
      if (before.kind === 'delivered') return { kind: 'found', platformIds: before.platformIds };
      return before.kind === 'absent' ? found : nothing;
    } catch (thrown) {
      if (signal.aborted) return { kind: 'wait', reason: 'daemon_stopping' };
      const stopped = this.#attemptWithoutCredential(part, session, thrown, uncertain);
      if (stopped) return stopped;
      if (isAppError(thrown, 'rate_limited')) return { kind: 'made', outcome: askLater, uncertain };
      this.#deps.log.warn('delivery.reconcile_failed', { delivery_id: sought.id, error: thrown });
      if (own && part.attempts >= policy.attemptsMax) return { kind: 'unresolved' };
      return { kind: 'made', outcome: notSought, uncertain };
    }
  }

  async #attemptOn(part: LeasedPart, means: Means): Promise<Attempt> {
    const { clock, store } = this.#deps;
    const { session, policy, signal, isKnownByKey } = means;
    // Doing any of the others twice comes to the same.
    if (!part.uncertain || part.operation.op !== 'send') return this.#send(part, session, false, signal);
    if (isKnownByKey) return this.#send(part, session, true, signal);
    let found: ResolvedUnknown;
    try {
      found = await this.#lookUp(part, session, signal);
    } catch (thrown) {
      return this.#attemptOfFailedLookUp(part, session, thrown);
    }
    if (found.kind === 'delivered') return { kind: 'found', platformIds: found.platformIds };
    if (found.kind === 'repeatable') return this.#send(part, session, true, signal);
    if (found.kind === 'absent' || part.possibleDuplicate) return this.#send(part, session, false, signal);
    if (policy.onUnknown === 'hold') return { kind: 'hold' };
    await persist(clock, signal, () => store.outbox.markPossibleDuplicate(part, clock.now()));
    return this.#send({ ...part, possibleDuplicate: true }, session, false, signal);
  }

  async #lookUp(
    part: UncertainPart,
    session: ConnectorSession,
    signal: AbortSignal,
  ): Promise<ResolvedUnknown> {
    if (!session.resolveUnknown) return { kind: 'unresolved' };
    const { connector } = part.address;
    const found = await this.#call(connector, signal, async (limited) =>
      session.resolveUnknown?.(part, limited),
    );
    return found ?? { kind: 'unresolved' };
  }

  #attemptOfFailedLookUp(part: LeasedPart, session: ConnectorSession, thrown: unknown): Attempt {
    const stopped = this.#attemptWithoutCredential(part, session, thrown, true);
    if (stopped) return stopped;
    if (isAppError(thrown, 'rate_limited')) return { kind: 'made', outcome: askLater, uncertain: true };
    this.#deps.log.warn('delivery.reconcile_failed', { delivery_id: part.id, error: thrown });
    const detail = 'The platform could not be asked.';
    return { kind: 'made', outcome: { kind: 'unknown', code: 'answer_lost', detail }, uncertain: true };
  }

  async #send(
    part: LeasedPart,
    session: ConnectorSession,
    uncertain: boolean,
    signal: AbortSignal,
  ): Promise<Attempt> {
    if (signal.aborted) return { kind: 'wait', reason: 'daemon_stopping' };
    const capability = this.#deps.findAdapter(kindOf(part.source))?.capabilities.operations[
      part.operation.op
    ];
    if (capability?.supported !== true) {
      const detail = capability?.reason ?? `The connector cannot ${part.operation.op}.`;
      const outcome = { kind: 'rejected', code: 'operation_unsupported', detail, scope: 'message' } as const;
      return { kind: 'made', outcome, uncertain };
    }
    try {
      const outcome = await this.#call(part.source, signal, async (limited) =>
        session.sendOutbound({ ...part, uncertain }, limited),
      );
      return { kind: 'made', outcome: this.#judge(part, session, outcome), uncertain };
    } catch (thrown) {
      return this.#attemptOfThrow(part, session, thrown, uncertain);
    }
  }

  /** What a session that is gone says of its connector is no longer true of it: a newer one may be well. */
  #judge(part: LeasedPart, session: ConnectorSession, outcome: DeliveryOutcome): DeliveryOutcome {
    if (outcome.kind !== 'rejected' || outcome.scope !== 'connector') return outcome;
    if (this.#deps.findSession(part.source) === session) return outcome;
    const { detail } = outcome;
    return { kind: 'retry', code: 'connector_restarting', scope: 'lane', deferral: true, detail };
  }

  /** Adapters answer with outcomes; what they throw says that nothing was sent, or it is a bug and nobody knows. */
  #attemptOfThrow(part: LeasedPart, session: ConnectorSession, thrown: unknown, uncertain: boolean): Attempt {
    if (thrown === tookTooLong) {
      const detail = 'The connector did not answer in time.';
      return { kind: 'made', outcome: { kind: 'unknown', code: 'answer_lost', detail }, uncertain };
    }
    const stopped = this.#attemptWithoutCredential(part, session, thrown, uncertain);
    if (stopped) return stopped;
    const error = AppError.from(thrown);
    this.#deps.log.error('delivery.adapter_failed', {
      delivery_id: part.id,
      connector_id: part.source,
      error: thrown,
    });
    const outcome = { kind: 'unknown', code: 'internal_error', detail: error.message } as const;
    return { kind: 'made', outcome, uncertain };
  }

  /** Undefined when it was not for want of the credential. */
  #attemptWithoutCredential(
    part: LeasedPart,
    session: ConnectorSession,
    thrown: unknown,
    uncertain: boolean,
  ): Extract<Attempt, { kind: 'made' | 'wait' }> | undefined {
    if (isAppError(thrown, 'vault_locked')) return { kind: 'wait', reason: 'vault_locked' };
    if (!isAppError(thrown, 'not_found')) return undefined;
    const { message: detail } = thrown;
    const outcome = { kind: 'rejected', code: 'credential_missing', detail, scope: 'connector' } as const;
    return { kind: 'made', outcome: this.#judge(part, session, outcome), uncertain };
  }

  /** Calls into an adapter, which may not listen to its signal. @throws `tookTooLong` when it gives no answer. */
  async #call<Value>(
    connector: ConnectorId,
    signal: AbortSignal,
    call: (limited: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const { clock, attemptMs } = this.#deps;
    const limited = deadline(clock, attemptMs, () => tookTooLong, signal);
    try {
      const work = inConnectorScope(connector, () => call(limited.signal));
      return await rejectAfterGrace(work, limited.signal, clock, answerGraceMs);
    } catch (thrown) {
      throw limited.signal.aborted && thrown === limited.signal.reason ? tookTooLong : thrown;
    } finally {
      limited.clear();
    }
  }
}

/** What was to be changed is not on the platform any more. */
function isGone(attempt: Attempt): boolean {
  if (attempt.kind !== 'made' || attempt.outcome.kind !== 'rejected') return false;
  return attempt.outcome.code === 'message_gone';
}

const nothing: ResolvedUnknown = { kind: 'absent' };

/** A question that has to wait costs no attempt either. */
const askLater: DeliveryOutcome = {
  kind: 'retry',
  code: 'rate_limited',
  scope: 'lane',
  deferral: true,
  detail: 'Whether an earlier attempt arrived can be asked later.',
};

const notSought: DeliveryOutcome = {
  kind: 'retry',
  code: 'transient_network',
  scope: 'lane',
  deferral: false,
  detail: 'The platform could not be asked whether the message that this one changes is there.',
};

const tookTooLong = new AppError('timeout', 'The connector did not answer in time.');
