import type { ConversationRecord } from '../../../domain/conversation.ts';
import { type Clock, sleep } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import { readMessage } from '../api-read-message.ts';
import type { Snowflake } from '../api-types.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, isSnowflake, snowflakeTime } from '../snowflake.ts';

export interface SilenceCheckDeps {
  readonly rest: Pick<Rest, 'call'>;
  /** The conversations that were heard last, the latest first. */
  readonly listConversations: (limit: number) => Promise<readonly ConversationRecord[]>;
  /** Since when every connection says that it is live, Unix ms; undefined while one does not. */
  readonly liveSince: () => number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A message that is on the platform, and of which the gateway has not told. */
export interface Silence {
  readonly channel: Snowflake;
  /** Absent for a direct message. */
  readonly guild?: Snowflake;
  /** Unix ms: the newest message there of which it has told. */
  readonly since: number;
}

const everyMs = 5 * 60_000;
const conversationsMax = 3;
/** What is younger may still be on its way. */
const graceMs = 30_000;

/**
 * Looks now and then whether the gateway has told of the newest message in the liveliest conversations: a
 * connection can be acknowledged, and deaf (https://github.com/openclaw/openclaw/issues/54682). Resolves with
 * what it found missing; with undefined when `signal` aborts. Of the least importance, and never throws.
 */
export async function watchForSilence(
  deps: SilenceCheckDeps,
  signal: AbortSignal,
): Promise<Silence | undefined> {
  const { clock, log, liveSince, listConversations } = deps;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    await sleep(clock, everyMs, signal);
    const since = liveSince();
    if (isOver() || since === undefined) continue;
    try {
      for (const conversation of await listConversations(conversationsMax)) {
        const silence = await findSilence(conversation, since, deps, signal);
        if (silence) return silence;
      }
    } catch (error) {
      if (!isOver()) log.warn('gateway.silence_unchecked', { error });
    }
  }
  return undefined;
}

async function findSilence(
  { conversation, thread, guild, position, lane }: ConversationRecord,
  liveSince: number,
  { rest, clock, listConversations }: SilenceCheckDeps,
  signal: AbortSignal,
): Promise<Silence | undefined> {
  const channel = thread ?? conversation;
  if (!isSnowflake(channel) || !isSnowflake(position)) return undefined;
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
  if (saidAt < liveSince + graceMs || clock.now() - saidAt < graceMs) return undefined;
  // It may have been told of while we asked.
  const now = (await listConversations(conversationsMax)).find((record) => record.lane === lane);
  if (now && compareSnowflakes(newest.id, now.position) <= 0) return undefined;
  const id = guild?.split(':').at(-1);
  return { channel, since: snowflakeTime(position), ...(id === undefined ? {} : { guild: id }) };
}
