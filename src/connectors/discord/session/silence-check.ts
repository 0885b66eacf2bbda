import type { ConversationRecord } from '../../../domain/conversation.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import { readMessage } from '../api-read-message.ts';
import type { Snowflake } from '../api-types.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, isSnowflake, snowflakeTime } from '../snowflake.ts';
import { shardOf } from './missed-places.ts';

export interface SilenceTiming {
  /** How often it is looked. */
  readonly everyMs: number;
  /** What is younger may still be on its way. */
  readonly graceMs: number;
}

export const silenceTiming: SilenceTiming = { everyMs: 5 * 60_000, graceMs: 30_000 };

export interface SilenceCheckDeps {
  readonly rest: Pick<Rest, 'call'>;
  /** The conversations that were heard last, the latest first. */
  readonly listConversations: (limit: number) => Promise<readonly ConversationRecord[]>;
  /** How many connections there are. */
  readonly shards: number;
  /** Since when a connection says that it is live, Unix ms; undefined while it does not. */
  readonly liveSince: (shard: number) => number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timing: SilenceTiming;
}

/** A message that is on the platform, and of which the gateway has not told. */
export interface Silence {
  readonly channel: Snowflake;
  /** The connection that should have told. */
  readonly shard: number;
  /** Unix ms: the newest message there of which it has told. */
  readonly since: number;
}

/** Of each connection. */
const conversationsMax = 3;
/** Among so many, of all connections, the liveliest ones of each are found. */
const lookedThroughMax = 1_000;

/**
 * Looks now and then whether the gateway has told of the newest message in the liveliest conversations of each
 * connection: one can be acknowledged, and deaf (https://github.com/openclaw/openclaw/issues/54682). Resolves with
 * what it found missing; with undefined when `signal` aborts. Of the least importance, and never throws.
 */
export async function watchForSilence(
  deps: SilenceCheckDeps,
  signal: AbortSignal,
): Promise<Silence | undefined> {
  const { clock, log, listConversations, timing } = deps;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    await sleep(clock, timing.everyMs, signal);
    if (isOver()) continue;
    try {
      for (const conversation of liveliest(await listConversations(lookedThroughMax), deps.shards)) {
        const silence = await findSilence(conversation, deps, signal);
        if (silence) return silence;
      }
    } catch (error) {
      if (!isOver()) log.warn('gateway.silence_unchecked', { error });
    }
  }
  return undefined;
}

/** Watches, until `act` has dealt with what was found or `signal` aborts: when it fails, the watch goes on. */
export async function actOnSilence(
  deps: SilenceCheckDeps,
  act: (silence: Silence) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const silence = await watchForSilence(deps, signal);
    if (!silence) return;
    try {
      await act(silence);
      return;
    } catch (error) {
      if (!signal.aborted) deps.log.error('gateway.silence_not_noted', { error, shard: silence.shard });
    }
  }
}

interface Lively extends ConversationRecord {
  readonly shard: number;
}

/** Some of every connection, however much more is said on the others. */
function liveliest(recent: readonly ConversationRecord[], shards: number): readonly Lively[] {
  const taken = new Map<number, number>();
  return recent.flatMap((record) => {
    const shard = shardOf(record.guild?.split(':').at(-1), shards);
    const nth = (taken.get(shard) ?? 0) + 1;
    taken.set(shard, nth);
    return nth <= conversationsMax ? [{ ...record, shard }] : [];
  });
}

async function findSilence(
  { conversation, thread, position, lane, shard }: Lively,
  { rest, clock, listConversations, liveSince, timing: { graceMs } }: SilenceCheckDeps,
  signal: AbortSignal,
): Promise<Silence | undefined> {
  const channel = thread ?? conversation;
  const since = liveSince(shard);
  if (since === undefined || !isSnowflake(channel) || !isSnowflake(position)) return undefined;
  const answer = await rest.call(
    {
      method: 'GET',
      route: '/channels/{channel}/messages',
      params: { channel },
      query: { limit: '1' },
      priority: 'background',
      auth: 'bot',
    },
    signal,
  );
  const newest = answer.kind === 'ok' && Array.isArray(answer.body) ? readMessage(answer.body[0]) : undefined;
  if (!newest || compareSnowflakes(newest.id, position) <= 0) return undefined;
  const saidAt = snowflakeTime(newest.id);
  // What was said before is the ledger's: it may have been left out on purpose, and then stays unheard for good.
  if (saidAt < since + graceMs || clock.now() - saidAt < graceMs) return undefined;
  // It may have been told of while we asked.
  const now = (await listConversations(lookedThroughMax)).find((record) => record.lane === lane);
  if (now && compareSnowflakes(newest.id, now.position) <= 0) return undefined;
  return { channel, shard, since: snowflakeTime(position) };
}
