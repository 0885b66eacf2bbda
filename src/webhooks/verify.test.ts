import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../lib/secret.ts';
import { headersOf, schemeOf } from './provider.ts';
import { providerOf } from './providers.ts';
import { sign } from './sign.ts';
import { verify, type VerifyRequest } from './verify.ts';

const now = 1_700_000_000_000;

/** Each provider with settings where it has some, and a secret that it can use. */
const parties = [
  { id: 'github', text: 'octocat' },
  { id: 'standard-webhooks', text: 'whsec_c2VjcmV0IG9mIHRoZSBzdGFuZGFyZA==' },
  { id: 'stripe', text: 'whsec_verbatim' },
  { id: 'slack', text: '8f742231b10e8888abcd99yyyzzz85a5' },
  {
    id: 'generic-hmac',
    text: '736563726574',
    settings: {
      ...{
        header: 'X-Sig',
        hash: 'sha512',
        encoding: 'base64url',
        separator: ';',
        signatureField: 's',
        secret: 'hex',
      },
      ...{ timestampField: 't', timestampUnit: 'ms', template: '{id}|{timestamp}|{body}', idHeader: 'X-Id' },
      ...{ eventHeader: 'X-Event', lanePointer: '/lane' },
    },
  },
].map(({ id, text, settings = {} }) => ({ provider: providerOf(id), settings, value: new Secret(text) }));

const anyParty = fc.constantFrom(...parties);
const anyBody = fc.uint8Array({ maxLength: 200 });
const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/);

function request(
  { provider, settings, value }: (typeof parties)[number],
  body: Uint8Array,
  id = 'evt_1',
): VerifyRequest {
  const headers = sign({ provider, settings, secret: value, body, now, id, event: 'created' });
  return {
    provider,
    settings,
    headers,
    body,
    secrets: [{ ref: 'webhook:x/secret', value }],
    receivedAt: now,
  };
}

describe('for any bytes', () => {
  it('verifies what was signed', () => {
    fc.assert(
      fc.property(anyParty, anyBody, anyId, (party, body, id) => {
        expect(verify(request(party, body, id)).kind).toMatch(/^verified$|^challenge$/);
      }),
    );
  });

  it('refuses what was changed after that, by any byte anywhere', () => {
    fc.assert(
      fc.property(anyParty, anyBody, fc.nat(), fc.integer({ min: 1, max: 255 }), (party, body, at, mask) => {
        const signed = request(party, body);
        const changed = Uint8Array.from(body.length === 0 ? [0] : body);
        if (body.length > 0) changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ mask;

        expect(verify({ ...signed, body: changed }).kind).toBe('rejected');
        expect(verify({ ...signed, body: Uint8Array.from([...body, mask]) }).kind).toBe('rejected');
      }),
    );
  });

  it('gives two ids two keys, and one id one key', () => {
    const keyOf = (verdict: ReturnType<typeof verify>): string =>
      verdict.kind === 'verified' ? verdict.dedupeKey : '';

    fc.assert(
      fc.property(anyBody, anyId, anyId, (body, one, other) => {
        const keys = [one, one, other].map((id) => keyOf(verify(request(parties[1]!, body, id))));

        expect(keys[0]).toBe(keys[1]);
        expect(keys[0] === keys[2]).toBe(one === other);
      }),
    );
  });
});

describe('for any headers', () => {
  const names = [
    ...new Set(parties.flatMap(({ provider, settings }) => headersOf(schemeOf(provider, settings)))),
  ];
  const anyValue = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      't=1,v1=',
      'v1,',
      'sha256=',
      'v0=',
      `sha256=${'0'.repeat(64)}`,
      `t=${now},s=AA`,
      'v1='.repeat(5_000),
    ),
    fc.integer().map(String),
    fc.array(fc.constantFrom('v1,AAAA', 'v1=00', 't=1', ',', ' ', ';', '=')).map((words) => words.join('')),
  );
  const anyHeaders = fc.array(fc.oneof(fc.constantFrom(...names), anyValue), { maxLength: 24, size: 'max' });

  it('answers, and never throws', () => {
    fc.assert(
      fc.property(anyParty, anyHeaders, anyBody, (party, headers, body) => {
        expect(verify({ ...request(party, body), headers }).kind).toBe('rejected');
      }),
      { numRuns: 1_000 },
    );
  });

  it('answers when they come on top of good ones, and lets none of them change what was signed', () => {
    fc.assert(
      fc.property(
        anyParty,
        fc.array(fc.tuple(fc.constantFrom(...names, 'X-Other', 'Content-Type'), anyValue)),
        (party, more) => {
          const good = request(party, Buffer.from('{"id":"evt_1","event_id":"evt_1"}'));

          const verdict = verify({ ...good, headers: [...more.flat(), ...good.headers] });

          const ours = new Set(headersOf(schemeOf(party.provider, party.settings)));
          const expected = more.some(([name]) => ours.has(name)) ? 'signature_duplicated' : undefined;
          expect(verdict).toMatchObject(
            expected ? { kind: 'rejected', reason: expected } : { dedupeKey: 'id:evt_1' },
          );
        },
      ),
    );
  });
});

it('says nothing of the secret, and nothing that the sender wrote', () => {
  const marked = 'MARKER';
  const secret = Buffer.from(`${marked} in the secret `).toString('hex');

  fc.assert(
    fc.property(anyParty, fc.array(fc.nat(3), { maxLength: 6 }), (party, picks) => {
      const names = headersOf(schemeOf(party.provider, party.settings));
      const headers = picks.flatMap((pick) => [
        names[pick % names.length] ?? '',
        `${marked}=${marked},t=${marked}`,
      ]);
      const value = new Secret(party.provider.id === 'generic-hmac' ? secret : ` ${marked} `);
      const forged = { ...request(party, Buffer.from(marked)), headers, secrets: [{ ref: 'x/y', value }] };

      const verdicts = [
        verify(forged),
        verify({ ...forged, headers: request(party, Buffer.from('{}')).headers }),
      ];

      expect(JSON.stringify(verdicts)).not.toMatch(new RegExp(`${marked}|${secret}`));
    }),
  );
});

const [github, standard, stripe] = parties as [(typeof parties)[0], (typeof parties)[0], (typeof parties)[0]];

describe('the reason', () => {
  const body = Buffer.from('{"id":"evt_1"}');

  it('is the signature, before it is the time', () => {
    const late = { ...request(stripe, body), receivedAt: now + 86_400_000 };

    expect(verify(late)).toMatchObject({ reason: 'timestamp_too_old', skewMs: -86_400_000 });
    expect(verify({ ...late, body: Buffer.from('{}') })).toMatchObject({
      reason: 'signature_mismatch',
      skewMs: -86_400_000,
    });
  });

  it('is a missing secret when there is none, or none that can be used', () => {
    const unusable = [{ ref: 'webhook:x/secret', value: new Secret('whsec_not base64') }];

    expect(verify({ ...request(standard, body), secrets: [] })).toMatchObject({
      reason: 'secret_not_found',
      detail: 'There is no active secret.',
    });
    expect(verify({ ...request(standard, body), secrets: unusable })).toMatchObject({
      reason: 'secret_not_found',
      detail: 'No active secret is usable.',
    });
  });

  it('hints at white space around a secret that was pasted', () => {
    const pasted = [{ ref: 'webhook:x/secret', value: new Secret('octocat\n') }];

    expect(verify({ ...request(github, body), secrets: pasted })).toEqual({
      kind: 'rejected',
      reason: 'signature_mismatch',
      detail: 'Tried active secrets: 1. A secret begins or ends with white space.',
    });
  });
});

describe('the window', () => {
  const late = { ...request(stripe, Buffer.from('{"id":"evt_1"}')), receivedAt: now + 600_000 };

  it('can be made wider and narrower', () => {
    expect(verify({ ...late, toleranceMs: 600_000 })).toMatchObject({ kind: 'verified', skewMs: -600_000 });
    expect(verify({ ...late, receivedAt: now + 2_000, toleranceMs: 1_000 })).toMatchObject({
      reason: 'timestamp_too_old',
    });
  });

  it('can be left out for a request that is run again', () => {
    expect(verify({ ...late, toleranceMs: Infinity })).toMatchObject({ kind: 'verified' });
  });

  it('stays open for nobody when it is not a number', () => {
    expect(verify({ ...late, toleranceMs: Number.NaN })).toMatchObject({ kind: 'rejected' });
  });
});

describe('deduplication', () => {
  const keysOf = (body: string, party = stripe): unknown => verify(request(party, Buffer.from(body)));
  const contentKey = expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown;

  it.each([
    ['{"id":"evt_1"}', 'id:evt_1'],
    ['{"id":42}', 'id:42'],
    ['{"id":"sha256:00"}', 'id:sha256:00'],
    [`{"id":"${'x'.repeat(509)}"}`, `id:${'x'.repeat(509)}`],
  ])('goes by the id in %s', (body, dedupeKey) => {
    expect(keysOf(body)).toMatchObject({ dedupeKey });
    expect(keysOf(body)).not.toHaveProperty('contentKey');
  });

  it.each([
    ['is too long', 'x'.repeat(510)],
    ['cannot be stored as text', 'a\\u0000b'],
    ['is half a character', '\\ud800'],
    ['is not ASCII', 'é'],
  ])('hashes an id that %s', (_what, id) => {
    const hashed = expect.stringMatching(/^id-sha256:[0-9a-f]{64}$/) as unknown;

    expect(keysOf(`{"id":"${id}"}`)).toMatchObject({ dedupeKey: hashed });
  });

  it('keeps hashed ids apart, halves of characters too', () => {
    const keys = ['\\ud800', '\\ud801', '\\ufffd'].map(
      (id) => (keysOf(`{"id":"${id}"}`) as { dedupeKey: string }).dedupeKey,
    );

    expect(new Set(keys).size).toBe(3);
  });

  it.each(['{}', '{"id":""}', '{"id":null}', '{"id":{}}', '{"id":9007199254740993}', '[]', 'text', '\u0000'])(
    'goes by the signed content for %j',
    (body) => {
      expect(keysOf(body)).toMatchObject({ kind: 'verified', dedupeKey: contentKey });
    },
  );

  it('does not depend on what nobody signs', () => {
    const signed = request(stripe, Buffer.from('id=evt_1'));
    const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain'];

    const verdicts = types.map((type) =>
      verify({ ...signed, headers: ['Content-Type', type, ...signed.headers] }),
    );

    expect(verdicts[0]).toMatchObject({ dedupeKey: 'id:evt_1' });
    expect(verdicts).toEqual([verdicts[0], verdicts[0], verdicts[0]]);
  });

  it('adds what was signed to an id that is not', () => {
    const signed = request(github, Buffer.from('{}'));
    const [, , ...withoutId] = signed.headers;

    const [first, renamed, nameless] = [
      signed.headers,
      ['X-GitHub-Delivery', 'other', ...withoutId],
      withoutId,
    ].map((headers) => verify({ ...signed, headers }));

    expect(first).toMatchObject({ dedupeKey: 'id:evt_1', contentKey });
    expect(renamed).toMatchObject({
      dedupeKey: 'id:other',
      contentKey: (first as { contentKey: string }).contentKey,
    });
    const { contentKey: content } = first as { contentKey: string };
    expect(nameless).toMatchObject({ dedupeKey: content, contentKey: content });
  });

  it('goes by an unsigned id alone where the operator vouches for it, and never by nothing', () => {
    const settings = { header: 'X-Sig', idHeader: 'X-Id', dedupe: 'id' };
    const party = { provider: providerOf('generic-hmac'), settings, value: new Secret('secret') };
    const signed = request(party, Buffer.from('{}'));

    expect(verify(signed)).toMatchObject({ dedupeKey: 'id:evt_1' });
    expect(verify(signed)).not.toHaveProperty('contentKey');
    expect(verify({ ...signed, headers: signed.headers.slice(2) })).toMatchObject({
      dedupeKey: contentKey,
      contentKey,
    });
  });
});

describe('what it says of an event', () => {
  const party = (settings: object): (typeof parties)[number] => ({
    provider: providerOf('generic-hmac'),
    settings: { header: 'X-Sig', ...settings },
    value: new Secret('secret'),
  });

  it.each([
    ['{"e":"user.created"}', 'user.created'],
    ['{"e":"größe"}', 'größe'],
    ['{"e":7}', '7'],
    ['{"e":"line\\nbreak"}', 'unknown'],
    ['{"e":"\\ud800"}', 'unknown'],
    [`{"e":"${'x'.repeat(129)}"}`, 'unknown'],
    [`{"e":"${'é'.repeat(65)}"}`, 'unknown'],
    ['{}', 'unknown'],
    ['', 'unknown'],
  ])('names that in %s: %s', (body, event) => {
    expect(verify(request(party({ eventPointer: '/e' }), Buffer.from(body)))).toMatchObject({ event });
  });

  it('prefers the header where both are set', () => {
    const settings = { eventHeader: 'X-Event', eventPointer: '/e' };
    const signed = request(party(settings), Buffer.from('{"e":"inner"}'));

    expect(verify(signed)).toMatchObject({ event: 'created' });
    expect(verify({ ...signed, headers: signed.headers.slice(2) })).toMatchObject({ event: 'inner' });
  });

  it.each([
    ['{"l":"a/b c%"}', 'a%2Fb%20c%25'],
    ['{"l":7}', '7'],
    ['{"l":"\\u0000\\ud800"}', '%00%EF%BF%BD'],
    [`{"l":"${'x'.repeat(256)}"}`, 'x'.repeat(256)],
    [`{"l":"${'x'.repeat(257)}"}`, expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown],
    ['{"l":""}', undefined],
    ['{}', undefined],
  ])('orders that in %s by %s', (body, lane) => {
    const verdict = verify(request(party({ lanePointer: '/l' }), Buffer.from(body)));

    expect(verdict.kind === 'verified' && verdict.lane).toEqual(lane);
  });

  it.each([
    ['{"created":1600000000}', 1_600_000_000_000],
    ['{"created":-1}', now],
    ['{"created":1.5}', now],
    ['{"created":"1600000000"}', now],
    ['{"created":9007199254740991}', now],
  ])('dates that in %s at %i', (body, occurredAt) => {
    expect(verify(request(stripe, Buffer.from(body)))).toMatchObject({ occurredAt });
  });
});

it('signs no body with the settings of another provider', () => {
  expect(() => verify({ ...request(github, Buffer.from('{}')), settings: { header: 'X' } })).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
});

it('computes what anybody computes who reads the documentation', () => {
  const text = '{"id":"evt_1"}';
  const mac = createHmac('sha256', 'whsec_verbatim')
    .update(`${now / 1_000}.${text}`)
    .digest('hex');
  const headers = ['stripe-signature', `t=${now / 1_000},v1=${mac}`];

  expect(verify({ ...request(stripe, Buffer.from(text)), headers })).toMatchObject({ kind: 'verified' });
});
