import { expect, it } from 'vitest';
import { toGatewayUrl } from './gateway-url.ts';

const hosts = ['*.discord.gg', '*.gateway.example', '127.0.0.1'];
const policy = { hosts, allowPrivate: true, allowHttp: true };

it.each([
  [
    'wss://gateway.discord.gg',
    'zlib-stream',
    'wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream',
  ],
  ['wss://gateway.discord.gg/', 'none', 'wss://gateway.discord.gg/?v=10&encoding=json'],
  [
    'wss://us-east1-b.gateway.example/?v=9&compress=zstd-stream',
    'none',
    'wss://us-east1-b.gateway.example/?v=10&encoding=json',
  ],
  ['ws://127.0.0.1:99/ws?shard=1', 'none', 'ws://127.0.0.1:99/ws?shard=1&v=10&encoding=json'],
] as const)('%s, with %s, becomes %s', (base, compress, url) => {
  expect(toGatewayUrl(base, { compress, policy })).toBe(url);
});

it.each(['', 'gateway.discord.gg', 'https://gateway.discord.gg/', 'wss://'])('refuses %j', (base) => {
  expect(() => toGatewayUrl(base, { compress: 'none', policy })).toThrow('not a wss URL');
});

it('refuses what the policy does not admit', () => {
  expect(() => toGatewayUrl('wss://elsewhere.test/', { compress: 'none', policy })).toThrow('allowed hosts');
});
