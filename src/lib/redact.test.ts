import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from './redact.ts';

const secret = 'p@ss/w+rd "1"\\é';

function redactorOf(...values: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const value of values) redactor.add(value);
  return redactor;
}

describe('a secret that stands in a text', () => {
  const bytes = Buffer.from(secret);
  it.each([
    ['as it is', secret],
    ['in a URL', `https://api.example.org/${encodeURIComponent(secret)}/send`],
    [
      'in a URL with small hex digits',
      encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase()),
    ],
    ['in a form', `token=${encodeURIComponent(secret).replaceAll('%20', '+')}`],
    ['in JSON', JSON.stringify({ token: secret })],
    ['in base64', bytes.toString('base64')],
    ['in base64url', bytes.toString('base64url')],
    ['in hex', bytes.toString('hex')],
    ['in capital hex', bytes.toString('hex').toUpperCase()],
    ['in a Basic header', `Basic ${Buffer.from(`bot:${secret}`).toString('base64')}`],
    ['in a Basic header after a longer name', `Basic ${Buffer.from(`robot:${secret}:x`).toString('base64')}`],
  ])('is taken out %s', (_where, text) => {
    const clean = redactorOf(secret).redact(`before ${text} after`);

    expect(clean).toContain('[secret]');
    expect(clean).toMatch(/^before .* after$/);
    expect(clean).not.toContain(secret.slice(0, 6));
  });

  it('is taken out of base64 wherever it begins, whatever it is', () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, maxLength: 30, unit: 'grapheme' }),
        fc.string({ maxLength: 5 }),
        fc.string({ maxLength: 5 }),
        (value, before, behind) => {
          const encoded = Buffer.from(`${before}${value}${behind}`).toString('base64');

          const clean = redactorOf(value).redact(encoded);

          expect(clean).toContain('[secret]');
          expect(Buffer.from(clean.replaceAll('[secret]', ''), 'base64').toString()).not.toContain(value);
        },
      ),
    ));

  it('is gone for every value that was added, however they overlap', () =>
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '"', '/'), minLength: 6, maxLength: 12 })),
        (values) => {
          const clean = redactorOf(...values).redact(values.join(''));

          for (const value of values) expect(clean).not.toContain(value);
        },
      ),
    ));
});

it('does not show the rest of a secret that begins with another', () => {
  const redactor = redactorOf('abcdef', 'abcdefghijkl');

  expect(redactor.redact('token abcdefghijkl')).toBe('token [secret]');
});

it('leaves ordinary words alone', () => {
  expect(redactorOf('', 'abc').redact('abc is the beginning')).toBe('abc is the beginning');
});

it('forgets the oldest value when it knows ten thousand', () => {
  const values = Array.from({ length: 10_001 }, (_, index) => `token-${index}-x`);

  const redactor = redactorOf(...values);

  expect(redactor.redact('token-0-x token-1-x token-10000-x')).toBe('token-0-x [secret] [secret]');
});
