import fc from 'fast-check';
import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../lib/secret.ts';
import { providerContract } from '../contract.ts';
import { sign } from '../sign.ts';
import { type Verification, verify } from '../verify.ts';
import { stripe } from './stripe.ts';
import { stripeVectors } from './stripe.vectors.ts';

describe('the provider contract', () => {
  for (const { name, run } of providerContract({ provider: stripe, vectors: stripeVectors })) it(name, run);
});

const now = 1_700_000_000_000;
const timestamp = now / 1_000;
const secret = 'whsec_verbatim';
const event = { id: 'evt_1', object: 'event', type: 'charge.failed' };

function receive(header: string, body: string | Uint8Array): Verification {
  return verify({
    provider: stripe,
    headers: ['Stripe-Signature', header],
    body: Buffer.from(body),
    secrets: [{ ref: 'webhook:pay/secret', value: new Secret(secret) }],
    receivedAt: now,
  });
}

function libraryTakes(header: string, body: string | Uint8Array): boolean {
  try {
    Stripe.webhooks.constructEvent(body, header, secret, 300, undefined, now);
    return true;
  } catch {
    return false;
  }
}

function signedByLibrary(payload: string, at = timestamp): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: at });
}

describe('with the library of Stripe', () => {
  it('verifies what the library signs', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: -300, max: 300 }), (data, offset) => {
        const body = JSON.stringify({ ...event, data });

        const verdict = receive(signedByLibrary(body, timestamp + offset), body);

        expect(verdict).toMatchObject({ kind: 'verified', dedupeKey: 'id:evt_1', skewMs: offset * 1_000 });
      }),
    );
  });

  it('signs what the library verifies', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        const body = JSON.stringify({ ...event, data });
        const signed = { provider: stripe, body: Buffer.from(body), now, id: 'evt_1', event: 'any' };

        const [, header = ''] = sign({ ...signed, secret: new Secret(secret) });

        expect(libraryTakes(header, body)).toBe(true);
      }),
    );
  });

  it('refuses a timestamp of next year, which the library takes', () => {
    const body = JSON.stringify(event);
    const header = signedByLibrary(body, timestamp + 365 * 86_400);

    expect(libraryTakes(header, body)).toBe(true);
    expect(receive(header, body)).toMatchObject({ kind: 'rejected', reason: 'timestamp_in_future' });
  });

  it('refuses a timestamp with junk behind it, which the library takes', () => {
    const body = JSON.stringify(event);
    const header = signedByLibrary(body).replace(/^t=(\d+)/, 't=$1junk');

    expect(libraryTakes(header, body)).toBe(true);
    expect(receive(header, body)).toMatchObject({ kind: 'rejected', reason: 'timestamp_malformed' });
  });

  it('refuses two timestamps, of which the library takes the last', () => {
    const body = JSON.stringify(event);
    const header = `t=${timestamp + 9},${signedByLibrary(body)}`;

    expect(libraryTakes(header, body)).toBe(true);
    expect(receive(header, body)).toMatchObject({ kind: 'rejected', reason: 'signature_duplicated' });
  });

  it('tells bodies apart that the library decodes to the same text', () => {
    const [sent, forged] = [0xff, 0xfe].map((byte) =>
      Buffer.from(`{"id":"${String.fromCharCode(byte)}"}`, 'latin1'),
    );
    const header = signedByLibrary(sent?.toString('utf8') ?? '');

    expect([libraryTakes(header, sent ?? ''), libraryTakes(header, forged ?? '')]).toEqual([true, true]);
    expect([receive(header, sent ?? '').kind, receive(header, forged ?? '').kind]).toEqual([
      'rejected',
      'rejected',
    ]);
  });
});

it('passes over signatures of other schemes and unknown fields', () => {
  const body = JSON.stringify(event);
  const v1 = /v1=.*/.exec(signedByLibrary(body))?.[0] ?? '';

  const verdict = receive(`v0=${'0'.repeat(64)}, t=${timestamp}, ${v1} ,x=1,junk,=`, body);

  expect(verdict.kind).toBe('verified');
});

it('deduplicates by content when a genuine body has no id', () => {
  const verdict = receive(signedByLibrary('not even JSON'), 'not even JSON');

  expect(verdict).toMatchObject({
    kind: 'verified',
    event: 'unknown',
    dedupeKey: expect.stringMatching(/^sha256:/),
  });
});

it('orders events by the object that they are about, thin ones too', () => {
  const lane = (payload: object): unknown => {
    const body = JSON.stringify({ ...event, ...payload });
    return receive(signedByLibrary(body), body);
  };

  expect(lane({ data: { object: { id: 'ch_1' } } })).toMatchObject({ lane: 'ch_1' });
  expect(lane({ related_object: { id: 'acct_1' } })).toMatchObject({ lane: 'acct_1' });
  expect(lane({})).not.toHaveProperty('lane');
});
