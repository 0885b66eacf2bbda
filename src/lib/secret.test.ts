import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { describeError } from './logger.ts';
import { Secret } from './secret.ts';

const secret = new Secret('s3cr3t');

it.each([
  ['a string', String(secret)],
  ['a sum', `token=${secret as unknown as string}`],
  ['JSON', JSON.stringify({ secret })],
  ['inspect', inspect({ secret }, { depth: 9, showHidden: true })],
  ['inspect without custom functions', inspect(secret, { customInspect: false, showHidden: true })],
  ['its keys', JSON.stringify(Object.entries(secret))],
  ['a clone', JSON.stringify(structuredClone(secret))],
  ['an error', describeError(new Error(`failed with ${String(secret)}`))],
])('shows nothing in %s', (_where, shown) => {
  expect(shown).not.toContain('s3cr3t');
});

it('gives its value to who asks for it', () => {
  expect(secret.reveal()).toBe('s3cr3t');
});
