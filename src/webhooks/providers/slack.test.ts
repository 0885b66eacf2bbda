import { describe, expect, it } from 'vitest';
import { Secret } from '../../lib/secret.ts';
import { providerContract } from '../contract.ts';
import { sign } from '../sign.ts';
import { type Verification, verify } from '../verify.ts';
import { slack } from './slack.ts';
import { slackVectors } from './slack.vectors.ts';

describe('the provider contract', () => {
  for (const { name, run } of providerContract({ provider: slack, vectors: slackVectors })) it(name, run);
});

const now = 1_700_000_000_000;
const value = new Secret('8f742231b10e8888abcd99yyyzzz85a5');

function receive(body: string, signedBody = body): Verification {
  const signed = { provider: slack, secret: value, now, id: 'any', event: 'any' };
  const headers = sign({ ...signed, body: Buffer.from(signedBody) });
  const secrets = [{ ref: 'webhook:slack/secret', value }];
  return verify({ provider: slack, headers, body: Buffer.from(body), secrets, receivedAt: now });
}

describe('the check of the address', () => {
  const question = JSON.stringify({
    token: 'old',
    challenge: '3eZbrw1aBm2rZgRNFdxV',
    type: 'url_verification',
  });

  it('is answered with the challenge as plain text', () => {
    expect(receive(question)).toEqual({
      kind: 'challenge',
      status: 200,
      contentType: 'text/plain; charset=utf-8',
      body: '3eZbrw1aBm2rZgRNFdxV',
      secretRef: 'webhook:slack/secret',
      skewMs: 0,
    });
  });

  it('is not answered to a stranger', () => {
    expect(receive(question, '{}')).toMatchObject({ kind: 'rejected', reason: 'signature_mismatch' });
  });
});

it('names an event by what happened inside its envelope', () => {
  const envelope = { type: 'event_callback', event_id: 'Ev1', event_time: 1_699_999_999, team_id: 'T1' };
  const event = { type: 'message', channel: 'C1', thread_ts: '1699999990.000100' };

  const verdict = receive(JSON.stringify({ ...envelope, event }));

  expect(verdict).toEqual({
    kind: 'verified',
    dedupeKey: 'id:Ev1',
    event: 'message',
    lane: 'T1/C1/1699999990.000100',
    occurredAt: 1_699_999_999_000,
    secretRef: 'webhook:slack/secret',
    skewMs: 0,
  });
});

it('reads an interaction out of its form', () => {
  const payload = { type: 'block_actions', team: { id: 'T1' }, channel: { id: 'C1' } };

  const verdict = receive(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());

  expect(verdict).toMatchObject({ kind: 'verified', event: 'block_actions', lane: 'T1/C1' });
});
