import { AppError } from '../../../domain/errors.ts';
import type { UncertainPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../../../domain/outcome.ts';
import { readMessage } from '../api-read-message.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import { interactionLifeMs } from '../inbound/interaction-ticket.ts';
import { compareSnowflakes, snowflakeAt } from '../snowflake.ts';
import { listOf } from '../untrusted.ts';
import type { OutboundDeps } from './deps.ts';
import { findPost, findPostOf } from './forum.ts';
import { nonceOf } from './nonce.ts';
import { findChannel, findIsForum, stuckOf } from './place.ts';
import { type Rendered, renderMessage } from './render.ts';
import { clockSkewMsMax, likenessOf } from './same-message.ts';

const pageSize = 100;
const pagesMax = 10;

/**
 * Whether a new message of an earlier attempt is there: by its nonce, where the gateway or an answer has told
 * it, else by reading back what we have written there since the first attempt. A channel of which nothing can
 * be read proves nothing: without permission Discord answers with an empty list.
 * @throws AppError `rate_limited` or `unavailable` when the platform cannot be asked now; and what the token's
 *   source throws.
 */
export async function resolveUnknown(
  part: UncertainPart,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<ResolvedUnknown> {
  const { operation, address, key } = part;
  if (operation.op !== 'send') return { kind: 'unresolved' };
  const known = deps.memory.findMessage(nonceOf(key));
  if (known !== undefined) return { kind: 'delivered', platformIds: [known] };
  const rendered = renderMessage(operation, { mentions: 'none' });
  const place = await findChannel(address, deps, 'final', signal);
  if (place.kind === 'stuck') return unresolvedOf(place.outcome);
  if (address.thread === undefined) {
    const forum = await findIsForum(place.value, deps, 'final', signal);
    if (forum.kind === 'stuck') return unresolvedOf(forum.outcome);
    if (forum.value) return resolveInForum(part, place.value, rendered, deps, signal);
  }
  return readBack(part, place.value, rendered, deps, signal);
}

async function resolveInForum(
  part: UncertainPart,
  forum: Snowflake,
  rendered: Rendered,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<ResolvedUnknown> {
  if (part.part === 1) {
    const found = await findPost({ part, forum, rendered }, deps, signal);
    return found.kind === 'stuck' ? unresolvedOf(found.outcome) : found;
  }
  const post = await findPostOf(part, deps);
  return post === undefined ? { kind: 'unresolved' } : readBack(part, post, rendered, deps, signal);
}

async function readBack(
  part: UncertainPart,
  channel: Snowflake,
  rendered: Rendered,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<ResolvedUnknown> {
  const nonce = nonceOf(part.key);
  const others = deps.memory.othersThan(nonce);
  const since = oldestOf(part);
  let before: Snowflake | undefined;
  let found: ApiMessage | undefined;
  let unclear: ApiMessage | undefined;
  for (let pages = 0; pages < pagesMax; pages++) {
    const page = await readPage(channel, before, deps, signal);
    if (!page) return { kind: 'unresolved' };
    const recent = page.messages.filter(({ id }) => compareSnowflakes(id, since) >= 0);
    const named = recent.find((message) => message.nonce === nonce);
    if (named) return delivered(named);
    const candidates = Map.groupBy(
      recent.filter(({ nonce: other, id }) => other === undefined && !others.has(id)),
      (message) => likenessOf(message, rendered, deps.selfId),
    );
    found ??= await firstUnsent(candidates.get('same'), deps);
    unclear ??= await firstUnsent(candidates.get('unclear'), deps);
    if (recent.length < page.messages.length || page.isLast) {
      if (found) return delivered(found);
      if (unclear) return { kind: 'unresolved' };
      // The very beginning of a channel, or nothing that we may read: an empty list says both.
      return { kind: pages === 0 && page.messages.length === 0 ? 'unresolved' : 'absent' };
    }
    before = page.messages.at(-1)?.id;
  }
  return found ? delivered(found) : { kind: 'unresolved' };
}

/** The oldest id that it may have: what takes the place of "is thinking" has been there since then. */
function oldestOf({ address, firstAttemptAt }: UncertainPart): Snowflake {
  const placeMs = address.handle === undefined ? 0 : interactionLifeMs;
  return snowflakeAt(firstAttemptAt - placeMs - clockSkewMsMax);
}

/** The same words, said twice, are two messages: one that is known to be another's is not this one. */
async function firstUnsent(
  candidates: readonly ApiMessage[] = [],
  { isSent }: OutboundDeps,
): Promise<ApiMessage | undefined> {
  for (const candidate of candidates) if (!(await isSent(candidate.id))) return candidate;
  return undefined;
}

interface MessagesPage {
  readonly messages: readonly ApiMessage[];
  readonly isLast: boolean;
}

/** The newest first. Undefined when the platform will not show it. @throws AppError as `notNow`. */
async function readPage(
  channel: Snowflake,
  before: Snowflake | undefined,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<MessagesPage | undefined> {
  const answer = await deps.rest.call(
    {
      method: 'GET',
      route: '/channels/{channel}/messages',
      params: { channel },
      query: { limit: `${pageSize}`, ...(before === undefined ? {} : { before }) },
      priority: 'final',
      auth: 'bot',
    },
    signal,
  );
  if (answer.kind === 'ok' && Array.isArray(answer.body))
    return { messages: listOf(answer.body, readMessage, pageSize), isLast: answer.body.length < pageSize };
  const outcome = stuckOf(answer);
  if (outcome.kind === 'retry') throw notNow(outcome);
  return undefined;
}

function delivered({ id }: ApiMessage): ResolvedUnknown {
  return { kind: 'delivered', platformIds: [id] };
}

/** @throws AppError as `notNow` when it can be asked again. */
function unresolvedOf(outcome: DeliveryOutcome): ResolvedUnknown {
  if (outcome.kind === 'retry') throw notNow(outcome);
  return { kind: 'unresolved' };
}

function notNow({ code, detail }: Extract<DeliveryOutcome, { kind: 'retry' }>): AppError {
  return new AppError(
    code === 'rate_limited' ? 'rate_limited' : 'unavailable',
    detail ?? 'Discord cannot be asked now.',
  );
}
