import type { GapRecord } from '../../../domain/gap.ts';
import type { InboundEvent } from '../../../domain/inbound-event.ts';
import type { ConnectorHost } from '../../connector.ts';
import { readMessage } from '../api-read-message.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import type { InboundContext } from '../inbound/inbound-context.ts';
import { toEvents } from '../inbound/to-events.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, snowflakeAt, snowflakeTime } from '../snowflake.ts';
import { ask, type Patience } from './ask.ts';
import type { GapEnd } from './ledger.ts';
import type { Members } from './members.ts';
import type { Missed } from './missed-places.ts';
import type { Places } from './places.ts';

export interface GapReadingDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'accept' | 'clock'>;
  readonly rest: Pick<Rest, 'call'>;
  readonly policy: DiscordConfig['catchUp'];
  readonly places: Pick<Places, 'learn'>;
  readonly members: Pick<Members, 'find'>;
  readonly contextOf: (dispatchKey: string) => InboundContext;
}

/** https://docs.discord.com/developers/resources/message#get-channel-messages */
const pageMax = 100;
const patience: Patience = { triesMax: 8, waitMsMin: 1_000, waitMsMax: 60_000 };

/** How far one place has been read. */
interface Progress {
  after: Snowflake;
  messages: number;
  isOver: boolean;
  /** One reader after the other. */
  turn: Promise<void>;
}

interface Read {
  readonly message: ApiMessage;
  readonly raw: object;
}

interface Page {
  /** Oldest first. */
  readonly messages: readonly Read[];
  readonly isLast: boolean;
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
   * Reads a place, from where it was left, to its end, or up to the message `until` and without it. Resolves
   * when all of that is committed.
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
      messages: 0,
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
    const { perConversationMax } = this.#deps.policy;
    while (!progress.isOver) {
      if (until !== undefined && compareSnowflakes(progress.after, until) >= 0) return;
      const page = await this.#readPage(place, progress, signal);
      if (!page) return;
      const messages = page.messages.filter(
        ({ message }) => until === undefined || compareSnowflakes(message.id, until) < 0,
      );
      const wanted = messages.slice(0, perConversationMax - progress.messages);
      await this.#accept(wanted, place, signal);
      progress.messages += wanted.length;
      progress.after = wanted.at(-1)?.message.id ?? progress.after;
      if (wanted.length < messages.length) {
        this.skip(messages.length - wanted.length, 'messages beyond perConversationMax');
        progress.isOver = true;
      } else if (messages.length < page.messages.length || page.isLast) return;
    }
  }

  /** Undefined when the platform does not let us read there. */
  async #readPage({ channel }: Missed, progress: Progress, signal: AbortSignal): Promise<Page | undefined> {
    const { rest, host } = this.#deps;
    const told = await ask(
      {
        method: 'GET',
        route: '/channels/{channel}/messages',
        params: { channel },
        query: { after: progress.after, limit: String(pageMax) },
        priority: 'background',
        auth: 'bot',
      },
      patience,
      { rest, clock: host.clock },
      signal,
    );
    if (told.kind === 'told') return toPage(told.body, progress.after);
    this.skip(1, `a conversation that ${refusalOf(told.status)}`);
    progress.isOver = true;
    return undefined;
  }

  async #accept(messages: readonly Read[], { guild }: Missed, signal: AbortSignal): Promise<void> {
    const wanted: InboundEvent[] = [];
    for (const read of messages) {
      const events = await this.#toEvents(read, guild, signal);
      wanted.push(...events);
    }
    if (wanted.length === 0) return;
    for (const { duplicate } of await this.#deps.host.accept(wanted))
      this.#count[duplicate ? 'duplicates' : 'recovered']++;
  }

  /** As the gateway would have told it, where the policy wants it. */
  async #toEvents(
    { message, raw }: Read,
    guild: Snowflake | undefined,
    signal: AbortSignal,
  ): Promise<readonly InboundEvent[]> {
    const { policy, places, members, contextOf } = this.#deps;
    const data = { ...raw, ...(guild === undefined ? {} : { guild_id: guild }) };
    await places.learn({ type: 'MESSAGE_CREATE', data }, signal);
    const context = contextOf(`read-back:${message.id}`);
    const [event] = toEvents({ type: 'MESSAGE_CREATE', data }, context).kept;
    if (!event || event.type === 'webhook') return [];
    if (policy.mode !== 'all' && !isAddressed(event)) {
      this.skip(1, 'messages that do not address the bot');
      return [];
    }
    if (guild === undefined || !message.author || event.sender.kind !== 'human') return [event];
    const member = await members.find(guild, message.author.id, signal);
    return toEvents({ type: 'MESSAGE_CREATE', data: { ...data, member } }, context).kept;
  }
}

/** A page is the last when it is not full, whether or not everything in it can be read. */
function toPage(body: unknown, after: Snowflake): Page {
  const list: readonly unknown[] = Array.isArray(body) ? body : [];
  const messages = list
    .flatMap((raw) => {
      const message = readMessage(raw);
      return message && compareSnowflakes(message.id, after) > 0 ? [{ message, raw: raw as object }] : [];
    })
    .toSorted((left, right) => compareSnowflakes(left.message.id, right.message.id));
  // A page that brings nothing new would be asked for without end.
  return { messages, isLast: list.length < pageMax || messages.length === 0 };
}

function isAddressed(event: InboundEvent): boolean {
  if (event.type !== 'message.created') return false;
  return event.direct || event.mentions.self || event.replyTo?.toSelf === true;
}

function refusalOf(status: number): string {
  if (status === 404) return 'is not there any more';
  return status === 403 ? 'we may not read' : `was refused with ${status}`;
}
