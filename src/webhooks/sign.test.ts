import { expect, it } from 'vitest';
import { Secret } from '../lib/secret.ts';
import { providerOf } from './providers.ts';
import { sign, type SignRequest } from './sign.ts';

const request = (id: string, more: Partial<SignRequest> = {}): SignRequest => ({
  provider: providerOf(id),
  secret: new Secret(id === 'standard-webhooks' ? 'whsec_c2VjcmV0' : 'secret'),
  body: Buffer.from('{}'),
  now: 1_700_000_000_999,
  id: 'evt_1',
  event: 'created',
  ...more,
});

it.each([
  [
    'github',
    [
      'X-GitHub-Delivery',
      'evt_1',
      'X-GitHub-Event',
      'created',
      'X-Hub-Signature-256',
      /^sha256=[0-9a-f]{64}$/,
    ],
  ],
  [
    'standard-webhooks',
    ['webhook-id', 'evt_1', 'webhook-timestamp', '1700000000', 'webhook-signature', /^v1,.{43}=$/],
  ],
  ['stripe', ['Stripe-Signature', /^t=1700000000,v1=[0-9a-f]{64}$/]],
  ['slack', ['X-Slack-Request-Timestamp', '1700000000', 'X-Slack-Signature', /^v0=[0-9a-f]{64}$/]],
])('writes the headers of %s', (id, expected) => {
  const headers = sign(request(id));

  expect(headers).toEqual(
    expected.map((text) => (typeof text === 'string' ? text : (expect.stringMatching(text) as unknown))),
  );
});

it.each([
  ['github', { secret: new Secret('') }, 'secret'],
  ['standard-webhooks', { secret: new Secret('whsec_!') }, 'whsec_'],
  ['standard-webhooks', { id: 'msg.1' }, 'id'],
  ['standard-webhooks', { id: '' }, 'id'],
  ['github', { id: 'a\r\nX-Other: b' }, 'id'],
  ['github', { id: 'é' }, 'id'],
  ['github', { event: ' push' }, 'event'],
  ['github', { event: 'x'.repeat(129) }, 'event'],
  ['github', { settings: { header: 'X' } }, 'settings'],
])('refuses for %s what could not be sent or verified: %j', (id, more, word) => {
  const expected = { code: 'invalid_request', message: expect.stringContaining(word) };

  expect(() => sign(request(id, more))).toThrow(expect.objectContaining(expected));
});

it('does not mind an id that stays in the body', () => {
  expect(sign(request('stripe', { id: 'é\r\n', event: '' }))).toHaveLength(2);
});
