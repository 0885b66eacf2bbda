import { type Clock, sleep } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { AcceptedEvent } from '../../connector.ts';
import type { GatewayDispatch, ResumePoint } from '../gateway/contract.ts';
import type { Receiver } from './receiver.ts';
import { isOwnFault, type SetAside } from './set-aside.ts';
import { untilStored } from './until-stored.ts';

export interface IntakeDeps {
  readonly receiver: Pick<Receiver, 'take'>;
  readonly setAside: Pick<SetAside, 'stored' | 'failed' | 'isProven' | 'put'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const triesMax = 3;
const retryMs = 500;
/** More than can wait in a full queue. */
const behindMax = 1_000;

interface Behind {
  readonly dispatch: GatewayDispatch;
  readonly sessionId: string;
}

/**
 * Sees to it that what cannot be taken for a fault of its own holds up nothing else: otherwise the gateway would
 * repeat it after every resume, without end. As long as nothing else can be taken either, the fault is not its own.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  /** What has come behind what is being taken, in order. */
  #behind: Behind[] = [];

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /** A dispatch has come that is going to be taken later. */
  expect(dispatch: GatewayDispatch, sessionId: string): void {
    if (this.#behind.length < behindMax) this.#behind.push({ dispatch, sessionId });
  }

  /**
   * Resolves when the batch is committed with its cursor, but for what had to be set aside. Waits for a store
   * that cannot take it now. Rejects with any other trouble that is not surely of single dispatches, and the
   * cursor stays.
   */
  async take(
    batch: readonly GatewayDispatch[],
    point: ResumePoint,
    cursor: () => string,
  ): Promise<readonly AcceptedEvent[]> {
    const { clock, log, signal, setAside } = this.#deps;
    const seqs = new Set(batch.map(({ seq }) => seq));
    this.#behind = this.#behind.filter(
      ({ dispatch, sessionId }) => sessionId !== point.sessionId || !seqs.has(dispatch.seq),
    );
    for (let tries = 1; tries <= triesMax; tries++) {
      try {
        return await this.#take(batch, point, cursor);
      } catch (error) {
        this.#requireOwnFault(error);
        for (const dispatch of batch) setAside.failed(keyOf(dispatch, point));
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
    for (const { dispatch, error } of failed) await this.#putAside(dispatch, point, error);
    await this.#take([], point, cursor);
    return accepted;
  }

  async #putAside(dispatch: GatewayDispatch, point: ResumePoint, error: unknown): Promise<void> {
    const { setAside } = this.#deps;
    const key = keyOf(dispatch, point);
    for (const other of [...this.#behind]) {
      if (setAside.isProven(key)) break;
      if (other.sessionId === point.sessionId) await this.#try(other.dispatch, point);
    }
    await untilStored(() => setAside.put(key, dispatch, error), this.#deps);
  }

  /** It comes again in its turn, and is known by then. */
  async #try(dispatch: GatewayDispatch, point: ResumePoint): Promise<void> {
    try {
      await this.#take([dispatch], point);
    } catch (error) {
      this.#requireOwnFault(error);
    }
  }

  async #take(
    batch: readonly GatewayDispatch[],
    point: ResumePoint,
    cursor?: () => string,
  ): Promise<readonly AcceptedEvent[]> {
    const { receiver, setAside } = this.#deps;
    const accepted = await untilStored(() => receiver.take(batch, point, cursor), this.#deps);
    setAside.stored(accepted);
    return accepted;
  }

  #requireOwnFault(error: unknown): void {
    if (this.#deps.signal.aborted || !isOwnFault(error)) throw error;
  }
}

/** The same when the session is resumed and tells it again. */
function keyOf({ seq }: GatewayDispatch, { sessionId }: ResumePoint): string {
  return `${sessionId} ${seq}`;
}
