import assert from 'node:assert/strict';
import type { ReasonCode } from '../domain/reasons.ts';
import type { Verification, Verified } from './verify.ts';

export function verified(verdict: Verification): Verified {
  assert.ok(verdict.kind === 'verified', JSON.stringify(verdict));
  return verdict;
}

export function refused(verdict: Verification, why = ''): ReasonCode {
  assert.ok(verdict.kind === 'rejected', `${why} ${JSON.stringify(verdict)}`);
  return verdict.reason;
}

/** One copy for each byte, with a bit of it flipped; another bit for each. */
export function* flipped(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let index = 0; index < bytes.length; index++) {
    const copy = Uint8Array.from(bytes);
    copy[index] = (copy[index] ?? 0) ^ (1 << (index % 7));
    yield copy;
  }
}
