import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { egressFailureOf } from './guarded-fetch-failure.ts';
import { checkUrl, type EgressPolicy, guardLookup, isPrivateHost, isPublicAddress } from './net-guard.ts';

const policy = (given: Partial<EgressPolicy> = {}): EgressPolicy => ({
  hosts: ['api.example.org', '*.cdn.example.org'],
  allowPrivate: false,
  allowHttp: false,
  ...given,
});

const refusalOf = (text: string, given: Partial<EgressPolicy> = {}): unknown => {
  try {
    checkUrl(text, policy(given));
    return undefined;
  } catch (error) {
    expect(egressFailureOf(error)).toBe('refused');
    return (error as { code: unknown }).code;
  }
};

describe('checkUrl', () => {
  it.each([
    'https://api.example.org',
    'https://api.example.org/path?query=1#fragment',
    'https://API.Example.ORG:8443/',
    'https://a.cdn.example.org/',
    'https://a.b.cdn.example.org/',
  ])('admits %s', (text) => {
    expect(checkUrl(text, policy()).protocol).toBe('https:');
  });

  it.each([
    ['another host', 'https://example.org/', 'forbidden'],
    ['a host that only ends like an allowed one', 'https://evilapi.example.org/', 'forbidden'],
    ['a host that only begins like an allowed one', 'https://api.example.org.evil.test/', 'forbidden'],
    ['the suffix of a wildcard itself', 'https://cdn.example.org/', 'forbidden'],
    ['a name that only looks like one below a wildcard', 'https://evilcdn.example.org/', 'forbidden'],
    ['plain http', 'http://api.example.org/', 'forbidden'],
    ['another scheme', 'ftp://api.example.org/', 'forbidden'],
    ['a file', 'file:///etc/passwd', 'invalid_request'],
    ['a data URL', 'data:text/plain,hello', 'invalid_request'],
    ['a user name', 'https://api@api.example.org/', 'invalid_request'],
    ['a user name and password', 'https://user:secret@api.example.org/', 'invalid_request'],
    ['an allowed host that is only the user name', 'https://api.example.org@evil.test/', 'invalid_request'],
    ['a line break', 'https://api.example.org/\r\nX: y', 'invalid_request'],
    ['a tab, which parsers skip', 'https://api.exam\tple.org/', 'invalid_request'],
    ['white space around it', ' https://api.example.org/', 'invalid_request'],
    ['a backslash, which parsers turn round', 'https://evil.test\\@api.example.org/', 'invalid_request'],
    ['no slashes', 'https:api.example.org/', 'invalid_request'],
    ['too many slashes', 'https:///api.example.org/', 'invalid_request'],
    ['a dot at the end of the host', 'https://api.example.org./', 'invalid_request'],
    ['nothing', '', 'invalid_request'],
  ])('refuses %s', (_what, text, code) => {
    expect(refusalOf(text)).toBe(code);
  });

  it.each([
    'localhost',
    'LOCALHOST',
    'app.localhost',
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '[::1]',
    '[::ffff:10.0.0.1]',
    '[fd00::1]',
  ])('refuses %s unless the policy admits private addresses', (host) => {
    const hosts = [host, '*.localhost'];

    expect(refusalOf(`https://${host}/`, { hosts })).toBe('forbidden');
    expect(refusalOf(`https://${host}/`, { hosts, allowPrivate: true })).toBeUndefined();
  });

  it('takes no address for a name below a wildcard', () => {
    expect(refusalOf('https://127.0.0.1/', { hosts: ['*.0.0.1'], allowPrivate: true })).toBe('forbidden');
  });

  it('names the host in its message and nothing else of the URL', () => {
    const check = (): URL => checkUrl('https://elsewhere.test/bot123:token/send?key=secret', policy());

    expect(check).toThrow(/^Not sent to elsewhere\.test: it is not on the list of allowed hosts\.$/);
  });

  const octet = fc.integer({ min: 0, max: 255 });
  const spell = (value: number): fc.Arbitrary<string> =>
    fc.constantFrom(
      String(value),
      `0${value.toString(8)}`,
      `0x${value.toString(16)}`,
      `00${value.toString(8)}`,
    );

  it('refuses every address that is not written as four plain decimal numbers', () => {
    const spelt = fc.tuple(octet, octet, octet, octet).chain(([a, b, c, d]) => {
      const canonical = [a, b, c, d].join('.');
      const whole = ((a * 256 + b) * 256 + c) * 256 + d;
      const dotted = fc.tuple(spell(a), spell(b), spell(c), spell(d)).map((parts) => parts.join('.'));
      const short = fc.tuple(spell(a), spell(b), spell(c * 256 + d)).map((parts) => parts.join('.'));
      const disguised = fc.constantFrom(
        canonical.replaceAll('.', '。'),
        canonical.replaceAll('.', '%2e'),
        canonical.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
        canonical.replaceAll(/\d/g, (digit) => `%3${digit}`),
        `${canonical}.`,
      );
      return fc.record({
        canonical: fc.constant(canonical),
        text: fc.oneof(dotted, short, spell(whole), disguised),
      });
    });

    fc.assert(
      fc.property(spelt, ({ canonical, text }) => {
        const refusal = refusalOf(`http://${text}:80/`, {
          hosts: [canonical, text],
          allowPrivate: true,
          allowHttp: true,
        });
        expect(refusal).toBe(text === canonical ? undefined : 'invalid_request');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('isPublicAddress', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('takes %s for public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.255.255.255'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.255.255'],
    ['shared by carriers', '100.64.0.1'],
    ['shared by carriers', '100.127.255.255'],
    ['loopback', '127.255.255.254'],
    ['link-local', '169.254.169.254'],
    ['for protocols', '192.0.0.170'],
    ['for documentation', '192.0.2.1'],
    ['for documentation', '198.51.100.1'],
    ['for documentation', '203.0.113.1'],
    ['6to4 relays', '192.88.99.1'],
    ['for benchmarks', '198.18.0.1'],
    ['for benchmarks', '198.19.255.255'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['v4-compatible', '::8.8.8.8'],
    ['v4-mapped private', '::ffff:192.168.0.1'],
    ['v4-mapped loopback', '::ffff:7f00:1'],
    ['v4-translated', '::ffff:0:8.8.8.8'],
    ['NAT64 of a private one', '64:ff9b::10.0.0.1'],
    ['NAT64 of link-local', '64:ff9b::a9fe:a9fe'],
    ['local NAT64', '64:ff9b:1::1'],
    ['discarded', '100::1'],
    ['6to4', '2002:808:808::1'],
    ['Teredo', '2001::1'],
    ['for benchmarks', '2001:2::1'],
    ['for documentation', '2001:db8::1'],
    ['for documentation', '3fff::1'],
    ['unique local', 'fc00::1'],
    ['unique local', 'fdff::1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['public with a zone', '2606:4700::1111%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['no address', 'example.org'],
    ['nothing', ''],
  ])('takes what is %s for special: %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  /** The same ranges once more, by plain arithmetic on the number that an address is. */
  const specialV4 = (value: number): boolean => {
    const top = (bits: number): number => value >>> (32 - bits);
    return (
      [0, 10, 127].includes(top(8)) ||
      top(12) === 0xac1 ||
      top(10) === (100 << 2) + 1 ||
      [0xa9fe, 0xc0a8].includes(top(16)) ||
      top(15) === 0xc612 >>> 1 ||
      [0xc00000, 0xc00002, 0xc05863, 0xc63364, 0xcb0071].includes(top(24)) ||
      top(4) >= 0xe
    );
  };
  const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  const near = fc
    .tuple(
      fc.constantFrom(
        '0.0.0.0',
        '10.0.0.0',
        '100.64.0.0',
        '127.0.0.0',
        '169.254.0.0',
        '172.16.0.0',
        '192.0.0.0',
        '192.0.2.0',
        '192.88.99.0',
        '192.168.0.0',
        '198.18.0.0',
        '198.51.100.0',
        '203.0.113.0',
        '224.0.0.0',
        '240.0.0.0',
      ),
      fc.integer({ min: 0, max: 32 }),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([base, bits, delta]) => {
      const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      return (((number ^ (bits === 32 ? 0 : 1 << bits)) >>> 0) + delta) >>> 0;
    });
  const anyV4 = fc.oneof(near, fc.integer({ min: 0, max: 0xffffffff }));

  it('agrees with arithmetic on every IPv4 address', () => {
    fc.assert(
      fc.property(anyV4, (value) => {
        expect([dotted(value), isPublicAddress(dotted(value))]).toEqual([dotted(value), !specialV4(value)]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('judges a carried IPv4 address like that address, in either spelling', () => {
    fc.assert(
      fc.property(anyV4, fc.constantFrom('::ffff:', '64:ff9b::'), (value, carrier) => {
        const groups = `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;

        expect(isPublicAddress(`${carrier}${dotted(value)}`)).toBe(!specialV4(value));
        expect(isPublicAddress(`${carrier}${groups}`)).toBe(!specialV4(value));
      }),
    );
  });

  it('takes no IPv6 address outside 2000::/3 for public, but for those that carry an IPv4 one', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });

    fc.assert(
      fc.property(groups, (parts) => {
        const [first = 0] = parts;
        const address = parts.map((part) => part.toString(16)).join(':');
        if (first >>> 13 !== 1 && first !== 0 && first !== 0x64) expect(isPublicAddress(address)).toBe(false);
      }),
    );
  });
});

describe('isPrivateHost', () => {
  it('knows the names and addresses that can only mean a private network', () => {
    const hosts = [
      'localhost',
      'a.localhost',
      '127.0.0.1',
      '192.168.1.1',
      '::1',
      'example.org',
      '8.8.8.8',
      'notlocalhost',
    ];

    expect(hosts.filter(isPrivateHost)).toEqual([
      'localhost',
      'a.localhost',
      '127.0.0.1',
      '192.168.1.1',
      '::1',
    ]);
  });
});

describe('guardLookup', () => {
  const ask = (
    answers: readonly (readonly string[])[],
    allowPrivate: boolean,
    all = true,
  ): Promise<unknown> => {
    const left = [...answers];
    const lookup = guardLookup(async () => left.shift() ?? [], allowPrivate);
    return new Promise((resolve, reject) => {
      lookup('name.test', { all }, (error, found) => (error ? reject(error) : resolve(found)));
    });
  };

  it('passes on the very addresses that it checked, and asks once', async () => {
    const rebinding = [['8.8.8.8', '2606:4700::1111'], ['127.0.0.1']];

    const found = await ask(rebinding, false);

    expect(found).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
  });

  it('gives a socket that wants one address the first', async () => {
    await expect(ask([['8.8.8.8', '8.8.4.4']], false, false)).resolves.toBe('8.8.8.8');
  });

  it.each([
    [['127.0.0.1']],
    [['8.8.8.8', '10.0.0.1']],
    [['8.8.8.8', '::ffff:10.0.0.1']],
    [['fe80::1%eth0']],
    [['8.8.8.8', 'alias.test']],
  ])('refuses %j as a whole', async (answer) => {
    const asked = ask([answer], false);

    await expect(asked).rejects.toThrow('Not sent to name.test');
    expect(egressFailureOf(await asked.catch((error: unknown) => error))).toBe('refused');
  });

  it('does not take an empty answer for a good one', async () => {
    await expect(ask([[]], true)).rejects.toThrow();
  });
});
