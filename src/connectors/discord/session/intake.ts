import { AppError, type ErrorCode } from '../../../domain/errors.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { AcceptedEvent } from '../../connector.ts';
import type { GatewayDispatch, ResumePoint } from '../gateway/contract.ts';
import type { Receiver } from './receiver.ts';
import { untilStored } from './until-stored.ts';

export interface IntakeDeps {
  readonly receiver: Pick<Receiver, 'take'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const triesMax = 3;
const retryMs = 500;
/** There are only so many names. */
const namesMax = 200;

/** What comes of the thing itself, and will again: not of the store, the vault or the claim. */
const ownFault: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'invalid_request',
  'conflict',
  'too_large',
  'unsupported',
]);

/**
 * Sees to it that what cannot be taken for a fault of its own holds up nothing else: otherwise the gateway would
 * repeat it after every resume, without end.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #setAside = new Map<string, number>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /** How many dispatches could not be taken, by their names. */
  get setAside(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#setAside);
  }

  /**
   * Resolves when the batch is committed with its cursor, but for what had to be set aside. Waits for a store
   * that cannot take it now. Rejects with any other trouble that is not of the batch, and the cursor stays.
   */
  async take(
    batch: readonly GatewayDispatch[],
    point: ResumePoint,
    cursor: () => string,
  ): Promise<readonly AcceptedEvent[]> {
    const { clock, log, signal } = this.#deps;
    for (let tries = 1; tries <= triesMax; tries++) {
      try {
        return await this.#take(batch, point, cursor);
      } catch (error) {
        this.#requireOwnFault(error);
        log.warn('gateway.not_taken', { error, tries });
        await sleep(clock, retryMs, signal);
        signal.throwIfAborted();
      }
    }
    return this.#takeEach(batch, point, cursor);
  }

  async #takeEach(
    batch: readonly GatewayDispatch[],
    point: ResumePoint,
    cursor: () => string,
  ): Promise<readonly AcceptedEvent[]> {
    const accepted: AcceptedEvent[] = [];
    const failed: { readonly dispatch: GatewayDispatch; readonly error: unknown }[] = [];
    for (const dispatch of batch) {
      try {
        accepted.push(...(await this.#take([dispatch], point)));
      } catch (error) {
        this.#requireOwnFault(error);
        failed.push({ dispatch, error });
      }
    }
    // When this fails too, the fault is not in what was dispatched.
    await this.#take([], point, cursor);
    for (const { dispatch, error } of failed) this.#putAside(dispatch, error);
    return accepted;
  }

  #take(
    batch: readonly GatewayDispatch[],
    point: ResumePoint,
    cursor?: () => string,
  ): Promise<readonly AcceptedEvent[]> {
    return untilStored(() => this.#deps.receiver.take(batch, point, cursor), this.#deps);
  }

  #requireOwnFault(error: unknown): void {
    if (this.#deps.signal.aborted || !ownFault.has(AppError.from(error).code)) throw error;
  }

  #putAside({ type, seq }: GatewayDispatch, error: unknown): void {
    this.#deps.log.error('gateway.dispatch_set_aside', { type, seq, error });
    if (this.#setAside.has(type) || this.#setAside.size < namesMax)
      this.#setAside.set(type, (this.#setAside.get(type) ?? 0) + 1);
  }
}
