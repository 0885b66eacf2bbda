import type { Address } from '../../../domain/address.ts';
import { isSnowflake } from '../snowflake.ts';
import type { OutboundDeps } from './deps.ts';
import type { Fence } from '../../../lib/split-text.ts';
import { nextDiscordFence } from './fences.ts';
import { findChannel, isForumType, knownType } from './place.ts';
import { contentMax, renderMessage } from './render.ts';
import { toEdit, toTyping } from './requests.ts';

/** Shows for ten seconds that something is being written, if there is budget for it now. */
export async function showTyping(address: Address, deps: OutboundDeps, signal: AbortSignal): Promise<void> {
  const place = await findChannel(address, deps, 'typing', signal);
  if (place.kind === 'found' && !isForumType(knownType(place.value, deps)))
    await deps.rest.call(toTyping(place.value), signal);
}

/**
 * Brings a message that is still being written to a newer revision, if there is budget for it now. A code
 * block that is still open is closed for as long as it shows.
 */
export async function reviseMessage(
  address: Address,
  text: string,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<void> {
  const { message } = address;
  if (message === undefined || !isSnowflake(message) || text.trim() === '') return;
  const place = await findChannel(address, deps, 'edit', signal);
  if (place.kind === 'stuck') return;
  const channel = isForumType(knownType(place.value, deps)) ? message : place.value;
  const rendered = renderMessage({ text: closeFence(text) }, { mentions: 'none' });
  await deps.rest.call(toEdit(channel, message, rendered, 'edit'), signal);
}

function closeFence(text: string): string {
  const open = text.split('\n').reduce<Fence | undefined>(nextDiscordFence, undefined);
  const closed = open ? `${text}\n${open.marker}` : text;
  return closed.length <= contentMax ? closed : text;
}
