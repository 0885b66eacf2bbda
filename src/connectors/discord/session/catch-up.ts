import { AppError } from '../../../domain/errors.ts';
import type { GapRecord } from '../../../domain/gap.ts';
import type { InboundEvent } from '../../../domain/inbound-event.ts';
import { sleep } from '../../../lib/clock.ts';
import type { ConnectorHost } from '../../connector.ts';
import { readMessage } from '../api-read-message.ts';
import type { Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import { toEvents } from '../inbound/to-events.ts';
import type { InboundContext } from '../inbound/inbound-context.ts';
import type { RestAnswer } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, snowflakeAt, snowflakeTime } from '../snowflake.ts';
import type { GapEnd } from './ledger.ts';

/** A place to read back from. */
export interface Missed {
  readonly channel: Snowflake;
  readonly guild?: Snowflake;
  /** The newest message that was surely seen before the gap, where one is known. */
  readonly after?: Snowflake;
}

export interface CatchUpDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'accept' | 'clock' | 'log'>;
  readonly rest: Rest;
  readonly policy: DiscordConfig['catchUp'];
  readonly contextOf: (dispatchKey: string) => InboundContext;
}

/** https://docs.discord.com/developers/resources/message#get-channel-messages */
const pageMax = 100;
const triesMax = 8;
const waitMs = 2_000;
const waitMsMax = 60_000;
/** Clocks differ, and the last commit may be older than what was heard: what was seen twice is recognised. */
const marginMs = 5 * 60_000;

interface Count {
  recovered: number;
  duplicates: number;
  skipped: number;
  readonly whys: Set<string>;
}

/**
 * Reads back what was said during a gap, place by place, through the same inbox. Rate-limited like everything
 * else, and of the least importance. @throws AppError `unavailable`, or the signal's reason: the gap stays open.
 */
export async function catchUp(
  gap: GapRecord,
  places: readonly Missed[],
  deps: CatchUpDeps,
  signal: AbortSignal,
): Promise<GapEnd> {
  const { policy, host } = deps;
  const count: Count = { recovered: 0, duplicates: 0, skipped: 0, whys: new Set() };
  if (policy.mode === 'off')
    return { ...ended(count), state: 'skipped', detail: 'Reading back is switched off.' };
  for (const place of places.slice(0, policy.conversationsMax))
    await readPlace(place, gap, deps, count, signal);
  const left = places.length - policy.conversationsMax;
  if (left > 0) {
    count.skipped += left;
    count.whys.add(`${left} conversations beyond conversationsMax`);
  }
  host.log.info('gap.read_back', { gap: gap.id, places: places.length, ...ended(count) });
  return {
    ...ended(count),
    state: 'read_back',
    ...(count.whys.size === 0 ? {} : { detail: `Left out: ${[...count.whys].join('; ')}.` }),
  };
}

async function readPlace(
  place: Missed,
  gap: GapRecord,
  deps: CatchUpDeps,
  count: Count,
  signal: AbortSignal,
): Promise<void> {
  const { policy, host } = deps;
  const since = snowflakeAt(gap.fromAt - marginMs);
  const oldest = snowflakeAt(host.clock.now() - policy.ageMsMax);
  let after = place.after !== undefined && compareSnowflakes(place.after, since) < 0 ? place.after : since;
  if (compareSnowflakes(after, oldest) < 0) {
    if (snowflakeTime(oldest) > gap.fromAt) count.whys.add('messages older than ageMsMax');
    after = oldest;
  }
  for (let read = 0; ;) {
    const page = await readPage(place, after, deps, signal);
    if ('refused' in page) {
      count.skipped++;
      count.whys.add(`a conversation that ${page.refused}`);
      return;
    }
    const { messages } = page;
    if (messages.length === 0) return;
    const room = policy.perConversationMax - read;
    await accept(messages.slice(0, room), place, deps, count);
    read += messages.length;
    if (read >= policy.perConversationMax && (messages.length > room || messages.length === pageMax)) {
      count.skipped += Math.max(1, messages.length - room);
      count.whys.add('messages beyond perConversationMax');
      return;
    }
    if (messages.length < pageMax) return;
    after = messages.at(-1)?.id ?? after;
  }
}

interface Read {
  readonly id: Snowflake;
  readonly raw: unknown;
}

type ReadPage =
  | { readonly messages: readonly Read[] }
  /** The platform does not let us: why. */
  | { readonly refused: string };

/** Oldest first. */
async function readPage(
  { channel }: Missed,
  after: Snowflake,
  { rest, host }: CatchUpDeps,
  signal: AbortSignal,
): Promise<ReadPage> {
  for (let tries = 1; tries <= triesMax; tries++) {
    signal.throwIfAborted();
    const answer = await rest.call(
      {
        method: 'GET',
        route: '/channels/{channel}/messages',
        params: { channel },
        query: { after, limit: String(pageMax) },
        priority: 'background',
        auth: 'bot',
      },
      signal,
    );
    if (answer.kind === 'ok') return { messages: sortPage(answer.body) };
    if (answer.kind === 'refused' && answer.status === 401) break;
    if (answer.kind === 'refused' && answer.status < 500) return { refused: refusalOf(answer.status) };
    await sleep(host.clock, waitOf(answer), signal);
  }
  signal.throwIfAborted();
  throw new AppError('unavailable', 'Discord did not let the gap be read back.');
}

function sortPage(body: unknown): readonly Read[] {
  const list = Array.isArray(body) ? body : [];
  return list
    .flatMap((raw: unknown) => {
      const message = readMessage(raw);
      return message ? [{ id: message.id, raw }] : [];
    })
    .toSorted((left, right) => compareSnowflakes(left.id, right.id));
}

async function accept(
  messages: readonly Read[],
  { guild }: Missed,
  { host, policy, contextOf }: CatchUpDeps,
  count: Count,
): Promise<void> {
  const events = messages.flatMap(({ id, raw }) => {
    const data = { ...(raw as object), ...(guild === undefined ? {} : { guild_id: guild }) };
    return toEvents({ type: 'MESSAGE_CREATE', data }, contextOf(`read-back:${id}`)).kept;
  });
  const wanted = policy.mode === 'all' ? events : events.filter(isAddressed);
  if (wanted.length < events.length) {
    count.skipped += events.length - wanted.length;
    count.whys.add('messages that do not address the bot');
  }
  if (wanted.length === 0) return;
  for (const { duplicate } of await host.accept(wanted)) count[duplicate ? 'duplicates' : 'recovered']++;
}

function isAddressed(event: InboundEvent): boolean {
  if (event.type !== 'message.created') return false;
  return event.direct || event.mentions.self || event.replyTo?.toSelf === true;
}

function refusalOf(status: number): string {
  if (status === 404) return 'is not there any more';
  return status === 403 ? 'we may not read' : `was refused with ${status}`;
}

function waitOf(answer: RestAnswer): number {
  return Math.min(answer.kind === 'wait' ? Math.max(answer.afterMs, 100) : waitMs, waitMsMax);
}

function ended({
  recovered,
  duplicates,
  skipped,
}: Count): Pick<GapEnd, 'recovered' | 'duplicates' | 'skipped'> {
  return { recovered, duplicates, skipped };
}
