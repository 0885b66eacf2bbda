import { type AddressMatcher, isAddress, plainAddress } from '../../lib/address-blocks.ts';

/**
 * Who sent the request. `X-Forwarded-For` is read from its right end, and only as far as the hops are
 * trusted proxies: what stands left of the first stranger was written by that stranger.
 */
export function remoteAddressOf(
  socketAddress: string,
  forwardedFor: string | undefined,
  isTrusted: AddressMatcher,
): string {
  let address = plainAddress(socketAddress);
  const hops = (forwardedFor ?? '')
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => hop !== '');
  while (isTrusted(address)) {
    const hop = hops.pop();
    if (hop === undefined || !isAddress(hop)) return address;
    address = plainAddress(hop);
  }
  return address;
}
