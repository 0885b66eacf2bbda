import type { InboundReaction, Sender } from '../../../domain/inbound-event.ts';
import { readReaction } from '../api-read-message.ts';
import type { ApiEmoji, ApiReaction } from '../api-types.ts';
import type { InboundContext } from './inbound-context.ts';
import { placeAt } from './place.ts';
import { senderOfUser, unknownSender } from './sender.ts';

/** Stands for every emoji, when all the reactions to a message are taken away at once. */
const everyEmoji = '*';

/** What the dispatches tell of: a person's reaction, or a moderator's taking away of one emoji, or of all. */
export type ReactionChange = 'added' | 'removed' | 'emoji_removed' | 'all_removed';

/**
 * Undefined when it is no such change. A reaction has no id, so what happens twice is told apart by the
 * dispatch. Which moderator it was is not told.
 */
export function toReaction(
  data: unknown,
  change: ReactionChange,
  context: InboundContext,
): InboundReaction | undefined {
  const reaction = readReaction(data);
  const isByPerson = change === 'added' || change === 'removed';
  if (!reaction || (isByPerson && reaction.user_id === undefined)) return undefined;
  const emoji = change === 'all_removed' ? everyEmoji : reaction.emoji && emojiText(reaction.emoji);
  if (emoji === undefined) return undefined;
  const { channel_id: channel, guild_id: guild, message_id: message } = reaction;
  const op = change === 'added' ? 'added' : 'removed';
  const who = isByPerson ? reaction.user_id : 'all';
  return {
    type: `reaction.${op}`,
    ...placeAt({ channel, guild, message }, context),
    dedupeKey: `reaction:${op}:${message}:${who}:${emoji}:${context.dispatchKey}`,
    occurredAt: context.now,
    sender: isByPerson ? senderOfReaction(reaction, context) : unknownSender,
    emoji,
  };
}

/** As it is written in a request for a reaction: the character itself, or `name:id`. */
export function emojiText({ id, name }: ApiEmoji): string | undefined {
  return id === null ? name : `${name ?? '_'}:${id}`;
}

function senderOfReaction({ user_id: id, member }: ApiReaction, context: InboundContext): Sender {
  if (id === undefined) return unknownSender;
  // The member is whoever reacted; it is only told of additions in guilds.
  const user = member?.user?.id === id ? member.user : { id };
  return senderOfUser(user, member, context);
}
