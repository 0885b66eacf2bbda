import { describe, expect, it } from 'vitest';
import { compileBlocks } from '../../lib/address-blocks.ts';
import { remoteAddressOf } from './remote-address.ts';

const isTrusted = compileBlocks(['10.0.0.0/8', '2001:db8::/32']);

describe('the address of a sender', () => {
  it.each([
    ['is the one of the socket', '198.51.100.7', undefined, '198.51.100.7'],
    ['is not what a stranger says that it is', '198.51.100.7', '10.1.1.1', '198.51.100.7'],
    ['is what a trusted proxy says', '10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['is what the last trusted proxy says', '10.0.0.1', '198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['is not what stands left of a stranger', '10.0.0.1', '10.9.9.9, 198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['is the farthest proxy when all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['is the proxy when it says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['is the proxy when it says nothing of use', '10.0.0.1', ' , ', '10.0.0.1'],
    ['is the proxy when it names no address', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['is the proxy when it adds a port', '10.0.0.1', '198.51.100.7:443', '10.0.0.1'],
    ['is written as IPv4 where it is that', '::ffff:10.0.0.1', '::ffff:198.51.100.7', '198.51.100.7'],
    ['may be IPv6', '2001:db8::1', '2001:db9::7', '2001:db9::7'],
    ['is nothing when the socket has none', '', '198.51.100.7', ''],
  ])('%s', (_what, socket, forwarded, expected) => {
    expect(remoteAddressOf(socket, forwarded, isTrusted)).toBe(expected);
  });
});
