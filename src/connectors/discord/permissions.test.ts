import { PermissionFlagsBits } from 'discord-api-types/v10';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { channelTypes } from './api-constants.ts';
import type { ApiOverwrite, ApiRole } from './api-types.ts';
import { inviteUrl, permissionsFor } from './invite-url.ts';
import {
  effectivePermissions,
  missingPermissions,
  type PermissionFacts,
  type PermissionName,
  permissionBits,
  sendPermission,
} from './permissions.ts';

const guild = { id: '100', owner_id: '1' };
const names = Object.keys(permissionBits) as PermissionName[];
const everything = sum(names);

function sum(of: readonly PermissionName[]): bigint {
  return of.reduce((bits, name) => bits | permissionBits[name], 0n);
}

function role(id: string, ...granted: PermissionName[]): ApiRole {
  return { id, permissions: sum(granted).toString() };
}

function overwrite(
  id: string,
  type: 0 | 1,
  allow: readonly PermissionName[],
  deny: readonly PermissionName[] = [],
): ApiOverwrite {
  return { id, type, allow: sum(allow).toString(), deny: sum(deny).toString() };
}

/** A member with the roles 200 and 300 in a text channel, who may look and talk. */
function facts(fields: Partial<PermissionFacts> = {}): PermissionFacts {
  return {
    guild,
    roles: [role('100', 'VIEW_CHANNEL', 'SEND_MESSAGES'), role('200'), role('300')],
    member: { id: '2', roles: ['200', '300'] },
    channelType: channelTypes.text,
    overwrites: [],
    ...fields,
  };
}

it('has the bits that an independent list of them has', () => {
  const known = Object.entries(PermissionFlagsBits).map(([name, bit]) => [name.toLowerCase(), bit] as const);
  const byName = new Map<string, bigint>(known);

  const ours = names.map((name) => [name, byName.get(name.toLowerCase().replaceAll('_', ''))]);

  expect(Object.fromEntries(ours)).toEqual(permissionBits);
});

const channel = channelTypes;
const cases: readonly [string, Partial<PermissionFacts>, readonly PermissionName[]][] = [
  ['what @everyone may', {}, ['VIEW_CHANNEL', 'SEND_MESSAGES']],
  [
    'what a role of the member adds',
    { roles: [role('100', 'VIEW_CHANNEL'), role('200', 'ATTACH_FILES', 'SEND_MESSAGES')] },
    ['VIEW_CHANNEL', 'SEND_MESSAGES', 'ATTACH_FILES'],
  ],
  [
    'nothing of a role that others have',
    { roles: [role('100', 'VIEW_CHANNEL'), role('900', 'MANAGE_GUILD')] },
    ['VIEW_CHANNEL'],
  ],
  ['everything for the owner', { member: { id: '1', roles: [] } }, names],
  [
    'everything for an administrator, whatever is overwritten or timed out',
    {
      roles: [role('100'), role('200', 'ADMINISTRATOR')],
      member: { id: '2', roles: ['200'], isTimedOut: true },
      overwrites: [overwrite('2', 1, [], ['VIEW_CHANNEL'])],
    },
    names,
  ],
  [
    'not what the channel denies to @everyone',
    { overwrites: [overwrite('100', 0, [], ['SEND_MESSAGES'])] },
    ['VIEW_CHANNEL'],
  ],
  [
    'what a role is allowed though @everyone is denied it',
    {
      overwrites: [overwrite('200', 0, ['SEND_MESSAGES']), overwrite('100', 0, [], ['SEND_MESSAGES'])],
    },
    ['VIEW_CHANNEL', 'SEND_MESSAGES'],
  ],
  [
    'what one role is allowed though another of the same member is denied it, in any order',
    {
      overwrites: [overwrite('200', 0, ['SEND_MESSAGES']), overwrite('300', 0, [], ['SEND_MESSAGES'])],
    },
    ['VIEW_CHANNEL', 'SEND_MESSAGES'],
  ],
  [
    'not what the member is denied though a role is allowed it',
    {
      overwrites: [overwrite('2', 1, [], ['SEND_MESSAGES']), overwrite('200', 0, ['SEND_MESSAGES'])],
    },
    ['VIEW_CHANNEL'],
  ],
  [
    'what the member is allowed though a role is denied it',
    {
      overwrites: [overwrite('2', 1, ['SEND_MESSAGES']), overwrite('200', 0, [], ['SEND_MESSAGES'])],
    },
    ['VIEW_CHANNEL', 'SEND_MESSAGES'],
  ],
  [
    'nothing from an overwrite for a member whose id is that of a role, or the reverse',
    { overwrites: [overwrite('200', 1, ['MANAGE_MESSAGES']), overwrite('2', 0, ['MANAGE_MESSAGES'])] },
    ['VIEW_CHANNEL', 'SEND_MESSAGES'],
  ],
  [
    'nothing where the channel cannot be seen',
    { overwrites: [overwrite('100', 0, ['SEND_MESSAGES', 'ATTACH_FILES'], ['VIEW_CHANNEL'])] },
    [],
  ],
  [
    'no files, embeds, @everyone or speech where nothing can be sent',
    {
      roles: [
        role(
          '100',
          'VIEW_CHANNEL',
          'ATTACH_FILES',
          'EMBED_LINKS',
          'MENTION_EVERYONE',
          'SEND_TTS_MESSAGES',
          'READ_MESSAGE_HISTORY',
        ),
      ],
    },
    ['VIEW_CHANNEL', 'READ_MESSAGE_HISTORY'],
  ],
  [
    'sending in a thread by its own permission',
    {
      channelType: channel.publicThread,
      roles: [role('100', 'VIEW_CHANNEL', 'SEND_MESSAGES_IN_THREADS', 'ATTACH_FILES')],
    },
    ['VIEW_CHANNEL', 'SEND_MESSAGES_IN_THREADS', 'ATTACH_FILES'],
  ],
  [
    'no sending in a thread by the permission for its channel',
    {
      channelType: channel.privateThread,
      roles: [role('100', 'VIEW_CHANNEL', 'SEND_MESSAGES', 'ATTACH_FILES')],
    },
    ['VIEW_CHANNEL'],
  ],
  [
    'looking and reading for who is timed out',
    {
      roles: [role('100', 'VIEW_CHANNEL', 'SEND_MESSAGES', 'READ_MESSAGE_HISTORY', 'ADD_REACTIONS')],
      member: { id: '2', roles: [], isTimedOut: true },
    },
    ['VIEW_CHANNEL', 'READ_MESSAGE_HISTORY'],
  ],
  [
    'no managing of a voice channel that cannot be joined',
    {
      channelType: channel.voice,
      roles: [role('100', 'VIEW_CHANNEL', 'SEND_MESSAGES', 'MANAGE_CHANNELS', 'SPEAK')],
    },
    ['VIEW_CHANNEL', 'SEND_MESSAGES'],
  ],
  [
    'speaking in one that can',
    { channelType: channel.voice, roles: [role('100', 'VIEW_CHANNEL', 'CONNECT', 'SPEAK')] },
    ['VIEW_CHANNEL', 'CONNECT', 'SPEAK'],
  ],
  [
    'nothing from what is no number',
    { roles: [{ id: '100', permissions: '-1' }], overwrites: [{ id: '100', type: 0, allow: 'x', deny: '' }] },
    [],
  ],
];

it.each(cases)('grants %s', (_what, given, granted) => {
  const permissions = effectivePermissions(facts(given));

  expect(missingPermissions(permissions, names)).toEqual(names.filter((name) => !granted.includes(name)));
});

it('leaves an owner no sending in a thread but that of threads', () => {
  const permissions = effectivePermissions(
    facts({ member: { id: '1', roles: [] }, channelType: channel.publicThread }),
  );

  expect(permissions).toBe(everything & ~permissionBits.SEND_MESSAGES);
  expect(missingPermissions(permissions, [sendPermission(channel.publicThread)])).toEqual([]);
});

const plain: readonly PermissionName[] = [
  'ADD_REACTIONS',
  'READ_MESSAGE_HISTORY',
  'MANAGE_MESSAGES',
  'PIN_MESSAGES',
];
/** Few of them, so that they meet; and seldom an administrator, for whom nothing is worth looking up. */
const bits = fc
  .tuple(fc.subarray<PermissionName>(['VIEW_CHANNEL', 'SEND_MESSAGES', ...plain]), fc.nat(20))
  .map(([of, chance]) => sum(chance === 0 ? [...of, 'ADMINISTRATOR'] : of).toString());
const anyFacts: fc.Arbitrary<PermissionFacts> = fc.record({
  guild: fc.constant(guild),
  roles: fc.uniqueArray(fc.record({ id: fc.constantFrom('100', '200', '300', '400'), permissions: bits }), {
    selector: ({ id }) => id,
  }),
  member: fc.record({
    id: fc.constantFrom('1', '2', '2', '2', '3'),
    roles: fc.subarray(['200', '300', '400']),
    isTimedOut: fc.boolean(),
  }),
  channelType: fc.constantFrom(...Object.values(channelTypes)),
  overwrites: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('100', '200', '300', '1', '2', '3'),
      type: fc.constantFrom(0 as const, 1 as const),
      allow: bits,
      deny: bits,
    }),
    { selector: ({ id, type }) => `${id}/${type}` },
  ),
});

/** One permission at a time, from the most particular word on it to the most general: the table read backwards. */
function mayByLookingUp(name: PermissionName, given: PermissionFacts): boolean {
  const bit = permissionBits[name];
  const includes = (text: string): boolean => (BigInt(text) & bit) !== 0n;
  const roleIds = new Set(given.member.roles);
  const levels = [
    given.overwrites.filter((o) => o.type === 1 && o.id === given.member.id),
    given.overwrites.filter((o) => o.type === 0 && roleIds.has(o.id)),
    given.overwrites.filter((o) => o.type === 0 && o.id === guild.id),
  ];
  for (const level of levels) {
    if (level.some((o) => includes(o.allow))) return true;
    if (level.some((o) => includes(o.deny))) return false;
  }
  return given.roles.some((r) => (r.id === guild.id || roleIds.has(r.id)) && includes(r.permissions));
}

it('agrees with the documented order read one permission at a time', () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const permissions = effectivePermissions(given);

      const isAll =
        given.member.id === guild.owner_id ||
        given.roles.some(
          (r) =>
            (r.id === guild.id || given.member.roles.includes(r.id)) &&
            (BigInt(r.permissions) & permissionBits.ADMINISTRATOR) !== 0n,
        );
      const visible = isAll || mayByLookingUp('VIEW_CHANNEL', given);
      for (const name of plain) {
        const kept = given.member.isTimedOut !== true || name === 'READ_MESSAGE_HISTORY';
        const may = isAll || (visible && kept && mayByLookingUp(name, given));
        expect((permissions & permissionBits[name]) !== 0n).toBe(may);
      }
      expect((permissions & permissionBits.VIEW_CHANNEL) !== 0n).toBe(visible);
    }),
    { numRuns: 2_000 },
  );
});

it('never allows more than somebody granted, and nothing outside the list', () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const permissions = effectivePermissions(given);

      expect(permissions & ~everything).toBe(0n);
      expect(permissions === 0n || (permissions & permissionBits.VIEW_CHANNEL) !== 0n).toBe(true);
    }),
  );
});

it('invites with exactly the permissions of the features, and the scope for commands', () => {
  const url = new URL(
    inviteUrl('775799577604522054', ['chat', 'files', 'embeds', 'reactions', 'threads', 'commands']),
  );

  expect(url.origin + url.pathname).toBe('https://discord.com/oauth2/authorize');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: '775799577604522054',
    scope: 'bot applications.commands',
    permissions: '309237763136',
  });
});

it('invites for chat alone with nothing that chat does not take', () => {
  const url = new URL(inviteUrl('1', ['chat'], 'https://chat.example'));

  expect(url.host).toBe('chat.example');
  expect(url.searchParams.get('scope')).toBe('bot');
  expect(BigInt(url.searchParams.get('permissions') ?? 0)).toBe(sum(permissionsFor(['chat'])));
  expect(permissionsFor(['chat', 'chat'])).toEqual(permissionsFor(['chat']));
});
