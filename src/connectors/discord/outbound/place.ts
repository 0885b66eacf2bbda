import type { Address } from '../../../domain/address.ts';
import type { DeliveryOutcome } from '../../../domain/outcome.ts';
import { channelTypes } from '../api-constants.ts';
import { readChannel } from '../api-read.ts';
import type { ApiChannel, Snowflake } from '../api-types.ts';
import { directRecipientOf } from '../identity.ts';
import { outcomeOf } from '../rest/outcome.ts';
import type { Priority, RestAnswer } from '../rest/request.ts';
import { isSnowflake } from '../snowflake.ts';
import type { OutboundDeps } from './deps.ts';

export type Found<Value> =
  | { readonly kind: 'found'; readonly value: Value }
  /** It is not known, and what that means for the part: nothing was sent of it. */
  | { readonly kind: 'stuck'; readonly outcome: DeliveryOutcome };

/** The channel that an address stands for: its thread, its channel, or the direct messages with a user. */
export async function findChannel(
  { conversation, thread }: Address,
  deps: OutboundDeps,
  priority: Priority,
  signal: AbortSignal,
): Promise<Found<Snowflake>> {
  const recipient = thread === undefined ? directRecipientOf(conversation) : undefined;
  if (recipient !== undefined) return openDirect(recipient, deps, priority, signal);
  const channel = thread ?? conversation;
  if (isSnowflake(channel)) return { kind: 'found', value: channel };
  const detail = 'The conversation is not one of Discord: write the id of a channel, or user:<id>.';
  return {
    kind: 'stuck',
    outcome: { kind: 'rejected', code: 'destination_unavailable', detail, scope: 'lane' },
  };
}

/** Twice opens the same channel. */
async function openDirect(
  user: Snowflake,
  deps: OutboundDeps,
  priority: Priority,
  signal: AbortSignal,
): Promise<Found<Snowflake>> {
  const known = deps.memory.directChannels.get(user);
  if (known !== undefined) return { kind: 'found', value: known };
  const answer = await deps.rest.call(
    {
      method: 'POST',
      route: '/users/@me/channels',
      params: {},
      json: { recipient_id: user },
      priority,
      auth: 'bot',
    },
    signal,
  );
  const channel = channelIn(answer);
  if (!channel) return { kind: 'stuck', outcome: stuckOf(answer) };
  deps.memory.directChannels.set(user, channel.id);
  deps.memory.channelTypes.set(channel.id, channel.type);
  return { kind: 'found', value: channel.id };
}

/** Whether messages there must be posts of their own. Asks the platform when nobody has told. */
export async function findIsForum(
  channel: Snowflake,
  deps: OutboundDeps,
  priority: Priority,
  signal: AbortSignal,
): Promise<Found<boolean>> {
  const known = knownType(channel, deps);
  if (known !== undefined) return { kind: 'found', value: isForumType(known) };
  const found = await fetchChannel(channel, deps, priority, signal);
  return found.kind === 'found' ? { kind: 'found', value: isForumType(found.value.type) } : found;
}

export function knownType(channel: Snowflake, { channelTypeOf, memory }: OutboundDeps): number | undefined {
  return channelTypeOf(channel) ?? memory.channelTypes.get(channel);
}

export function isForumType(type: number | undefined): boolean {
  return type === channelTypes.forum || type === channelTypes.media;
}

export async function fetchChannel(
  channel: Snowflake,
  deps: OutboundDeps,
  priority: Priority,
  signal: AbortSignal,
): Promise<Found<ApiChannel>> {
  const answer = await deps.rest.call(
    { method: 'GET', route: '/channels/{channel}', params: { channel }, priority, auth: 'bot' },
    signal,
  );
  const found = channelIn(answer);
  if (!found) return { kind: 'stuck', outcome: stuckOf(answer) };
  deps.memory.channelTypes.set(found.id, found.type);
  return { kind: 'found', value: found };
}

function channelIn(answer: RestAnswer): ApiChannel | undefined {
  return answer.kind === 'ok' ? readChannel(answer.body) : undefined;
}

/** What a question that was not answered means for the part: it can be asked again, whatever came of it. */
export function stuckOf(answer: RestAnswer): DeliveryOutcome {
  const outcome = outcomeOf(answer, 'edit');
  if (outcome.kind === 'retry' || outcome.kind === 'rejected') return outcome;
  const detail = 'Discord answered something that is not what was asked for.';
  return { kind: 'retry', code: 'platform_error', scope: 'lane', deferral: false, detail };
}
