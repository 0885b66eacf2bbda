import { expect, it } from 'vitest';
import { parseGatewayInfo } from './gateway-info.ts';

/** The example of https://docs.discord.com/developers/events/gateway#get-gateway-bot. */
const example = {
  url: 'wss://gateway.discord.gg/',
  shards: 9,
  session_start_limit: { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 },
};

it('reads where the gateway is, how many shards it wants and how many sessions are left', () => {
  expect(parseGatewayInfo(example)).toEqual({
    url: 'wss://gateway.discord.gg/',
    shards: 9,
    limit: { remaining: 999, resetAfterMs: 14_400_000, maxConcurrency: 1 },
  });
});

it.each([
  [undefined, 'where its gateway is.'],
  [{ message: 'made-up' }, 'url'],
  [{ ...example, url: 5 }, 'url'],
  [{ ...example, shards: 0 }, 'shards'],
  [
    { ...example, session_start_limit: { ...example.session_start_limit, max_concurrency: 0 } },
    'session_start_limit.max_concurrency',
  ],
])('says which field is wrong: %j', (body, field) => {
  expect(() => parseGatewayInfo(body)).toThrow(field);
  expect(() => parseGatewayInfo(body)).toThrow('Check the API base URL');
});
