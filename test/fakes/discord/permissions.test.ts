import { afterEach, describe, expect, it } from 'vitest';
import type { Overwrite } from './entities.ts';
import { permission } from './permissions.ts';
import { closeScene, contents, login, openScene } from './scene.ts';

afterEach(closeScene);

const { viewChannel, sendMessages, administrator, readMessageHistory, addReactions } = permission;

interface Case {
  /** Permissions of @everyone, and of a role that the member has. */
  readonly everyone: bigint;
  readonly role?: bigint;
  /** Allowed and denied for @everyone, the role, the member. */
  readonly overwrites?: Partial<
    Record<'everyone' | 'role' | 'member', readonly [allow: bigint, deny: bigint]>
  >;
  readonly isOwner?: boolean;
  readonly isTimedOut?: boolean;
  readonly expected: bigint | 'all';
}

const both = viewChannel | sendMessages;

const cases: readonly (readonly [string, Case])[] = [
  ['the roles together', { everyone: viewChannel, role: sendMessages, expected: both }],
  ['nothing without a view of the channel', { everyone: sendMessages, expected: 0n }],
  [
    'all for the owner',
    { everyone: 0n, isOwner: true, overwrites: { everyone: [0n, both] }, expected: 'all' },
  ],
  [
    'all for administrators',
    { everyone: 0n, role: administrator, overwrites: { member: [0n, both] }, expected: 'all' },
  ],
  [
    'less where everyone is denied',
    { everyone: both, overwrites: { everyone: [0n, sendMessages] }, expected: viewChannel },
  ],
  [
    'more where a role is allowed in spite of everyone',
    {
      everyone: both,
      role: 0n,
      overwrites: { everyone: [0n, sendMessages], role: [sendMessages, 0n] },
      expected: both,
    },
  ],
  [
    'what the member is told in spite of the role',
    {
      everyone: both,
      role: 0n,
      overwrites: { role: [sendMessages, 0n], member: [0n, sendMessages] },
      expected: viewChannel,
    },
  ],
  [
    'no role that the member does not have',
    { everyone: viewChannel, overwrites: { role: [sendMessages, 0n] }, expected: viewChannel },
  ],
  [
    'what one role allows though another denies it',
    {
      everyone: both,
      role: 0n,
      overwrites: { role: [sendMessages, sendMessages] },
      expected: both,
    },
  ],
  [
    'only reading in a time-out',
    {
      everyone: both | readMessageHistory | addReactions,
      isTimedOut: true,
      expected: viewChannel | readMessageHistory,
    },
  ],
];

describe('permissions are', () => {
  it.each(cases)('%s', async (_name, given) => {
    const { fake, user } = await openScene();
    const guild = fake.addGuild({ everyone: given.everyone, ...(given.isOwner ? { owner: user } : {}) });
    const role = fake.addRole(guild, { permissions: given.role ?? 0n });
    const member = fake.addMember(guild, user, given.role === undefined ? [] : [role]);
    if (given.isTimedOut) member.timedOutUntil = fake.world.now() + 1;
    const ids = { everyone: guild.id, role: role.id, member: user.id };
    const overwrites = Object.entries(given.overwrites ?? {}).map(([who, [allow, deny]]): Overwrite => ({
      id: ids[who as keyof typeof ids],
      type: who === 'member' ? 1 : 0,
      allow,
      deny,
    }));

    const result = fake.world.permissionsIn(fake.addChannel(guild, { overwrites }), user.id);

    expect(result).toBe(given.expected === 'all' ? (1n << 52n) - 1n : given.expected);
  });

  it('those of the parent in a thread', async () => {
    const { fake, guild, user } = await openScene();
    fake.addMember(guild, user);
    const parent = fake.addChannel(guild);
    const thread = fake.openThread({ parent, name: 'x', owner: user });

    fake.changeOverwrites(parent, [{ id: guild.id, type: 0, allow: 0n, deny: viewChannel }]);

    expect(fake.world.permissionsIn(thread, user.id)).toBe(0n);
  });
});

describe('a change of permissions', () => {
  it('is told, and decides at once what is heard', async () => {
    const { fake, guild, channel, user } = await openScene();
    const gateway = await login(fake);
    const role = fake.addRole(guild);
    const overwrites = [{ id: guild.id, type: 0 as const, allow: 0n, deny: viewChannel }];

    fake.changeOverwrites(channel, [...overwrites, { id: role.id, type: 0, allow: viewChannel, deny: 0n }]);
    fake.say({ channel, author: user, content: 'unheard' });
    fake.changeMember(guild, fake.bot.user, [role]);
    fake.changeRole(guild, role, sendMessages);
    fake.say({ channel, author: user, content: 'heard' });

    await gateway.until(() => contents(gateway).length > 0);
    expect(contents(gateway)).toEqual(['heard']);
    expect(gateway.dispatches('GUILD_MEMBER_UPDATE')[0]?.d).toMatchObject({ roles: [role.id] });
    expect(gateway.dispatches('GUILD_ROLE_UPDATE')[0]?.d).toMatchObject({ role: { id: role.id } });
  });

  it('takes a bot out of the guild, and another into it', async () => {
    const { fake, guild } = await openScene();
    const gateway = await login(fake);
    const elsewhere = fake.addGuild({ bots: [] });

    fake.inviteBot(elsewhere, fake.bot);
    fake.removeMember(guild, fake.bot.user);

    expect((await gateway.first('GUILD_DELETE')).d).toEqual({ id: guild.id });
    expect(gateway.dispatches('GUILD_CREATE').map(({ d }) => (d as { id: string }).id)).toContain(
      elsewhere.id,
    );
  });
});
