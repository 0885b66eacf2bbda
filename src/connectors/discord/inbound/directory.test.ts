import { describe, expect, it } from 'vitest';
import { missingPermissions } from '../permissions.ts';
import { directoryOf, example, now, selfId } from './inbound.fixture.ts';

const guildId = '41771983423143937';
const text = example('channel-text');
const thread = example('channel-thread');
const textId = String(text.id);
const threadId = String(thread.id);

function role(id: string, permissions: string, fields: object = {}): object {
  return { ...example('role'), id, permissions, ...fields };
}

/** A guild with a text channel, a thread, the bot's own role, and the bot among its members. */
function guild(fields: object = {}): object {
  return {
    ...example('guild'),
    id: guildId,
    roles: [role(guildId, '3072'), role('7', '32768', { managed: true, tags: { bot_id: selfId } })],
    channels: [{ ...text, guild_id: undefined }],
    threads: [{ ...thread, guild_id: undefined }],
    members: [
      { user: { id: '5', username: 'ada' }, roles: [] },
      { user: { id: selfId, bot: true }, roles: ['7'] },
    ],
    ...fields,
  };
}

describe('the directory', () => {
  it('learns channels, threads and roles from what a guild is said to be', () => {
    const directory = directoryOf(['GUILD_CREATE', guild()]);

    expect(directory.channel(textId)).toMatchObject({ name: 'general', guild_id: guildId });
    expect(directory.channel(threadId)).toMatchObject({ parent_id: textId, guild_id: guildId });
    expect(directory.guild(guildId)).toMatchObject({
      name: 'Discord Testers',
      owner_id: '73193882359173120',
      self: { roles: ['7'] },
    });
    expect(directory.selfRoles(guildId)).toEqual(['7']);
  });

  it('follows what changes', () => {
    const directory = directoryOf(
      ['GUILD_CREATE', guild()],
      ['GUILD_UPDATE', { id: guildId, name: 'Renamed', roles: [] }],
      ['CHANNEL_UPDATE', { ...text, name: 'lobby' }],
      ['THREAD_UPDATE', { ...thread, thread_metadata: { archived: true, locked: true } }],
      ['GUILD_ROLE_CREATE', { guild_id: guildId, role: role('8', '8') }],
      ['GUILD_ROLE_UPDATE', { guild_id: guildId, role: role('7', '0', { name: 'Renamed' }) }],
      ['GUILD_MEMBER_UPDATE', { guild_id: guildId, user: { id: selfId }, roles: ['7', '8'], nick: 'Bot' }],
      ['GUILD_MEMBER_UPDATE', { guild_id: guildId, user: { id: '5' }, roles: ['9'] }],
    );

    expect(directory.channel(textId)?.name).toBe('lobby');
    expect(directory.channel(threadId)?.thread_metadata).toEqual({ archived: true, locked: true });
    expect(directory.guild(guildId)).toMatchObject({
      name: 'Renamed',
      self: { nick: 'Bot', roles: ['7', '8'] },
    });
    expect(directory.guild(guildId)?.roles.map(({ id }) => id)).toEqual([guildId, '8', '7']);
    expect(directory.selfRoles(guildId)).toEqual([]);
  });

  it('forgets what is taken away', () => {
    const directory = directoryOf(
      ['GUILD_CREATE', guild()],
      ['GUILD_ROLE_DELETE', { guild_id: guildId, role_id: '7' }],
      ['THREAD_DELETE', { id: threadId, guild_id: guildId, parent_id: textId, type: 11 }],
    );

    expect(directory.selfRoles(guildId)).toEqual([]);
    expect(directory.channel(threadId)).toBeUndefined();
    directory.apply({ type: 'CHANNEL_DELETE', data: text });
    expect(directory.channel(textId)).toBeUndefined();
  });

  it('keeps a guild through an outage, and forgets one that we are no longer in', () => {
    const directory = directoryOf(['GUILD_CREATE', guild()], ['CHANNEL_CREATE', example('channel-dm')]);

    directory.apply({ type: 'GUILD_DELETE', data: { id: guildId, unavailable: true } });
    directory.apply({ type: 'GUILD_CREATE', data: { ...example('guild-unavailable') } });
    expect(directory.guild(guildId)).toBeDefined();

    directory.apply({ type: 'GUILD_DELETE', data: { id: guildId } });
    expect(directory.guild(guildId)).toBeUndefined();
    expect([directory.channel(textId), directory.channel(threadId)]).toEqual([undefined, undefined]);
    expect(directory.channel('319674150115610528')).toBeDefined();
  });

  it('learns the threads of a channel that it comes to see', () => {
    const directory = directoryOf([
      'THREAD_LIST_SYNC',
      {
        guild_id: guildId,
        channel_ids: [textId],
        threads: [{ ...thread, guild_id: undefined }],
        members: [],
      },
    ]);

    expect(directory.channel(threadId)).toMatchObject({ parent_id: textId, guild_id: guildId });
  });

  it('takes the account that the session is of for its own', () => {
    const user = { id: '900000000000000009', username: 'bot', bot: true };
    const directory = directoryOf(
      ['READY', { user, session_id: 's', resume_gateway_url: 'wss://a.example', guilds: [] }],
      ['GUILD_CREATE', guild({ roles: [role('7', '0', { tags: { bot_id: user.id } })] })],
    );

    expect(directory.selfRoles(guildId)).toEqual(['7']);
  });

  it('learns from REST what it was not told', () => {
    const directory = directoryOf();

    expect(directory.learnChannel(thread)).toBe(true);
    expect(directory.learnChannel({ message: 'Unknown Channel' })).toBe(false);
    directory.learnRoles(guildId, [role('7', '0', { tags: { bot_id: selfId } }), null]);

    expect(directory.channel(threadId)?.parent_id).toBe(textId);
    expect(directory.selfRoles(guildId)).toEqual(['7']);
  });
});

describe('a new session', () => {
  const ready = (...ids: readonly string[]): readonly [string, object] => [
    'READY',
    {
      user: { id: selfId, username: 'bot', bot: true },
      session_id: 's',
      resume_gateway_url: 'wss://gateway.example',
      guilds: ids.map((id) => ({ id, unavailable: true })),
    },
  ];
  const told: readonly [string, object] = [
    'GUILD_CREATE',
    guild({ channels: [{ ...text, last_message_id: '99' }] }),
  ];

  it('makes forgotten what was said last in the channels of its guilds, until it tells', () => {
    const after = directoryOf(told, ready(guildId));
    const toldAgain = directoryOf(told, ready(guildId), told);

    expect(after.channel(textId)).toMatchObject({ id: textId, name: text.name });
    expect(after.channel(textId)).not.toHaveProperty('last_message_id');
    expect(toldAgain.channel(textId)).toMatchObject({ last_message_id: '99' });
  });

  it('leaves the guilds of other connections as they are', () => {
    expect(directoryOf(told, ready('5')).channel(textId)).toMatchObject({ last_message_id: '99' });
  });

  it.each([
    ['are all told of', [told], false],
    ['are not all told of', [], true],
    ['are in an outage', [['GUILD_CREATE', { id: guildId, unavailable: true }] as const], true],
    ['are not ours any more', [['GUILD_DELETE', { id: guildId }] as const], false],
  ])('is looked at whether its guilds %s', (_what, after, isAwaiting) => {
    expect(directoryOf(ready(guildId), ...after).isAwaitingGuilds).toBe(isAwaiting);
  });
});

describe('what is missing', () => {
  const message = { channel_id: textId, guild_id: guildId, mention_roles: [] };

  it.each([
    ['the channel of a message', 'MESSAGE_CREATE', message, { channel: textId }],
    [
      'the roles, when one is mentioned',
      'MESSAGE_CREATE',
      { ...message, mention_roles: ['7'] },
      { channel: textId, guild: guildId },
    ],
    [
      'the thread whose members change',
      'THREAD_MEMBERS_UPDATE',
      { id: threadId, guild_id: guildId },
      { channel: threadId },
    ],
    ['nothing for a direct message', 'MESSAGE_CREATE', { ...message, guild_id: undefined }, {}],
    ['nothing where the channel comes along', 'INTERACTION_CREATE', { ...message, channel: text }, {}],
    ['nothing for a member of a guild', 'GUILD_MEMBER_ADD', { guild_id: guildId }, {}],
    ['nothing for what tells of the channel itself', 'CHANNEL_UPDATE', text, {}],
    ['nothing for what is no object', 'MESSAGE_CREATE', null, {}],
  ])('is %s', (_what, type, data, missing) => {
    expect(directoryOf().missing({ type, data })).toEqual(missing);
  });

  it('is nothing once all was told', () => {
    const directory = directoryOf(['GUILD_CREATE', guild()]);

    expect(directory.missing({ type: 'MESSAGE_CREATE', data: { ...message, mention_roles: ['7'] } })).toEqual(
      {},
    );
  });
});

describe('what we may do', () => {
  it('follows from our roles and the overwrites of the channel, in a thread from those of its parent', () => {
    const overwrites = [{ id: guildId, type: 0, allow: '274877906944', deny: '2048' }];
    const directory = directoryOf([
      'GUILD_CREATE',
      guild({ channels: [{ ...text, permission_overwrites: overwrites }] }),
    ]);

    const inText = directory.selfPermissions(textId, now) ?? 0n;
    const inThread = directory.selfPermissions(threadId, now) ?? 0n;

    expect(missingPermissions(inText, ['VIEW_CHANNEL', 'SEND_MESSAGES', 'ATTACH_FILES'])).toEqual([
      'SEND_MESSAGES',
      'ATTACH_FILES',
    ]);
    expect(missingPermissions(inThread, ['SEND_MESSAGES_IN_THREADS', 'ATTACH_FILES'])).toEqual([]);
  });

  it('is little while we are timed out', () => {
    const self = (until: string): object => ({
      user: { id: selfId },
      roles: ['7'],
      communication_disabled_until: until,
    });
    const later = directoryOf(['GUILD_CREATE', guild({ members: [self('2100-01-01T00:00:00Z')] })]);
    const before = directoryOf(['GUILD_CREATE', guild({ members: [self('2020-01-01T00:00:00Z')] })]);

    expect(later.selfPermissions(textId, now)).toBe(1n << 10n);
    expect(before.selfPermissions(textId, now)).toBe((1n << 10n) | (1n << 11n) | (1n << 15n));
  });

  it.each([
    ['the channel', ['GUILD_CREATE', guild({ channels: [], threads: [] })] as const],
    ['its overwrites', ['GUILD_CREATE', guild({ channels: [{ id: textId, type: 0 }] })] as const],
    ['our roles', ['GUILD_CREATE', guild({ members: [] })] as const],
    ['the guild', ['CHANNEL_CREATE', text] as const],
  ])('is not known as long as %s is not', (_what, told) => {
    expect(directoryOf(told).selfPermissions(textId, now)).toBeUndefined();
  });
});
