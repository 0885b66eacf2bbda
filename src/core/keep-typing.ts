import type { ConnectorSession } from '../connectors/connector.ts';
import type { Address } from '../domain/address.ts';
import { type Clock, deadline, sleep } from '../lib/clock.ts';
import { inConnectorScope } from './connector-scope.ts';

export interface KeepTypingDeps {
  readonly clock: Clock;
  readonly findSession: () => ConnectorSession | undefined;
  /** How often it is asked for again: platforms end it by themselves soon after. */
  readonly everyMs: number;
  /** Without progress for so long it is not shown any more. */
  readonly idleMsMax: number;
  /** However long the turn takes, it ends after this. */
  readonly longestMs: number;
}

export interface Typing {
  /** There is more of the answer than before. */
  readonly progressed: () => void;
  readonly stop: () => void;
}

/** Shows that an answer is being written, until it is stopped. A courtesy: nothing fails of it. */
export function keepTyping(
  address: Address,
  { clock, findSession, everyMs, idleMsMax, longestMs }: KeepTypingDeps,
): Typing {
  let progressedAt = clock.monotonic();
  const stopped = new AbortController();
  const limit = deadline(clock, longestMs, () => 'It is shown for long enough.', stopped.signal);
  const show = async (): Promise<void> => {
    await inConnectorScope(address.connector, () => findSession()?.typing?.(address, limit.signal));
  };
  const run = async (): Promise<void> => {
    while (!limit.signal.aborted) {
      if (clock.monotonic() - progressedAt < idleMsMax) await show().catch(() => undefined);
      await sleep(clock, everyMs, limit.signal);
    }
  };
  void run().finally(limit.clear);
  return {
    progressed: () => (progressedAt = clock.monotonic()),
    stop: () => stopped.abort(),
  };
}
