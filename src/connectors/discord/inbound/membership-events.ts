import type { InboundMembership } from '../../../domain/inbound-event.ts';
import { readMember, readUser } from '../api-read.ts';
import type { ApiMember, ApiUser } from '../api-types.ts';
import { userIdentity } from '../identity.ts';
import { fieldsOf, idOf, listOf } from '../untrusted.ts';
import type { InboundContext } from './inbound-context.ts';
import { type Placed, placeAt, placeInGuild } from './place.ts';
import { senderOfUser } from './sender.ts';

type Change = InboundMembership['change'];

/** One dispatch tells of at most so many: the gateway lists at most 100 at once. */
const membersMax = 1_000;

/** Of a guild. Undefined when it does not say who or where. */
export function toGuildMembership(
  data: unknown,
  change: Change,
  context: InboundContext,
): InboundMembership | undefined {
  const fields = fieldsOf(data);
  const guild = idOf(fields?.guild_id);
  const user = readUser(fields?.user);
  if (guild === undefined || !user) return undefined;
  return toMembership(placeInGuild(guild, context), { change, user, member: readMember(data) }, context);
}

/** Of a thread: all who came, then all who left. */
export function toThreadMemberships(data: unknown, context: InboundContext): InboundMembership[] {
  const fields = fieldsOf(data);
  const thread = idOf(fields?.id);
  if (!fields || thread === undefined) return [];
  const place = placeAt({ channel: thread, guild: idOf(fields.guild_id) }, context);
  const joined = listOf(fields.added_members, readThreadMember, membersMax).map((who) =>
    toMembership(place, { change: 'joined', ...who }, context),
  );
  const left = listOf(fields.removed_member_ids, idOf, membersMax).map((id) =>
    toMembership(place, { change: 'left', user: { id } }, context),
  );
  return [...joined, ...left];
}

interface Who {
  readonly user: ApiUser;
  readonly member?: ApiMember | undefined;
}

function readThreadMember(value: unknown): Who | undefined {
  const fields = fieldsOf(value);
  const id = idOf(fields?.user_id);
  if (id === undefined) return undefined;
  const member = readMember(fields?.member);
  return { user: member?.user?.id === id ? member.user : { id }, member };
}

function toMembership(
  place: Placed,
  { change, user, member }: Who & { readonly change: Change },
  context: InboundContext,
): InboundMembership {
  return {
    type: 'membership',
    ...place,
    dedupeKey: `member:${change}:${place.address.thread ?? place.address.conversation}:${user.id}:${context.dispatchKey}`,
    occurredAt: context.now,
    sender: senderOfUser(user, member, context),
    change,
    member: userIdentity(user.id),
  };
}
