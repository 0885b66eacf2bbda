import { BlockList, isIP } from 'node:net';
import { AppError } from '../domain/errors.ts';

/** Whether an address is in one of the blocks. IPv4 in IPv6 spelling counts as IPv4. */
export type AddressMatcher = (address: string) => boolean;

/** @throws AppError `invalid_request` that names the block that is not CIDR. */
export function compileBlocks(blocks: readonly string[]): AddressMatcher {
  const list = new BlockList();
  for (const block of blocks) addBlock(list, block);
  return (address) => {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}

/** `compileBlocks` for lists that are asked again and again: each is compiled once, for as long as it lives. */
export function rememberBlocks(): typeof compileBlocks {
  const compiled = new WeakMap<readonly string[], AddressMatcher>();
  return (blocks) => {
    const matcher = compiled.get(blocks) ?? compileBlocks(blocks);
    compiled.set(blocks, matcher);
    return matcher;
  };
}

/** `::ffff:1.2.3.4` is how a socket that listens on both spells `1.2.3.4`. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}

/** Whether the text is an IP address, in either spelling. */
export function isAddress(text: string): boolean {
  return isIP(plainAddress(text)) !== 0;
}

function addBlock(list: BlockList, block: string): void {
  const [address = '', prefix, ...rest] = block.split('/');
  const family = isIP(address);
  const bitsMax = family === 6 ? 128 : 32;
  const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (family === 0 || rest.length > 0 || bits < 0 || bits > bitsMax) {
    throw new AppError(
      'invalid_request',
      `"${block.slice(0, 80)}" is not an address block such as 10.0.0.0/8 or 2001:db8::/32.`,
    );
  }
  list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
}
