import type { GapRecord } from '../../../domain/gap.ts';
import { deadline, rejectOnAbort, sleep } from '../../../lib/clock.ts';
import { AppError } from '../../../domain/errors.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import type { Directory } from '../inbound/directory.ts';
import type { Dispatch, InboundContext } from '../inbound/inbound-context.ts';
import type { Rest } from '../rest/rest.ts';
import { GapReading } from './gap-reading.ts';
import type { GapEnd, GapLedger } from './ledger.ts';
import { Members } from './members.ts';
import {
  byChannel,
  type Heard,
  type Missed,
  missedIn,
  missedInPlace,
  missedPlaces,
  shardOf,
  whereIs,
  type Whereabouts,
} from './missed-places.ts';
import type { Places } from './places.ts';
import { isOwnFault, type SetAside } from './set-aside.ts';

export interface ReadBackDeps {
  readonly host: Pick<
    ConnectorHost<DiscordConfig>,
    'config' | 'clock' | 'log' | 'accept' | 'listConversations'
  >;
  readonly rest: Pick<Rest, 'call'>;
  readonly directory: Directory;
  readonly places: Places;
  readonly ledger: Pick<GapLedger, 'settle'>;
  readonly setAside: SetAside;
  readonly contextOf: (dispatchKey: string) => InboundContext;
  readonly signal: AbortSignal;
}

/** The servers of a new session are told of one by one after READY: so long for each look, and in all. */
const settleMs = 500;
const settleMsMax = 30_000;
/** Between two rounds of one gap; doubles with each. */
const roundMsMin = 30_000;
const roundMsMax = 10 * 60_000;
/** With the waits in between, some three hours: what cannot be read by then is left out, and said so. */
const roundsMax = 25;
/** How long what comes in is held up for what came before it. */
const orderMsMax = 10_000;
/** After that it is not tried for so long: the platform does not answer now. */
const orderPauseMs = 30_000;
const pausesMax = 1_000;
/** Of one place, which the gateway has told of itself: only what is too old is left out. */
const inPlacePolicy = { mode: 'all', perConversationMax: 10_000 } as const;
/** So many are looked through at least for those in which something was missed. */
const lookedThroughMin = 1_000;

/** A gap that has not been settled. */
interface Owed {
  readonly gap: Promise<GapRecord | undefined>;
  readonly shard: readonly [number, number];
  /** All that was missed, when it is a gap of one place. */
  place?: Missed | undefined;
  /** Where what came before the first message has been read. */
  readonly inOrder: Set<Snowflake>;
  /** Where everything has been read. */
  readonly done: Set<Snowflake>;
  /** There are more conversations than were looked through. */
  isCut?: boolean;
  heard?: Promise<ReadonlyMap<Snowflake, Heard>> | undefined;
  reading?: GapReading;
}

/**
 * Settles gaps that nobody replays, from the history of the platform, in the background. What comes in meanwhile
 * waits until what was said before it in the same place has been read.
 */
export class ReadBack {
  readonly #deps: ReadBackDeps;
  readonly #members: Members;
  readonly #owed = new Set<Owed>();
  #queue: Promise<unknown> = Promise.resolve();
  /** Until when, by the clock's monotonic, nothing waits for what was said before: in a place, or anywhere. */
  readonly #pauses = new RecentMap<Snowflake, number>(pausesMax);
  #pausedUntil = -Infinity;
  #failuresInARow = 0;

  constructor(deps: ReadBackDeps) {
    this.#deps = deps;
    this.#members = new Members({ rest: deps.rest, clock: deps.host.clock });
  }

  /**
   * `shard` says whose conversations; a gap of another number of shards is read back in all of them. Nothing is
   * read before `isLive` resolves, unless something comes in. `onOver` is called when it is settled, or cannot be
   * in this session; it must not throw.
   */
  owe(
    gap: Promise<GapRecord | undefined>,
    shard: readonly [number, number],
    isLive: Promise<unknown> = Promise.resolve(),
    onOver: () => void = () => undefined,
  ): void {
    const { host, signal } = this.#deps;
    const owed: Owed = { gap, shard, inOrder: new Set(), done: new Set() };
    this.#owed.add(owed);
    this.#settle(owed, isLive)
      .catch((error: unknown) => {
        // What is not settled stays open, and the next session owes it.
        if (!signal.aborted) host.log.error('gap.failed', { error });
      })
      .finally(() => {
        this.#owed.delete(owed);
        onOver();
      });
  }

  /** Whether something may have been said before this in the same place that has not been read. */
  isBehind(dispatch: Dispatch): boolean {
    return this.#behind(dispatch).length > 0;
  }

  /**
   * Reads what was said before a message in the same place, so that its lane keeps the order in which people
   * wrote. When that takes too long the message goes first: nothing is lost of it, only late.
   */
  async readBefore(dispatch: Dispatch): Promise<void> {
    const behind = this.#behind(dispatch);
    if (behind.length === 0) return;
    const { host, signal } = this.#deps;
    const { message: id, channel } = saidIn(dispatch);
    if (id === undefined || channel === undefined) return;
    const limit = deadline(host.clock, orderMsMax, () => tooLong, signal);
    try {
      for (const owed of behind) {
        await rejectOnAbort(this.#readUntil(owed, channel, id, limit.signal), limit.signal);
        owed.inOrder.add(channel);
      }
      this.#failuresInARow = 0;
    } catch (error) {
      signal.throwIfAborted();
      this.#pause(channel);
      host.log.warn('gap.out_of_order', { channel, error });
    } finally {
      limit.clear();
    }
  }

  /** One place may be slow; two in a row mean that the platform is, and each would hold up all that comes in. */
  #pause(channel: Snowflake): void {
    const until = this.#deps.host.clock.monotonic() + orderPauseMs;
    this.#pauses.set(channel, until);
    this.#failuresInARow++;
    if (this.#failuresInARow > 1) this.#pausedUntil = until;
  }

  #behind(dispatch: Dispatch): readonly Owed[] {
    const { host } = this.#deps;
    if (this.#owed.size === 0) return [];
    const isOff = host.config.catchUp.mode === 'off';
    const { message: id, channel, guild } = saidIn(dispatch);
    if (id === undefined || channel === undefined) return [];
    const until = Math.max(this.#pausedUntil, this.#pauses.get(channel) ?? -Infinity);
    if (host.clock.monotonic() < until) return [];
    return [...this.#owed].filter(({ shard: [index, count], inOrder, place }) => {
      if (inOrder.has(channel)) return false;
      return place ? place.channel === channel : !isOff && shardOf(guild, count) === index;
    });
  }

  async #readUntil(owed: Owed, channel: Snowflake, until: Snowflake, signal: AbortSignal): Promise<void> {
    const gap = await owed.gap;
    if (!gap || owed.done.has(channel)) return;
    const missed = owed.place ?? (await this.#missedIn(owed, gap, channel));
    if (missed?.channel === channel) await this.#readingOf(owed, gap).read(missed, signal, until);
  }

  async #missedIn(owed: Owed, gap: GapRecord, channel: Snowflake): Promise<Missed | undefined> {
    const heard = (await this.#heardOf(owed)).get(channel);
    return missedIn(channel, heard, this.#deps.directory.channel(channel), gap.fromAt);
  }

  async #settle(owed: Owed, isLive: Promise<unknown>): Promise<void> {
    const { signal, host } = this.#deps;
    const gap = await owed.gap;
    if (!gap) return;
    owed.place = missedInPlace(gap);
    await rejectOnAbort(isLive, signal);
    await this.#guildsTold();
    for (let round = 1; ; round++) {
      signal.throwIfAborted();
      try {
        await this.#settleOnce(owed, gap, round >= roundsMax);
        return;
      } catch (error) {
        signal.throwIfAborted();
        host.log.warn('gap.not_read_back', { gap: gap.id, error });
        const waitMs = Math.min(roundMsMin * 2 ** Math.min(round - 1, 10), roundMsMax);
        await sleep(host.clock, waitMs, signal);
      }
    }
  }

  async #settleOnce(owed: Owed, gap: GapRecord, isLast: boolean): Promise<void> {
    const { host, ledger } = this.#deps;
    if (host.config.catchUp.mode === 'off' && !owed.place) {
      await ledger.settle(gap, switchedOff);
      return;
    }
    await this.#inTurn(() => this.#readAll(owed, gap, isLast));
    const { end } = this.#readingOf(owed, gap);
    await ledger.settle(gap, end);
    // With a detail something was left out.
    host.log[end.detail === undefined ? 'info' : 'warn']('gap.read_back', { gap: gap.id, ...end });
  }

  /** @throws AppError when a place could not be read, unless this is the last time. */
  async #readAll(owed: Owed, gap: GapRecord, isLast: boolean): Promise<void> {
    const { host, signal } = this.#deps;
    const { conversationsMax } = host.config.catchUp;
    const reading = this.#readingOf(owed, gap);
    const places = owed.place ? [owed.place] : await this.#missedPlaces(owed, gap);
    let failure: AppError | undefined;
    for (const place of places.slice(0, conversationsMax)) {
      if (owed.done.has(place.channel)) continue;
      try {
        await reading.read(place, signal);
        owed.done.add(place.channel);
      } catch (error) {
        signal.throwIfAborted();
        // When it is not only this place, the others have to wait too.
        if (failure !== undefined && !isLast) throw error;
        failure = AppError.from(error);
        if (!isLast) continue;
        reading.skip(1, `a conversation that ${whyNot(failure)}`);
        owed.done.add(place.channel);
      }
    }
    if (failure !== undefined && !isLast) throw failure;
    const left = Math.max(0, places.length - conversationsMax);
    if (owed.isCut === true)
      reading.skip(
        Math.max(1, left),
        `${Math.max(1, left)} or more conversations beyond conversationsMax`,
        true,
      );
    else if (left > 0) reading.skip(left, `${left} conversations beyond conversationsMax`);
  }

  async #missedPlaces(owed: Owed, gap: GapRecord): Promise<readonly Missed[]> {
    const heard = await this.#heardOf(owed);
    return missedPlaces(heard, this.#deps.directory.channels(), gap.fromAt, owed.shard);
  }

  #readingOf(owed: Owed, gap: GapRecord): GapReading {
    const { host } = this.#deps;
    owed.reading ??= new GapReading(gap, {
      ...this.#deps,
      members: this.#members,
      policy: { ...host.config.catchUp, ...(owed.place ? inPlacePolicy : {}) },
    });
    return owed.reading;
  }

  #heardOf(owed: Owed): Promise<ReadonlyMap<Snowflake, Heard>> {
    const { host } = this.#deps;
    const max = Math.max(host.config.catchUp.conversationsMax, lookedThroughMin);
    owed.heard ??= host
      .listConversations(max + 1)
      .then((records) => {
        owed.isCut = records.length > max;
        return byChannel(records.slice(0, max));
      })
      .catch((error: unknown) => {
        owed.heard = undefined;
        throw error;
      });
    return owed.heard;
  }

  async #guildsTold(): Promise<void> {
    const { host, directory, signal } = this.#deps;
    for (let waited = 0; waited < settleMsMax && !signal.aborted; waited += settleMs) {
      await sleep(host.clock, settleMs, signal);
      if (!directory.isAwaitingGuilds) return;
    }
  }

  /** One gap at a time, so that they do not take the budget from each other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

const switchedOff: GapEnd = {
  state: 'skipped',
  detail: 'Reading back is switched off.',
  recovered: 0,
  duplicates: 0,
  skipped: 0,
};

const tooLong = new AppError('timeout', 'It took too long to read what was said before.');

/** Nowhere, for what is no message. */
function saidIn(dispatch: Dispatch): Whereabouts {
  return dispatch.type === 'MESSAGE_CREATE' ? whereIs(dispatch) : {};
}

function whyNot(failure: AppError): string {
  return isOwnFault(failure) ? 'could not be stored, for a fault of Palyra' : 'Discord did not let be read';
}
