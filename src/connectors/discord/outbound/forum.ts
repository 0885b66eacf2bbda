import type { OutboundPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../../../domain/outcome.ts';
import { readChannel } from '../api-read.ts';
import { readMessage } from '../api-read-message.ts';
import type { ApiChannel, Snowflake } from '../api-types.ts';
import { outcomeOf } from '../rest/outcome.ts';
import type { Priority, RestAnswer, RestRequest } from '../rest/request.ts';
import { compareSnowflakes, snowflakeAt } from '../snowflake.ts';
import { fieldsOf, listOf } from '../untrusted.ts';
import type { OutboundDeps } from './deps.ts';
import { characters } from './embed.ts';
import { nonceOf } from './nonce.ts';
import { fetchChannel, stuckOf } from './place.ts';
import type { Rendered } from './render.ts';
import { toCreate, toPost } from './requests.ts';
import { clockSkewMsMax, essence, likenessOf } from './same-message.ts';

export interface ForumMessage {
  readonly part: OutboundPart;
  readonly forum: Snowflake;
  readonly rendered: Rendered;
  readonly priority: Priority;
}

/** https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel */
const nameMax = 100;
const threadsMax = 5_000;
const candidatesMax = 3;

/**
 * The first part of a message opens a post, the others go into it. Discord does not recognise a repeated post
 * by a nonce, so that after an attempt whose outcome is not known it is looked for before another is opened.
 */
export async function sendToForum(
  message: ForumMessage,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const { part, rendered, forum, priority } = message;
  if (part.part > 1) return sendIntoPost(message, deps, signal);
  if (part.attempt > 1 && !part.possibleDuplicate) {
    const found = await findPost(message, deps, signal);
    if (found.kind === 'delivered') return found;
    if (found.kind !== 'absent') return found.kind === 'stuck' ? found.outcome : notLookedUp;
  }
  const answer = await deps.rest.call(toPost(forum, nameOfPost(rendered), rendered, priority), signal);
  const outcome = outcomeOf(answer, 'create');
  if (outcome.kind === 'delivered') remember(part, outcome.platformIds, deps);
  return outcome;
}

const notLookedUp: DeliveryOutcome = {
  kind: 'unknown',
  code: 'answer_lost',
  detail: 'Whether the post is there could not be found out.',
};

async function sendIntoPost(
  { part, rendered, priority }: ForumMessage,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const post = await findPostOf(part, deps);
  if (post === undefined) return postUnknown;
  const nonce = nonceOf(part.key);
  const answer = await deps.rest.call(toCreate({ channel: post, rendered, nonce, priority }), signal);
  const outcome = outcomeOf(answer, 'create');
  const [id] = outcome.kind === 'delivered' ? outcome.platformIds : [];
  if (id !== undefined) deps.memory.noteMessage(nonce, id);
  return outcome;
}

/** Into any other post than its own, it would be said in a conversation that it has nothing to do with. */
const postUnknown: DeliveryOutcome = {
  kind: 'rejected',
  code: 'destination_unavailable',
  detail: 'Nobody knows any more in which post the message began.',
  scope: 'message',
};

/** The post that the first part of a message opened: it has the id of its first message. */
export async function findPostOf(
  { message }: OutboundPart,
  { memory, firstSentOf }: OutboundDeps,
): Promise<Snowflake | undefined> {
  return memory.posts.get(message) ?? firstSentOf(message);
}

/** Looks for a post that an earlier attempt may have opened. */
export async function findPost(
  { part, forum, rendered }: Pick<ForumMessage, 'part' | 'forum' | 'rendered'>,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<ResolvedUnknown | { readonly kind: 'stuck'; readonly outcome: DeliveryOutcome }> {
  if (part.firstAttemptAt === undefined) return { kind: 'unresolved' };
  const posts = await listOwnPosts(forum, deps, signal);
  if (!('list' in posts))
    return posts.outcome.kind === 'retry'
      ? { kind: 'stuck', outcome: posts.outcome }
      : { kind: 'unresolved' };
  const since = snowflakeAt(part.firstAttemptAt - clockSkewMsMax);
  const name = essence([nameOfPost(rendered)]);
  const candidates = posts.list.filter(
    (post) => compareSnowflakes(post.id, since) >= 0 && essence([post.name ?? '']) === name,
  );
  let isUnclear = candidates.length > candidatesMax;
  for (const { id } of candidates.slice(0, candidatesMax)) {
    const answer = await deps.rest.call(toFirstMessage(id), signal);
    const first = answer.kind === 'ok' ? readMessage(answer.body) : undefined;
    if (!first) return { kind: 'unresolved' };
    const likeness = likenessOf(first, rendered, deps.selfId);
    isUnclear ||= likeness === 'unclear';
    if (likeness !== 'same') continue;
    remember(part, [id], deps);
    return { kind: 'delivered', platformIds: [id] };
  }
  return { kind: isUnclear ? 'unresolved' : 'absent' };
}

/** Those that are open, the newest first: one that was just made is. */
async function listOwnPosts(
  forum: Snowflake,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<{ readonly list: readonly ApiChannel[] } | { readonly outcome: DeliveryOutcome }> {
  const channel = await fetchChannel(forum, deps, 'final', signal);
  if (channel.kind === 'stuck') return { outcome: channel.outcome };
  const guild = channel.value.guild_id ?? '';
  const answer: RestAnswer = await deps.rest.call(
    {
      method: 'GET',
      route: '/guilds/{guild}/threads/active',
      params: { guild },
      priority: 'final',
      auth: 'bot',
    },
    signal,
  );
  if (answer.kind !== 'ok') return { outcome: stuckOf(answer) };
  const list = listOf(fieldsOf(answer.body)?.threads, readChannel, threadsMax)
    .filter(({ parent_id: parent, owner_id: owner }) => parent === forum && owner === deps.selfId)
    .toSorted((a, b) => compareSnowflakes(b.id, a.id));
  return { list };
}

function toFirstMessage(post: Snowflake): RestRequest {
  return {
    method: 'GET',
    route: '/channels/{channel}/messages/{message}',
    params: { channel: post, message: post },
    priority: 'final',
    auth: 'bot',
  };
}

function remember(part: OutboundPart, [post]: readonly Snowflake[], { memory }: OutboundDeps): void {
  if (post !== undefined) memory.posts.set(part.message, post);
}

/** What the agent calls it, or the first line that has words in it. */
export function nameOfPost({ extras, content }: Pick<Rendered, 'extras' | 'content'>): string {
  if (extras.threadName !== undefined) return extras.threadName;
  const line = content
    .split('\n')
    .map((raw) => raw.replace(/[*`~|]+/g, '').replace(/^[\s>#_-]+|[\s_]+$/g, ''))
    .find((words) => words !== '');
  const name = line ?? extras.embeds?.[0]?.title ?? 'New post';
  return characters(name) <= nameMax
    ? name
    : `${Array.from(name)
        .slice(0, nameMax - 1)
        .join('')}…`;
}
