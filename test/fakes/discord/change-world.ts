import type { Channel, Guild, Overwrite, Role, User } from './entities.ts';
import { channelWire, memberWire, roleWire } from './wire.ts';
import type { World } from './world.ts';

/** What an administrator changes, and what bots then hear of it. */

export function changeOverwrites(world: World, channel: Channel, overwrites: readonly Overwrite[]): void {
  channel.overwrites = overwrites;
  world.publish({ type: 'CHANNEL_UPDATE', channel, data: () => channelWire(channel) });
}

export function changeRole(world: World, guild: Guild, role: Role, permissions: bigint): void {
  role.permissions = permissions;
  world.publish({
    type: 'GUILD_ROLE_UPDATE',
    guild,
    data: () => ({ guild_id: guild.id, role: roleWire(role) }),
  });
}

/** A member's roles as they are from now on. */
export function changeMember(world: World, guild: Guild, user: User, roles: readonly Role[]): void {
  const member = guild.members.get(user.id)!;
  member.roles.clear();
  for (const { id } of roles) member.roles.add(id);
  world.publish({
    type: 'GUILD_MEMBER_UPDATE',
    guild,
    about: user,
    data: () => ({ ...memberWire(member), guild_id: guild.id }),
  });
}
