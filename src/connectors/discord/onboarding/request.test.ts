import { describe, expect, it } from 'vitest';
import { configOf, DiscordSetup } from './request.ts';

const id = '775799577604522054';
const other = '80351110224678912';

function setup(answers: Readonly<Record<string, unknown>>): DiscordSetup {
  return DiscordSetup.parse({ token: 'a-token', ...answers });
}

function issuesOf(answers: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  const { error } = DiscordSetup.safeParse({ token: 'a-token', ...answers });
  return (error?.issues ?? []).map(({ path, message }) => [path.join('.'), message] as const);
}

describe('a setup', () => {
  it('needs no more than a token, and listens to nobody but who is let in directly', () => {
    expect(setup({})).toMatchObject({
      account: 'default',
      scope: 'dm_only',
      directMessages: 'pairing',
      requireMention: true,
      allowPrivateNetwork: false,
    });
  });

  it.each([
    ['Bot abc.def', 'abc.def'],
    ['bot  abc', 'abc'],
    ['  abc\n', 'abc'],
    ['x', 'x'],
    ['Bottle', 'Bottle'],
  ])('takes the token %j for %j, whatever its shape', (token, expected) => {
    expect(setup({ token }).token).toBe(expected);
  });

  it.each(['', '  ', 'Bot ', 'a b', 'a\nb', 'ü', 'a\u0000b'])(
    'refuses %j, which no header can carry',
    (token) => {
      const [[path, message] = []] = issuesOf({ token });

      expect(path).toBe('token');
      expect(message).toMatch(/^The bot token (is empty|holds)/);
    },
  );

  it('writes every identity as events carry it, and once', () => {
    const answers = setup({
      account: ' Ops ',
      scope: 'allowlisted_guild_channels',
      guilds: [id, `discord:guild:${id}`, `https://discord.com/channels/${other}/1`],
      channels: [`<#${id}>`, `channel:${id}`, `https://discord.com/channels/${other}/${other}`],
      roles: [`<@&${id}>`, id],
      allowFrom: [`<@!${id}>`, `discord:user:${id}`, ` ${id} `],
      denyFrom: [`<@${other}>`],
      verifyChannel: `<#${id}>`,
    });

    expect(answers).toMatchObject({
      account: 'ops',
      guilds: [`discord:guild:${id}`, `discord:guild:${other}`],
      channels: [id, other],
      roles: [`discord:role:${id}`],
      allowFrom: [`discord:user:${id}`],
      denyFrom: [`discord:user:${other}`],
      verifyChannel: id,
    });
  });

  it.each([
    [{ denyFrom: ['ada'] }, 'denyFrom.0', /is not a Discord user/],
    [{ denyFrom: [''] }, 'denyFrom.0', /is not a Discord user/],
    [{ allowFrom: [id, '@ada'] }, 'allowFrom.1', /is not a Discord user/],
    [{ channels: [`<@${id}>`] }, 'channels.0', /That is a user/],
    [{ channels: ['#general'] }, 'channels.0', /is not a Discord conversation/],
    [{ guilds: ['my server'] }, 'guilds.0', /is not a Discord guild/],
    [{ verifyChannel: 'general' }, 'verifyChannel', /is not a Discord thread/],
    [{ account: 'a b' }, 'account', /is not a connector id/],
    [{ account: 'x'.repeat(49) }, 'account', /up to 48 characters/],
    [{ agent: 'a b' }, 'agent', /is not a valid agent id/],
    [{ scope: 'guilds' }, 'scope', /Invalid option/],
    [{ features: ['flying'] }, 'features.0', /Invalid option/],
    [{ mentionPatterns: [' '] }, 'mentionPatterns.0', /Too small/],
    [{ mentionPatterns: ['ü'.repeat(65)] }, 'mentionPatterns.0', /too long/],
    [{ allowFrom: Array.from({ length: 65 }, () => id) }, 'allowFrom', /Too big/],
    [{ apiBaseUrl: 'chat.example' }, 'apiBaseUrl', /Write it like/],
    [{ apiBaseUrl: 'https://a:b@chat.example/api' }, 'apiBaseUrl', /Write it like/],
    [{ apiBaseUrl: 'http://127.0.0.1:1/api/v10' }, 'apiBaseUrl', /Use https:, or set allowPrivateNetwork/],
    [{ surprise: 1 }, '', /Unrecognized key/],
  ])('says of %j what is wrong with it', (answers, path, message) => {
    expect(issuesOf(answers)).toEqual([[path, expect.stringMatching(message)]]);
  });

  it.each([
    [{ scope: 'allowlisted_guild_channels' }, 'roles', /Name at least one/],
    [{ guilds: [id] }, 'scope', /can only be listed with/],
    [{ scope: 'open_guild_channels', confirmOpen: true, roles: [id] }, 'scope', /can only be listed with/],
    [{ scope: 'open_guild_channels' }, 'confirmOpen', /Confirm that/],
    [{ directMessages: 'deny' }, 'directMessages', /nobody is heard/],
    [{ directMessages: 'allowlist' }, 'allowFrom', /Nobody is on the list/],
  ])('refuses %j, which cannot mean what it says', (answers, path, message) => {
    expect(issuesOf(answers)).toEqual([[path, expect.stringMatching(message)]]);
  });
});

describe('the settings of a setup', () => {
  it('ask the gateway for what the features take, and the invite for the rest', () => {
    const settings = configOf(setup({ features: ['members', 'polls'] }));

    expect(settings).toMatchObject({
      messageContent: false,
      members: true,
      reactions: false,
      features: ['polls'],
    });
  });

  it('have reactions for whoever wants an emoji put on messages', () => {
    const settings = configOf(setup({ features: [], acknowledgeWith: '👀' }));

    expect(settings).toMatchObject({ reactions: true, features: ['reactions'] });
  });
});
