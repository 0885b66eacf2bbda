import type { GapRecord } from '../../../domain/gap.ts';
import type { InboundEvent } from '../../../domain/inbound-event.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import type { InboundContext } from '../inbound/inbound-context.ts';
import { toEvents } from '../inbound/to-events.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, snowflakeAt, snowflakeTime } from '../snowflake.ts';
import { pageMax, readNewest, readOldest, type Said } from './history.ts';
import type { GapEnd } from './ledger.ts';
import type { Members } from './members.ts';
import { marginMs, type Missed } from './missed-places.ts';
import type { Places } from './places.ts';

export interface GapReadingDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'accept' | 'clock'>;
  readonly rest: Pick<Rest, 'call'>;
  readonly policy: DiscordConfig['catchUp'];
  readonly places: Pick<Places, 'learn'>;
  readonly members: Pick<Members, 'find'>;
  readonly contextOf: (dispatchKey: string) => InboundContext;
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

  constructor(gap: GapRecord, deps: GapReadingDeps) {
    this.#gap = gap;
    this.#deps = deps;
  }

  /** What came of it, up to now. */
  get end(): GapEnd {
    const detail = this.#whys.size === 0 ? {} : { detail: `Left out: ${[...this.#whys].join('; ')}.` };
    return { state: 'read_back', ...this.#count, ...detail };
  }

  /** So much is not read, and why. */
  skip(count: number, why: string): void {
    this.#count.skipped += count;
    this.#whys.add(why);
  }

  /**
   * Reads a place, from where it was left, to its end, or up to the message `until` and without it: of all that
   * the newest, as many as the policy wants. Resolves when they are committed. A message `until` is one that the
   * gateway has told of.
   * @throws AppError `unavailable` when it cannot be asked or stored now; the reason of `signal`.
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
    if (isTooOld && snowflakeTime(oldest) > this.#gap.fromAt) this.#whys.add('messages older than ageMsMax');
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
    const { said, refused } = await (isHeard
      ? readOldest(stretch, deps)
      : readNewest(stretch, policy.perConversationMax, deps));
    const leftCount = isHeard ? 0 : Math.max(0, said.length - policy.perConversationMax);
    const left = said[leftCount - 1];
    if (left) {
      this.skip(leftCount, 'the oldest messages, beyond perConversationMax');
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
    const wanted: InboundEvent[] = [];
    let leftCount = 0;
    for (const read of messages) {
      const events = await this.#toEvents(read, guild, signal);
      if (events) wanted.push(...events);
      else leftCount++;
    }
    if (wanted.length > 0)
      for (const { duplicate } of await this.#deps.host.accept(wanted))
        this.#count[duplicate ? 'duplicates' : 'recovered']++;
    if (leftCount > 0) this.skip(leftCount, 'messages that do not address the bot');
    progress.after = messages.at(-1)?.message.id ?? progress.after;
  }

  /** As the gateway would have told it; undefined where the policy does not want it. */
  async #toEvents(
    { message, raw }: Said,
    guild: Snowflake | undefined,
    signal: AbortSignal,
  ): Promise<readonly InboundEvent[] | undefined> {
    const { policy, places, members, contextOf } = this.#deps;
    const data = { ...raw, ...(guild === undefined ? {} : { guild_id: guild }) };
    await places.learn({ type: 'MESSAGE_CREATE', data }, signal);
    const context = contextOf(`read-back:${message.id}`);
    const [event] = toEvents({ type: 'MESSAGE_CREATE', data }, context).kept;
    if (!event || event.type === 'webhook') return [];
    if (policy.mode !== 'all' && !isAddressed(event)) return undefined;
    if (guild === undefined || !message.author || event.sender.kind !== 'human') return [event];
    const member = await members.find(guild, message.author.id, signal);
    return toEvents({ type: 'MESSAGE_CREATE', data: { ...data, member } }, context).kept;
  }
}

function earlier(left: Snowflake | undefined, right: Snowflake | undefined): Snowflake | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareSnowflakes(left, right) < 0 ? left : right;
}

function isAddressed(event: InboundEvent): boolean {
  if (event.type !== 'message.created') return false;
  return event.direct || event.mentions.self || event.replyTo?.toSelf === true;
}

function refusalOf(status: number): string {
  if (status === 404) return 'is not there any more';
  return status === 403 ? 'we may not read' : `was refused with ${status}`;
}
