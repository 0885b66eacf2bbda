import type { ConversationRecord } from '../../../domain/conversation.ts';
import type { GapRecord } from '../../../domain/gap.ts';
import { sleep } from '../../../lib/clock.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { DiscordConfig } from '../config.ts';
import type { Directory } from '../inbound/directory.ts';
import type { InboundContext } from '../inbound/inbound-context.ts';
import type { Rest } from '../rest/rest.ts';
import { catchUp } from './catch-up.ts';
import type { GapLedger } from './ledger.ts';
import { missedPlaces } from './missed-places.ts';

export interface ReadBackDeps {
  readonly host: ConnectorHost<DiscordConfig>;
  readonly rest: Rest;
  readonly directory: Directory;
  readonly ledger: GapLedger;
  readonly contextOf: (dispatchKey: string) => InboundContext;
  readonly signal: AbortSignal;
}

/** The servers of a new session are told of one by one after READY; most of them within this. */
const settleMs = 2_000;
const retryMs = 30_000;

/** Settles gaps that nobody replays, from the history of the platform. One after the other, in the background. */
export class ReadBack {
  readonly #deps: ReadBackDeps;
  /** How far each conversation had been heard when the platform was last lost: what comes in later moves that on. */
  #heard: readonly ConversationRecord[] = [];
  #queue: Promise<void> = Promise.resolve();

  constructor(deps: ReadBackDeps) {
    this.#deps = deps;
  }

  /** To be called while the platform is not heard. */
  async remember(): Promise<void> {
    const { host } = this.#deps;
    try {
      this.#heard = await host.listConversations(host.config.catchUp.conversationsMax);
    } catch (error) {
      host.log.warn('gap.conversations_unread', { error });
    }
  }

  /** `shard` says whose conversations; a gap of another number of shards is read back in all of them. */
  owe(gap: Promise<GapRecord | undefined>, shard: readonly [number, number]): void {
    const heard = this.#heard;
    this.#queue = this.#queue
      .then(async () => {
        const owed = await gap;
        if (owed) await this.#settle(owed, shard, heard);
      })
      .catch((error: unknown) => this.#deps.host.log.error('gap.failed', { error }));
  }

  async #settle(
    gap: GapRecord,
    shard: readonly [number, number],
    heard: readonly ConversationRecord[],
  ): Promise<void> {
    const { ledger, directory, signal, host } = this.#deps;
    await sleep(host.clock, settleMs, signal);
    const isClosing = (): boolean => signal.aborted;
    while (!isClosing()) {
      try {
        const places = missedPlaces(heard, directory.channels(), gap.fromAt, shard);
        const end = await catchUp(gap, places, { ...this.#deps, policy: host.config.catchUp }, signal);
        await ledger.settle(gap, end);
        return;
      } catch (error) {
        // What is not settled stays open, and the next session owes it.
        if (isClosing()) return;
        host.log.warn('gap.not_read_back', { gap: gap.id, error });
        await sleep(host.clock, retryMs, signal);
      }
    }
  }
}
