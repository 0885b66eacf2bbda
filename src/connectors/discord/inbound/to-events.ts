import type { InboundEvent } from '../../../domain/inbound-event.ts';
import { isDirectoryDispatch } from './directory.ts';
import type { Dispatch, Inbound, InboundContext } from './inbound-context.ts';
import { toInteraction } from './interaction-events.ts';
import { toGuildMembership, toThreadMemberships } from './membership-events.ts';
import { toMessageCreated, toMessageEdited, toMessagesDeleted } from './message-events.ts';
import { toReaction } from './reaction-events.ts';

/**
 * What a dispatch means for the inbox. Pure, and never throws, whatever is sent. A message that was read over
 * REST passes as `MESSAGE_CREATE` when `guild_id`, and `member` if it is known, are added to it.
 *
 * Feed it through the directory first: a thread is only known for one by what was said of it before.
 */
export function toEvents({ type, data }: Dispatch, context: InboundContext): Inbound {
  switch (type) {
    case 'MESSAGE_CREATE':
      return one(type, toMessageCreated(data, context));
    case 'MESSAGE_UPDATE':
      return one(type, toMessageEdited(data, context));
    case 'MESSAGE_DELETE':
    case 'MESSAGE_DELETE_BULK':
      return many(type, toMessagesDeleted(data, context));
    case 'MESSAGE_REACTION_ADD':
      return one(type, toReaction(data, 'added', context));
    case 'MESSAGE_REACTION_REMOVE':
      return one(type, toReaction(data, 'removed', context));
    case 'MESSAGE_REACTION_REMOVE_EMOJI':
      return one(type, toReaction(data, 'emoji_removed', context));
    case 'MESSAGE_REACTION_REMOVE_ALL':
      return one(type, toReaction(data, 'all_removed', context));
    case 'GUILD_MEMBER_ADD':
      return one(type, toGuildMembership(data, 'joined', context));
    case 'GUILD_MEMBER_REMOVE':
      return one(type, toGuildMembership(data, 'left', context));
    case 'THREAD_MEMBERS_UPDATE':
      return many(type, toThreadMemberships(data, context));
    case 'INTERACTION_CREATE':
      return toInteraction(data, context) ?? { kept: [], unknown: meaningless(type) };
    default:
      return isDirectoryDispatch(type) ? { kept: [] } : { kept: [], unknown: nameOf(type) };
  }
}

function one(type: string, event: InboundEvent | undefined): Inbound {
  return many(type, event ? [event] : []);
}

function many(type: string, kept: readonly InboundEvent[]): Inbound {
  return kept.length > 0 ? { kept } : { kept, unknown: meaningless(type) };
}

/** Of a known type: an update that changes nothing a person wrote, or a payload of another form. */
function meaningless(type: string): string {
  return `${type} (nothing to keep)`;
}

/** The platform's name, if it looks like one. */
function nameOf(type: string): string {
  return /^[A-Z][A-Z_]{0,63}$/.test(type) ? type : 'OTHER';
}
