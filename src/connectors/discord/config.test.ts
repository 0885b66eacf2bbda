import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Config } from '../../config.ts';
import { checkUrl } from '../../lib/net-guard.ts';
import { apiEgress, DiscordConfig, gatewayEgress, mediaEgress } from './config.ts';

describe('the configuration', () => {
  it('works without a word: Discord itself, nobody notified, nothing private reached', () => {
    const config = DiscordConfig.parse({});

    expect(config).toMatchObject({
      apiBaseUrl: 'https://discord.com/api/v10',
      allowPrivateNetwork: false,
      mentions: 'none',
      overflow: 'split',
    });
  });

  it('says of every key what it is for', () => {
    const undescribed = leavesOf(z.toJSONSchema(DiscordConfig, { io: 'input' }), '').filter(
      ([, description]) => description === undefined,
    );

    expect(undescribed).toEqual([]);
  });

  it.each([
    { apiBaseUrl: 'http://discord.example/api' },
    { apiBaseUrl: 'ftp://discord.example/api' },
    { apiBaseUrl: 'https://user@discord.example/api' },
    { apiBaseUrl: 'https://discord.example/api?x' },
    { apiBaseUrl: 'https://discord.example/api#x' },
    { apiBaseUrl: 'discord.example' },
    { mentions: 'all' },
    { overflowAfterParts: 0 },
    { tokn: 'x' },
  ])('refuses %j', (given) => {
    expect(DiscordConfig.safeParse(given).success).toBe(false);
  });

  it('reads back no further than repeats are recognised, whatever is configured, and says so', () => {
    const hour = 3_600_000;
    const readBack = (ageMsMax: number): ReturnType<typeof DiscordConfig.safeParse> =>
      DiscordConfig.safeParse({ catchUp: { ageMsMax } });
    const isAsShort = (tombstonesMs: number): boolean =>
      Config.safeParse({ retention: { tombstonesMs } }).success;

    const tooLong = readBack(36 * hour + 1);

    expect([readBack(36 * hour).success, isAsShort(36 * hour)]).toEqual([true, false]);
    expect(tooLong.error?.issues).toMatchObject([
      { path: ['catchUp', 'ageMsMax'], message: expect.stringContaining('at most 129600000 (36 hours)') },
    ]);
  });

  it('admits http for a server of one’s own, and then only with private addresses', () => {
    const given = { apiBaseUrl: 'http://127.0.0.1:3001/api/v9', allowPrivateNetwork: true };

    expect(apiEgress(DiscordConfig.parse(given))).toEqual({
      hosts: ['127.0.0.1'],
      allowPrivate: true,
      allowHttp: true,
    });
  });
});

function leavesOf(
  schema: z.core.JSONSchema.JSONSchema,
  path: string,
): (readonly [string, string | undefined])[] {
  if (schema.properties === undefined) return [[path, schema.description]];
  return Object.entries(schema.properties).flatMap(([key, child]) =>
    leavesOf(child as z.core.JSONSchema.JSONSchema, `${path}.${key}`),
  );
}

describe('where requests may go', () => {
  const config = DiscordConfig.parse({});

  it.each([
    [apiEgress(config), 'https://discord.com/api/v10/users/@me', true],
    [apiEgress(config), 'https://cdn.discordapp.com/x', false],
    [apiEgress(config), 'https://discord.com.evil.example/', false],
    [apiEgress(config), 'https://evil.discord.com/', false],
    [apiEgress(config), 'http://discord.com/', false],
    [gatewayEgress(config), 'https://gateway-us-east1-b.discord.gg/', true],
    [gatewayEgress(config), 'https://evil.example/', false],
    [mediaEgress(config), 'https://cdn.discordapp.com/attachments/1', true],
    [mediaEgress(config), 'https://discord.com/api', false],
  ])('by %j to %s: %s', (policy, url, expected) => {
    const admits = (): boolean => {
      try {
        return checkUrl(url, policy) instanceof URL;
      } catch {
        return false;
      }
    };

    expect(admits()).toBe(expected);
  });
});
