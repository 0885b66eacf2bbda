import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../lib/secret.ts';
import { providerContract } from '../contract.ts';
import { sign } from '../sign.ts';
import { type Verification, verify } from '../verify.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { standardWebhooksVectors } from './standard-webhooks.vectors.ts';

describe('the provider contract', () => {
  const subject = { provider: standardWebhooks, vectors: standardWebhooksVectors };
  for (const { name, run } of providerContract(subject)) it(name, run);
});

const now = 1_700_000_000_000;
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const library = new Webhook(secret);

interface Signed {
  readonly id?: string;
  readonly timestamp?: string;
  readonly signature: string;
}

function headersOf({
  id = 'msg_1',
  timestamp = String(now / 1_000),
  signature,
}: Signed): Record<string, string> {
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

function receive(headers: Record<string, string>, body: string | Uint8Array): Verification {
  return verify({
    provider: standardWebhooks,
    headers: Object.entries(headers).flat(),
    body: Buffer.from(body),
    secrets: [{ ref: 'webhook:sw/secret', value: new Secret(secret) }],
    receivedAt: now,
  });
}

/** Whether the library, which reads the machine's clock, takes it now. */
function libraryTakes(headers: Record<string, string>, body: Buffer | string): boolean {
  try {
    library.verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

describe('with the reference library', () => {
  beforeEach(() => void vi.useFakeTimers({ now, toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('verifies what the library signs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), (body, id) => {
        const signature = library.sign(id, new Date(now), body);

        expect(receive(headersOf({ id, signature }), body)).toMatchObject({
          kind: 'verified',
          dedupeKey: `id:${id}`,
        });
      }),
    );
  });

  it('signs what the library verifies', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), (body, id) => {
        const signed = { provider: standardWebhooks, body: Buffer.from(body), now, id, event: 'any' };
        const [, , , timestamp, , signature = ''] = sign({ ...signed, secret: new Secret(secret) });

        expect(libraryTakes(headersOf({ id, timestamp: timestamp ?? '', signature }), body)).toBe(true);
      }),
    );
  });

  it.each(['junk', '.9', ' ', 'e3', 'x0'])(
    'refuses a timestamp with %j behind it, which the library takes',
    (tail) => {
      const timestamp = `${now / 1_000}${tail}`;
      const headers = headersOf({ timestamp, signature: library.sign('msg_1', new Date(now), '{}') });

      expect(libraryTakes(headers, '{}')).toBe(true);
      expect(receive(headers, '{}')).toMatchObject({ kind: 'rejected', reason: 'timestamp_malformed' });
    },
  );

  it('tells bodies apart that the library decodes to the same text', () => {
    const [sent, forged] = [Buffer.from([0x22, 0xff, 0x22]), Buffer.from([0x22, 0xfe, 0x22])];
    const [, , , , , signature = ''] = sign({
      provider: standardWebhooks,
      secret: new Secret(secret),
      body: sent,
      now,
      id: 'msg_1',
      event: 'any',
    });
    const ofLibrary = headersOf({ signature: library.sign('msg_1', new Date(now), sent) });

    expect(libraryTakes(ofLibrary, forged)).toBe(true);
    expect(receive(ofLibrary, forged).kind).toBe('rejected');
    expect(receive(headersOf({ signature }), sent).kind).toBe('verified');
    expect(receive(headersOf({ signature }), forged).kind).toBe('rejected');
  });

  it('refuses an id that was cut out of an id and a timestamp, which the library takes', () => {
    const body = `${now / 1_000}.{}`;
    const longer = headersOf({
      id: `msg_1.${now / 1_000}`,
      signature: library.sign('msg_1', new Date(now), body),
    });

    expect(receive(headersOf({ signature: longer['webhook-signature'] ?? '' }), body).kind).toBe('verified');
    expect(libraryTakes(longer, '{}')).toBe(true);
    expect(receive(longer, '{}')).toMatchObject({ kind: 'rejected', reason: 'signature_malformed' });
  });
});

it('passes over signatures of other versions', () => {
  const signature = library.sign('msg_1', new Date(now), '{}');

  const verdict = receive(
    headersOf({ signature: `v1a,AAAA v2,${signature.slice(3)} ${signature} v1` }),
    '{}',
  );

  expect(verdict.kind).toBe('verified');
});

it('takes the time of the event from the body when it is a date', () => {
  const at = (timestamp: unknown): unknown => {
    const body = JSON.stringify({ type: 'user.created', timestamp });
    return receive(headersOf({ signature: library.sign('msg_1', new Date(now), body) }), body);
  };

  expect(at('2022-11-03T20:26:10.344522Z')).toMatchObject({
    event: 'user.created',
    occurredAt: 1_667_507_170_344,
  });
  expect(at('yesterday')).toMatchObject({ occurredAt: now });
  expect(at('2022-13-99T99:99:99Z')).toMatchObject({ occurredAt: now });
  expect(at(1_667_507_170)).toMatchObject({ occurredAt: now });
});
