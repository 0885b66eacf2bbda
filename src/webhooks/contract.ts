import assert from 'node:assert/strict';
import {
  checkBytes,
  checkCase,
  checkFlips,
  checkJunk,
  checkMissing,
  checkNoSecret,
  checkRotation,
  checkTimestamps,
  checkTwice,
  checkWindow,
} from './contract-checks.ts';
import { checkChallenge, checkDedupe, checkDescription, checkSample } from './contract-event-checks.ts';
import { ContractSender } from './contract-sender.ts';
import { flipped, refused, verified } from './contract-verdicts.ts';
import type { RawHeaders } from './headers.ts';
import type { Settings, WebhookProvider } from './provider.ts';
import type { Verification, Verified } from './verify.ts';

/** A request that somebody else signed, so that a mistake in both our halves cannot hide. */
export interface ProviderVector {
  readonly name: string;
  /** Where it was published, or what made it. */
  readonly source: string;
  readonly secret: string;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
  /** Unix ms: when it comes in. */
  readonly at: number;
  /** What it must come to, besides being verified. */
  readonly expected: Partial<Verified>;
}

export interface ContractSubject {
  readonly provider: WebhookProvider;
  readonly settings?: Settings;
  readonly vectors: readonly ProviderVector[];
}

/** Fails by throwing. Knows no test runner: `for (const { name, run } of …) it(name, run)`. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => void;
}

/** All that a provider must prove before it is used. */
export function providerContract(subject: ContractSubject): readonly ContractCase[] {
  const sender = new ContractSender(subject);
  return [
    { name: 'is described completely', run: () => checkDescription(subject.provider, sender) },
    { name: 'comes with a vector of its own', run: () => assert.ok(subject.vectors.length > 0) },
    ...subject.vectors.flatMap((vector) => vectorCases(vector, sender)),
    { name: 'verifies its own sample', run: () => checkSample(sender) },
    { name: 'refuses a body, signature or secret with one bit flipped', run: () => checkFlips(sender) },
    { name: 'refuses a signature that is not strictly encoded', run: () => checkJunk(sender) },
    {
      name: 'refuses a request without one of the headers that are signed or sign',
      run: () => checkMissing(sender),
    },
    { name: 'refuses a header that comes twice, in whatever case', run: () => checkTwice(sender) },
    { name: 'takes header names in any case', run: () => checkCase(sender) },
    { name: 'holds the timestamp to a window on both sides', run: () => checkWindow(sender) },
    { name: 'refuses a timestamp that is not a plain whole number', run: () => checkTimestamps(sender) },
    { name: 'takes any active secret and says which', run: () => checkRotation(sender) },
    { name: 'verifies with no secret and with an empty one: nothing', run: () => checkNoSecret(sender) },
    { name: 'signs and compares bytes, not characters', run: () => checkBytes(sender) },
    { name: 'knows a retry again, and a replay under another id', run: () => checkDedupe(sender) },
    { name: 'answers a challenge only to a good signature', run: () => checkChallenge(sender) },
  ];
}

function vectorCases(vector: ProviderVector, sender: ContractSender): readonly ContractCase[] {
  const receive = (body: Uint8Array): Verification =>
    sender.receive({ headers: vector.headers, body }, [vector.secret], vector.at);
  return [
    {
      name: `accepts: ${vector.name}`,
      run: () => {
        const verdict = verified(receive(vector.body));
        const names = Object.keys(vector.expected) as (keyof Verified)[];
        for (const name of names) assert.deepEqual(verdict[name], vector.expected[name]);
      },
    },
    {
      name: `refuses with any byte changed: ${vector.name}`,
      run: () => {
        for (const body of flipped(vector.body)) refused(receive(body));
      },
    },
  ];
}
