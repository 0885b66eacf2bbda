import { lookup as lookUp } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { egressError } from './guarded-fetch-failure.ts';

/** Where requests may go. */
export interface EgressPolicy {
  /**
   * Host names and addresses, exactly; or `*.suffix`, which stands for every name below the suffix and not
   * for the suffix itself.
   */
  readonly hosts: readonly string[];
  /** Admits loopback, private and all other addresses that are not of the public internet. */
  readonly allowPrivate: boolean;
  /** Admits `http:` besides `https:`. */
  readonly allowHttp: boolean;
}

/** All addresses of a host name. A seam: tests answer what they like. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export const systemLookup: Lookup = async (host) => {
  const found = await lookUp(host, { all: true });
  return found.map(({ address }) => address);
};

const hostLengthMax = 253;
const unsafeCharacters = /[\x00-\x20\x7f\\]/;
const absoluteUrl = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i;

/**
 * Judges a URL before anything is done with it, by its text: the parser would quietly turn `0x7f.1` into
 * an address that the writer may not have meant.
 * @throws AppError `invalid_request` when it is malformed, `forbidden` when the policy does not admit it.
 *   Neither message holds more of the URL than its host.
 */
export function checkUrl(text: string, policy: EgressPolicy): URL {
  const [, scheme = '', authority = ''] = absoluteUrl.exec(text) ?? [];
  const url = unsafeCharacters.test(text) ? null : URL.parse(text);
  if (!url || authority === '')
    throw malformed('The URL cannot be read. Write https://host/path, without control characters.');
  if (authority.includes('@')) throw malformed('The URL holds a user name or password. Take it out.');
  const host = hostOf(url);
  if (host === '' || host.length > hostLengthMax || host.endsWith('.')) {
    throw malformed('The host of the URL is empty, too long, or ends in a dot.');
  }
  if (isIP(host) === 4 && authority.replace(/:\d*$/, '') !== host) {
    throw malformed('The host of the URL is an oddly written address. Write it as four decimal numbers.');
  }
  if (!/^https$/i.test(scheme) && !(policy.allowHttp && /^http$/i.test(scheme))) {
    throw forbidden(host, policy.allowHttp ? 'only http and https are allowed' : 'only https is allowed');
  }
  if (isLocalhost(host) && !policy.allowPrivate) throw forbidden(host, 'it is this machine');
  if (!policy.hosts.some((pattern) => matchesHost(pattern, host)))
    throw forbidden(host, 'it is not on the list of allowed hosts');
  if (isIP(host) !== 0) checkAddress(host, host, policy.allowPrivate);
  return url;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** True when the host can only mean this machine or its private network, as it is written. */
export function isPrivateHost(host: string): boolean {
  return isLocalhost(host) || (isIP(host) !== 0 && !isPublicAddress(host));
}

/**
 * A `lookup` for sockets that passes on checked addresses and no others, so that the address that was
 * checked is the one that is connected to. One bad address among good ones refuses them all.
 */
export function guardLookup(lookup: Lookup, allowPrivate: boolean): LookupFunction {
  return (host, options, callback) => {
    resolveChecked(lookup, host, allowPrivate).then(
      (found) => {
        const [first] = found;
        if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as Error, []),
    );
  };
}

interface Found {
  address: string;
  family: number;
}

async function resolveChecked(
  lookup: Lookup,
  host: string,
  allowPrivate: boolean,
): Promise<[Found, ...Found[]]> {
  const addresses = await lookup(host);
  for (const address of addresses) checkAddress(host, address, allowPrivate);
  const [first, ...rest] = addresses.map((address) => ({ address, family: isIP(address) }));
  if (!first) throw egressError('not_sent', 'unavailable', `Not sent to ${host}: the name has no address.`);
  return [first, ...rest];
}

function checkAddress(host: string, address: string, allowPrivate: boolean): void {
  if (isIP(address) === 0) throw forbidden(host, 'its name stands for something that is not an address');
  if (!allowPrivate && !isPublicAddress(address)) throw forbidden(host, 'its address is private or reserved');
}

function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function matchesHost(pattern: string, host: string): boolean {
  const wanted = pattern.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (isIP(wanted) === 6) return host === canonicalV6(wanted);
  if (!wanted.startsWith('*.')) return host === wanted;
  return isIP(host) === 0 && host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1;
}

function canonicalV6(address: string): string | undefined {
  const url = URL.parse(`https://[${address}]`);
  return url ? hostOf(url) : undefined;
}

function malformed(message: string): Error {
  return egressError('refused', 'invalid_request', message);
}

function forbidden(host: string, why: string): Error {
  return egressError('refused', 'forbidden', `Not sent to ${host}: ${why}.`);
}

/** https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast and the former class E. */
const specialV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** What is special within 2000::/3: Teredo and other protocols, documentation, 6to4. Nothing outside it is public. */
const specialV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** IPv6 addresses that are an IPv4 address in disguise: IPv4-mapped, and NAT64. They are as public as that one is. */
const v4Carriers = ['::ffff:', '64:ff9b::'];

const blocked = {
  v4: blockListOf(specialV4),
  v6: blockListOf(specialV6),
  carrier: blockListOf(v4Carriers.map((prefix) => `${prefix}0.0.0.0/96`)),
  carriedV4: blockListOf(v4Carriers.flatMap((prefix) => specialV4.map((range) => carry(prefix, range)))),
};
const globalUnicast = blockListOf(['2000::/3']);

/** True when the address is one of the public internet. False for what is no address at all. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  switch (isIP(address)) {
    case 4:
      return !blocked.v4.check(address, 'ipv4');
    case 6:
      if (blocked.carrier.check(address, 'ipv6')) return !blocked.carriedV4.check(address, 'ipv6');
      return globalUnicast.check(address, 'ipv6') && !blocked.v6.check(address, 'ipv6');
    default:
      return false;
  }
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', bits = ''] = range.split('/');
    list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

function carry(prefix: string, range: string): string {
  const [net = '', bits = ''] = range.split('/');
  return `${prefix}${net}/${96 + Number(bits)}`;
}
