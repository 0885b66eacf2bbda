import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../lib/secret.ts';
import { providerContract } from '../contract.ts';
import { sign } from '../sign.ts';
import { verify, type Verification } from '../verify.ts';
import { github } from './github.ts';
import { githubVectors } from './github.vectors.ts';

describe('the provider contract', () => {
  for (const { name, run } of providerContract({ provider: github, vectors: githubVectors })) it(name, run);
});

const secret = 'an octocat keeps it';

function receive(headers: readonly string[], body: string | Uint8Array): Verification {
  return verify({
    provider: github,
    headers,
    body: Buffer.from(body),
    secrets: [{ ref: 'webhook:gh/secret', value: new Secret(secret) }],
    receivedAt: 1_700_000_000_000,
  });
}

function headersWith(signature: string): string[] {
  return ['X-GitHub-Event', 'issues', 'X-GitHub-Delivery', 'guid-1', 'X-Hub-Signature-256', signature];
}

describe('with the library of GitHub', () => {
  it('verifies what the library signs', () =>
    fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (body) => {
        const verdict = receive(headersWith(await octokitSign(secret, body)), body);

        expect(verdict.kind).toBe('verified');
      }),
    ));

  it('signs what the library verifies', () =>
    fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (body) => {
        const headers = sign({
          provider: github,
          secret: new Secret(secret),
          body: Buffer.from(body),
          now: 0,
          id: 'guid-1',
          event: 'push',
        });

        expect(await octokitVerify(secret, body, headers.at(-1) ?? '')).toBe(true);
      }),
    ));

  it('tells bodies apart that the library, which knows only text, takes for the same', async () => {
    const [sent, forged] = [Buffer.from([0x22, 0xff, 0x22]), Buffer.from([0x22, 0xfe, 0x22])];
    const signature = await octokitSign(secret, sent.toString('utf8'));

    const ofLibrary = await octokitVerify(secret, forged.toString('utf8'), signature);
    const ours = [sent, forged].map((body) => receive(headersWith(signature), body).kind);

    expect(ofLibrary).toBe(true);
    expect(ours).toEqual(['rejected', 'rejected']);
  });
});

describe('lanes', () => {
  const lane = (payload: object): string | undefined => {
    const body = Buffer.from(JSON.stringify(payload));
    const named = { provider: github, body, now: 0, id: 'guid-1', event: 'any' };
    const verdict = receive(sign({ ...named, secret: new Secret(secret) }), body);
    return verdict.kind === 'verified' ? verdict.lane : undefined;
  };
  const repository = { full_name: 'octocat/hello' };

  it.each([
    [{ repository, issue: { number: 7 } }, 'octocat%2Fhello/7'],
    [{ repository, pull_request: { number: 7 } }, 'octocat%2Fhello/7'],
    [{ repository, ref: 'refs/heads/main' }, 'octocat%2Fhello/refs%2Fheads%2Fmain'],
    [{ repository, check_run: { head_sha: 'abc' } }, 'octocat%2Fhello/abc'],
    [{ repository }, 'octocat%2Fhello'],
    [{ organization: { login: 'octo' } }, 'octo'],
    [{ issue: { number: 7 } }, undefined],
    [{ zen: 'Keep it logically awesome.' }, undefined],
  ])('orders %j by %s', (payload, expected) => {
    expect(lane(payload)).toBe(expected);
  });
});
