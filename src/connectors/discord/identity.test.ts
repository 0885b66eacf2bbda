import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../domain/errors.ts';
import { parseConnectorId } from '../../domain/ids.ts';
import type { IdentityEntity } from '../connector.ts';
import {
  canonicalDiscordIdentity,
  directConversation,
  directRecipientOf,
  discordConnectorId,
  normalizeDiscordAccountId,
  parseMessageLink,
} from './identity.ts';

const spellings: readonly [IdentityEntity, string, string][] = [
  ['user', '82198898841029460', 'discord:user:82198898841029460'],
  ['user', '  82198898841029460\n', 'discord:user:82198898841029460'],
  ['user', '<@82198898841029460>', 'discord:user:82198898841029460'],
  ['user', '<@!82198898841029460>', 'discord:user:82198898841029460'],
  ['user', 'user:82198898841029460', 'discord:user:82198898841029460'],
  ['user', 'discord:user:82198898841029460', 'discord:user:82198898841029460'],
  ['user', 'Discord:User:82198898841029460', 'discord:user:82198898841029460'],
  ['user', 'https://discord.com/users/82198898841029460', 'discord:user:82198898841029460'],
  ['role', '165511591545143296', 'discord:role:165511591545143296'],
  ['role', '<@&165511591545143296>', 'discord:role:165511591545143296'],
  ['role', 'role:165511591545143296', 'discord:role:165511591545143296'],
  ['role', 'discord:role:165511591545143296', 'discord:role:165511591545143296'],
  ['guild', '197038439483310086', 'discord:guild:197038439483310086'],
  ['guild', 'guild:197038439483310086', 'discord:guild:197038439483310086'],
  ['guild', 'discord:guild:197038439483310086', 'discord:guild:197038439483310086'],
  ['guild', 'https://discord.com/channels/197038439483310086', 'discord:guild:197038439483310086'],
  [
    'guild',
    'https://ptb.discord.com/channels/197038439483310086/2/3?x=1#y',
    'discord:guild:197038439483310086',
  ],
  ['conversation', '41771983423143937', '41771983423143937'],
  ['conversation', '<#41771983423143937>', '41771983423143937'],
  ['conversation', 'channel:41771983423143937', '41771983423143937'],
  ['conversation', 'discord:channel:41771983423143937', '41771983423143937'],
  ['conversation', 'discord:conversation:41771983423143937', '41771983423143937'],
  ['conversation', 'https://discord.com/channels/1/41771983423143937', '41771983423143937'],
  ['conversation', 'https://discord.com/channels/1/41771983423143937/', '41771983423143937'],
  ['conversation', 'https://discord.com/channels/@me/41771983423143937/5', '41771983423143937'],
  ['conversation', 'http://chat.example:8080/channels/1/41771983423143937/5', '41771983423143937'],
  ['conversation', 'https://discord.com/channels/1/41771983423143937/threads/7', '41771983423143937'],
  ['conversation', 'discord://-/channels/1/41771983423143937', '41771983423143937'],
  ['conversation', 'user:82198898841029460', 'user:82198898841029460'],
  ['conversation', 'discord:user:82198898841029460', 'user:82198898841029460'],
  ['conversation', '<@82198898841029460>', 'user:82198898841029460'],
  ['thread', '41771983423143937', '41771983423143937'],
  ['thread', '<#41771983423143937>', '41771983423143937'],
  ['thread', 'thread:41771983423143937', '41771983423143937'],
  ['thread', 'discord:thread:41771983423143937', '41771983423143937'],
  ['thread', 'https://discord.com/channels/1/41771983423143937/9', '41771983423143937'],
  ['thread', 'https://discord.com/channels/1/2/threads/41771983423143937', '41771983423143937'],
  ['thread', 'https://discord.com/channels/1/2/threads/41771983423143937/9', '41771983423143937'],
];

it.each(spellings)('takes a %s written as %j for %s', (entity, raw, canonical) => {
  const identity = canonicalDiscordIdentity(entity, raw);

  expect(identity).toBe(canonical);
});

const refused: readonly [IdentityEntity, string][] = [
  ['user', ''],
  ['user', 'mason'],
  ['user', '@mason'],
  ['user', '0'],
  ['user', '0123'],
  ['user', '-1'],
  ['user', '1.5'],
  ['user', '18446744073709551616'],
  ['user', '<@&165511591545143296>'],
  ['user', '<#41771983423143937>'],
  ['user', 'slack:user:1'],
  ['user', 'discord:role:1'],
  ['user', 'https://discord.com/users/1/2'],
  ['user', '1 2'],
  ['user', '1/../2'],
  ['role', '<@82198898841029460>'],
  ['role', '@everyone'],
  ['guild', 'https://discord.com/channels/@me/1'],
  ['guild', 'https://discord.gg/abc'],
  ['conversation', 'https://discord.com/channels/1'],
  ['conversation', 'https://discord.com/users/1'],
  ['conversation', '#general'],
  ['conversation', '<@&165511591545143296>'],
  ['conversation', 'https://discord.com/channels/1/2/3/4'],
  ['conversation', 'https://discord.com/channels/1/../2'],
  ['thread', 'user:1'],
  ['thread', 'https://discord.com/channels/1'],
];

it.each(refused)('refuses a %s written as %j, and says how to write one', (entity, raw) => {
  const canonicalise = (): string => canonicalDiscordIdentity(entity, raw);

  expect(canonicalise).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining('Write its id') }),
  );
});

const entity = fc.constantFrom<IdentityEntity>('user', 'role', 'guild', 'conversation', 'thread');
const snowflake = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }).map(String);
const spelling = fc
  .tuple(
    fc.constantFrom('', '<@', '<@!', '<@&', '<#', 'user:', 'discord:user:', 'discord:', 'channel:', 'x://y/'),
    fc.oneof(
      snowflake,
      fc.string(),
      fc.array(fc.oneof(snowflake, fc.string())).map((s) => `channels/${s.join('/')}`),
    ),
    fc.constantFrom('', '>', '/', '?', ' '),
  )
  .map((parts) => parts.join(''));

it('returns what it returned when it is given that again, and refuses the rest readably', () => {
  fc.assert(
    fc.property(entity, fc.oneof(spelling, fc.string()), (of, raw) => {
      let once;
      try {
        once = canonicalDiscordIdentity(of, raw);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        return;
      }
      expect(canonicalDiscordIdentity(of, once)).toBe(once);
    }),
  );
});

it('finds the same user in every spelling of an id', () => {
  fc.assert(
    fc.property(snowflake, (id) => {
      const all = [id, `<@${id}>`, `<@!${id}>`, `user:${id}`, `discord:user:${id}`];

      const identities = new Set(all.map((raw) => canonicalDiscordIdentity('user', raw)));

      expect([...identities]).toEqual([`discord:user:${id}`]);
    }),
  );
});

it.each([
  ['https://discord.com/channels/1/2/3', { guild: '1', channel: '2', message: '3' }],
  ['https://canary.discord.com/channels/1/2/3', { guild: '1', channel: '2', message: '3' }],
  ['https://chat.example/channels/@me/2/3', { channel: '2', message: '3' }],
  ['https://discord.com/channels/1/2/threads/4/3', { guild: '1', channel: '4', message: '3' }],
  ['https://discord.com/channels/1/2', undefined],
  ['https://discord.com/channels/1/2/threads/4', undefined],
  ['https://discord.com/channels/1/2/three', undefined],
  ['see https://discord.com/channels/1/2/3', undefined],
  ['3', undefined],
])('reads %j as the place of a message', (text, place) => {
  const link = parseMessageLink(text);

  expect(link).toEqual(place);
});

it('names the user whom a conversation by user writes to, and nobody for a channel', () => {
  const conversation = directConversation('82198898841029460');

  expect(directRecipientOf(conversation)).toBe('82198898841029460');
  expect(directRecipientOf('82198898841029460')).toBeUndefined();
  expect(directRecipientOf('user:0')).toBeUndefined();
  expect(directRecipientOf('user:1/2')).toBeUndefined();
});

it.each([
  [undefined, 'discord:default'],
  ['  ', 'discord:default'],
  ['Team.A-1', 'discord:team.a-1'],
])('names the connector of account %j %s', (account, id) => {
  const connector = discordConnectorId(account);

  expect(connector).toBe(id);
  expect(parseConnectorId(connector)).toBe(id);
  expect(normalizeDiscordAccountId(account)).toBe(id.slice('discord:'.length));
});

it('refuses an account that could not be part of an id', () => {
  expect(() => normalizeDiscordAccountId('a:b')).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
});
