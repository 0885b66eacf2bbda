import { describe, expect, it } from 'vitest';
import { Secret } from '../lib/secret.ts';
import { providerOf } from './providers.ts';
import { sign } from './sign.ts';
import { verify, type Verification } from './verify.ts';

const value = new Secret('secret');

/** What comes of a request whose body was `sent`, and is something else on arrival. */
function receive(
  sent: string,
  received: string | Uint8Array,
  active: readonly Secret[] = [value],
): Verification {
  const provider = providerOf('stripe');
  const headers = sign({ provider, secret: value, body: Buffer.from(sent), now: 0, id: 'any', event: 'any' });
  const secrets = active.map((secret, index) => ({ ref: `s${index}`, value: secret }));
  return verify({ provider, headers, body: Buffer.from(received), secrets, receivedAt: 0 });
}

const data = {
  id: 'evt_1',
  text: 'café 🙂 "quoted, : [x]\n"',
  list: [1, [], {}, [2, 3]],
  url: 'https://x/y',
};
const compact = JSON.stringify(data);
const ascii = compact.replace(
  /[^\x20-\x7e]/g,
  (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
);
const spaced =
  '{"id": "evt_1", "text": "café 🙂 \\"quoted, : [x]\\n\\"", "list": [1, [], {}, [2, 3]], "url": "https://x/y"}';
const spacedAscii = spaced.replace('é', '\\u00e9').replace('🙂', '\\ud83d\\ude42');

describe.each([
  ['as JavaScript writes it', compact],
  ['as Python writes it', spacedAscii],
  ['as Python writes it, not escaped', spaced],
  ['with everything escaped to ASCII', ascii],
  ['as PHP writes it', ascii.replaceAll('/', '\\/')],
  ['indented', JSON.stringify(data, undefined, 2)],
])('a body sent %s', (_how, sent) => {
  it.each([
    ['indented by four', JSON.stringify(data, undefined, 4)],
    ['in compact form', compact],
    ['in ASCII', ascii],
  ])('is refused as re-encoded when it arrives %s', (_now, received) => {
    if (received === sent) return;

    expect(receive(sent, received)).toMatchObject({ kind: 'rejected', reason: 'body_reencoded' });
  });
});

it.each([
  ['a line end was added', compact, `${compact}\n`],
  ['a line end was taken away', `${compact}\n`, compact],
])('is told when %s', (_what, sent, received) => {
  expect(receive(sent, received)).toMatchObject({ kind: 'rejected', reason: 'body_reencoded' });
});

it('is told while secrets are replaced', () => {
  const verdict = receive(compact, spaced, [new Secret('newer'), value]);

  expect(verdict).toMatchObject({ reason: 'body_reencoded' });
});

it.each([
  ['another content', compact, compact.replace('evt_1', 'evt_2')],
  ['a body that is no JSON', 'a=1', 'a=1&b=2'],
  ['a body of one value', '1', '1 '],
  ['a body that is not UTF-8', '"\ufffd"', Buffer.from([0x22, 0xff, 0x22])],
])('is not claimed for %s', (_what, sent, received) => {
  expect(receive(sent, received)).toMatchObject({ reason: 'signature_mismatch' });
});

it.each([
  ['larger than 64 KiB', { ...data, more: 'x'.repeat(65_536) }],
  ['deeper than any event', JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown],
])('is not looked for in a body %s', (_what, large) => {
  const sent = JSON.stringify(large);

  expect(receive(sent, `${sent} `)).toMatchObject({ reason: 'signature_mismatch' });
});

it('is looked for without a quadratic search, whatever the body', () => {
  const bodies = [
    '["' + '\\"'.repeat(32_000),
    '"\\'.repeat(32_000),
    `"${'\\"a'.repeat(21_000)}`,
    '"'.repeat(65_000),
    '['.repeat(65_000),
    `${'['.repeat(32_000)}${']'.repeat(32_000)}`,
    `${'['.repeat(16)}${'[],'.repeat(21_000)}1${']'.repeat(16)}`,
  ];
  const startedAt = performance.now();

  for (const body of bodies) expect(receive('{}', body)).toMatchObject({ reason: 'signature_mismatch' });

  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
