import { AppError } from '../../../domain/errors.ts';
import type { GapRecord } from '../../../domain/gap.ts';
import type { InboundEvent } from '../../../domain/inbound-event.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import type { Dispatch, InboundContext } from '../inbound/inbound-context.ts';
import { toEvents } from '../inbound/to-events.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, snowflakeAt, snowflakeTime } from '../snowflake.ts';
import { pageMax, readNewest, readOldest, type Said } from './history.ts';
import type { GapEnd } from './ledger.ts';
import type { Members } from './members.ts';
import { marginMs, type Missed } from './missed-places.ts';
import type { Places } from './places.ts';
import { isOwnFault, type SetAside } from './set-aside.ts';

export interface GapReadingDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'accept' | 'clock'>;
  readonly rest: Pick<Rest, 'call'>;
  readonly policy: DiscordConfig['catchUp'];
  readonly places: Pick<Places, 'learn'>;
  readonly members: Pick<Members, 'find'>;
  readonly setAside: Pick<SetAside, 'stored' | 'failed' | 'put'>;
  readonly contextOf: (dispatchKey: string) => InboundContext;
}

/** A message that is to be stored, and what it is under the hands of the gateway. */
interface Wanted {
  readonly key: string;
  readonly dispatch: Dispatch;
  readonly events: readonly InboundEvent[];
}

/** How far one place has been read. */
interface Progress {
  after: Snowflake;
  /** Behind it comes only what the gateway tells. */
  isHeard: boolean;
  isOver: boolean;
  /** One reader after the other. */
  turn: Promise<void>;
}

/**
 * Reads back what was said during one gap through the same inbox, place by place and within the policy. What it
 * has read it does not read again.
 */
export class GapReading {
  readonly #gap: GapRecord;
  readonly #deps: GapReadingDeps;
  readonly #progress = new Map<Snowflake, Progress>();
  readonly #count = { recovered: 0, duplicates: 0, skipped: 0 };
  readonly #whys = new Set<string>();
  /** Left out was more than could be counted. */
  #isAtLeast = false;
  readonly #setAside = new Set<string>();

  constructor(gap: GapRecord, deps: GapReadingDeps) {
    this.#gap = gap;
    this.#deps = deps;
  }

  /** What came of it, up to now. */
  get end(): GapEnd {
    const whys = [...this.#whys].join('; ');
    const leftOut =
      this.#isAtLeast && this.#count.skipped > 0 ? `Left out, at least ${this.#count.skipped}` : 'Left out';
    const detail = whys === '' ? {} : { detail: `${leftOut}: ${whys}.` };
    return { state: 'read_back', ...this.#count, ...detail };
  }

  /** So much is not read, or at least so much, and why. */
  skip(count: number, why: string, isAtLeast = false): void {
    this.#count.skipped += count;
    this.#whys.add(why);
    this.#isAtLeast ||= isAtLeast;
  }

  /**
   * Reads a place, from where it was left, to its end, or up to the message `until` and without it: of all that
   * the newest, as many as the policy wants. Resolves when they are committed. A message `until` is one that the
   * gateway has told of.
   * @throws AppError `unavailable` when it cannot be asked or stored now, `unauthenticated`; what a fault of ours
   *   throws, unless it is proven to be one of single messages; the reason of `signal`.
   */
  read(place: Missed, signal: AbortSignal, until?: Snowflake): Promise<void> {
    const progress = this.#progressOf(place);
    const done = progress.turn.then(() => this.#readOn(place, progress, signal, until));
    progress.turn = done.catch(() => undefined);
    return done;
  }

  #progressOf({ channel, after }: Missed): Progress {
    const known = this.#progress.get(channel);
    if (known) return known;
    const { host, policy } = this.#deps;
    const oldest = snowflakeAt(host.clock.now() - policy.ageMsMax);
    const isTooOld = compareSnowflakes(after, oldest) < 0;
    if (isTooOld && snowflakeTime(oldest) > this.#gap.fromAt)
      this.skip(0, 'messages older than ageMsMax', true);
    const begun = {
      after: isTooOld ? oldest : after,
      isHeard: false,
      isOver: false,
      turn: Promise.resolve(),
    };
    this.#progress.set(channel, begun);
    return begun;
  }

  async #readOn(
    place: Missed,
    progress: Progress,
    signal: AbortSignal,
    until: Snowflake | undefined,
  ): Promise<void> {
    if (progress.isOver || (until !== undefined && compareSnowflakes(progress.after, until) >= 0)) return;
    const { policy, rest, host } = this.#deps;
    const { after, isHeard } = progress;
    const stretch = { channel: place.channel, after, before: isHeard ? until : earlier(until, this.#endsAt) };
    const deps = { rest, clock: host.clock, signal };
    const { said, refused, hasHole } = await (isHeard
      ? readOldest(stretch, deps)
      : readNewest(stretch, policy.perConversationMax, deps));
    const leftCount = isHeard ? 0 : Math.max(0, said.length - policy.perConversationMax);
    const left = said[leftCount - 1];
    if (left) {
      this.skip(leftCount, 'the oldest messages, beyond perConversationMax', hasHole);
      progress.after = left.message.id;
    }
    for (let from = leftCount; from < said.length; from += pageMax)
      await this.#accept(said.slice(from, from + pageMax), place, progress, signal);
    if (until !== undefined) progress.isHeard = true;
    if (refused === undefined) return;
    this.skip(1, `a conversation that ${refusalOf(refused)}`);
    progress.isOver = true;
  }

  /** When the gap is long over, what was said since then must not count as the newest of it. */
  get #endsAt(): Snowflake | undefined {
    const { toAt } = this.#gap;
    const isLongOver = toAt !== undefined && toAt + marginMs < this.#deps.host.clock.now();
    return isLongOver ? snowflakeAt(toAt + marginMs) : undefined;
  }

  async #accept(
    messages: readonly Said[],
    { guild }: Missed,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const wanted: Wanted[] = [];
    let leftCount = 0;
    for (const read of messages) {
      const data = { ...read.raw, ...(guild === undefined ? {} : { guild_id: guild }) };
      const dispatch = { type: 'MESSAGE_CREATE', data };
      const events = await this.#toEvents(read, dispatch, guild, signal);
      if (!events) leftCount++;
      else if (events.length > 0) wanted.push({ key: read.message.id, dispatch, events });
    }
    if (wanted.length > 0) await this.#storeAll(wanted, signal);
    if (leftCount > 0) this.skip(leftCount, 'messages that do not address the bot');
    progress.after = messages.at(-1)?.message.id ?? progress.after;
  }

  /** When they cannot be stored together, each is by itself, so that one does not take the others with it. */
  async #storeAll(wanted: readonly Wanted[], signal: AbortSignal): Promise<void> {
    const { setAside } = this.#deps;
    try {
      await this.#store(wanted);
      return;
    } catch (error) {
      requireOwnFault(error, signal);
    }
    for (const { key } of wanted) setAside.failed(key);
    const failed: (Wanted & { readonly error: unknown })[] = [];
    for (const one of wanted)
      try {
        await this.#store([one]);
      } catch (error) {
        requireOwnFault(error, signal);
        failed.push({ ...one, error });
      }
    for (const { key, dispatch, error } of failed) {
      await setAside.put(key, dispatch, error);
      if (!this.#setAside.has(key)) this.skip(1, 'messages that could not be stored, for a fault of Palyra');
      this.#setAside.add(key);
    }
  }

  async #store(wanted: readonly Wanted[]): Promise<void> {
    const { host, setAside } = this.#deps;
    const accepted = await host.accept(wanted.flatMap(({ events }) => events));
    setAside.stored(accepted);
    for (const { duplicate } of accepted) this.#count[duplicate ? 'duplicates' : 'recovered']++;
  }

  /** As the gateway would have told it; undefined where the policy does not want it. */
  async #toEvents(
    { message }: Said,
    dispatch: { readonly type: string; readonly data: object },
    guild: Snowflake | undefined,
    signal: AbortSignal,
  ): Promise<readonly InboundEvent[] | undefined> {
    const { policy, places, members, contextOf } = this.#deps;
    if (!(await places.learn(dispatch, signal)))
      throw new AppError('unavailable', 'Discord did not say in which channel a message was written.');
    const context = contextOf(`read-back:${message.id}`);
    const [event] = toEvents(dispatch, context).kept;
    if (!event || event.type === 'webhook') return [];
    if (policy.mode !== 'all' && !isAddressed(event)) return undefined;
    if (guild === undefined || !message.author || event.sender.kind !== 'human') return [event];
    const member = await members.find(guild, message.author.id, signal);
    return toEvents({ ...dispatch, data: { ...dispatch.data, member } }, context).kept;
  }
}

function earlier(left: Snowflake | undefined, right: Snowflake | undefined): Snowflake | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareSnowflakes(left, right) < 0 ? left : right;
}

function requireOwnFault(error: unknown, signal: AbortSignal): void {
  if (signal.aborted || !isOwnFault(error)) throw error;
}

function isAddressed(event: InboundEvent): boolean {
  if (event.type !== 'message.created') return false;
  return event.direct || event.mentions.self || event.replyTo?.toSelf === true;
}

function refusalOf(status: number): string {
  if (status === 404) return 'is not there any more';
  return status === 403 ? 'we may not read' : `was refused with ${status}`;
}
