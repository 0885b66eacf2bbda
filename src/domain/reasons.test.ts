import { describe, expect, it } from 'vitest';
import { isReasonCode, reasonTable } from './reasons.ts';

describe.each(Object.entries(reasonTable))('%s', (code, { meaning, hint }) => {
  it('is one word in snake case, and says in sentences what it means and what to do', () => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(hint === '' || hint.endsWith('.')).toBe(true);
  });
});

it('does not take what every object has for a reason', () => {
  expect(isReasonCode('routed')).toBe(true);
  expect(isReasonCode('toString')).toBe(false);
  expect(isReasonCode('__proto__')).toBe(false);
});
