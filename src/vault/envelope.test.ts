import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import type { VaultRef } from '../domain/vault-ref.ts';
import { openSecret, rewrapSecret, sealSecret } from './envelope.ts';
import { createMasterKey, formatMasterKey, parseMasterKey } from './master-key.ts';

const masterKey = createMasterKey();
const ref: VaultRef = { scope: 'channel:discord:default', key: 'token' };
const value = 'MTk4NjIyNDgzNDcx.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs';

const anyText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 300 })
  .filter((text) => text.isWellFormed());
const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
const anyRef: fc.Arbitrary<VaultRef> = fc.record({
  scope: fc.oneof(
    fc.constant('global'),
    segment.map((id) => `webhook:${id}`),
    segment.map((id) => `channel:slack:${id}`),
  ),
  key: segment,
});

/** What opening it throws; fails when it opens. */
function refusal(open: () => unknown): AppError {
  try {
    open();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('It opened.');
}

function isRefused(open: () => unknown): boolean {
  return refusal(open).code === 'config_invalid';
}

describe('an envelope', () => {
  it('gives back any text under any name', () => {
    fc.assert(
      fc.property(
        anyRef,
        anyText,
        (name, text) => openSecret(name, sealSecret(name, text, masterKey), masterKey) === text,
      ),
    );
  });

  it('of version 1 opens for ever, since stores are full of them', () => {
    const sealed =
      '0110cdf0464dce348881745eb71078fc66e7bc724f2e1bac65347eb5465bed8ace719520a34e632d3a28874dff628c9915a42de89b' +
      '16a786241e1d19802db6325e104016dc2691472735e7860ef01dcf7731136664eef3ab2470b35bdccb27d68a3bad0990aa6184';

    const opened = openSecret(
      { scope: 'webhook:github', key: 'signing' },
      Buffer.from(sealed, 'hex'),
      parseMasterKey('5a'.repeat(32))!,
    );

    expect(opened).toBe('grüße, 世界');
  });

  it('has nothing in common with another envelope of the same value', () => {
    const one = Buffer.from(sealSecret(ref, value, masterKey));
    const other = Buffer.from(sealSecret(ref, value, masterKey));

    const shared = Array.from({ length: one.length - 4 }, (_, at) => one.subarray(at, at + 4)).filter(
      (piece) => other.includes(piece),
    );

    expect(one.length).toBe(other.length);
    expect(shared).toEqual([]);
  });

  it('does not open when any one bit is turned over', () => {
    const envelope = sealSecret(ref, value, masterKey);

    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const changed = Uint8Array.from(envelope);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(
        isRefused(() => openSecret(ref, changed, masterKey)),
        `bit ${bit}`,
      ).toBe(true);
    }
  });

  it('does not open when it is cut short or has bytes too many', () => {
    const envelope = sealSecret(ref, value, masterKey);

    for (let length = 0; length < envelope.length; length++) {
      expect(
        isRefused(() => openSecret(ref, envelope.subarray(0, length), masterKey)),
        `length ${length}`,
      ).toBe(true);
    }
    expect(isRefused(() => openSecret(ref, Uint8Array.of(...envelope, 0), masterKey))).toBe(true);
  });

  it('does not open under another name', () => {
    fc.assert(
      fc.property(anyRef, anyRef, (name, other) => {
        fc.pre(name.scope !== other.scope || name.key !== other.key);
        return isRefused(() => openSecret(other, sealSecret(name, value, masterKey), masterKey));
      }),
    );
  });

  it('does not take a scope and a key that only look the same side by side', () => {
    const envelope = sealSecret({ scope: 'webhook:a', key: 'bc' }, value, masterKey);

    const error = refusal(() => openSecret({ scope: 'webhook:ab', key: 'c' }, envelope, masterKey));

    expect(error.code).toBe('config_invalid');
  });

  it('does not open with another master key', () => {
    const envelope = sealSecret(ref, value, masterKey);

    expect(isRefused(() => openSecret(ref, envelope, createMasterKey()))).toBe(true);
  });

  it('does not open when a master key is passed off under the id of another', () => {
    const envelope = sealSecret(ref, value, masterKey);

    expect(isRefused(() => openSecret(ref, envelope, { ...masterKey, id: '0000000000000000' }))).toBe(true);
  });

  it('does not open when put together from halves of two', () => {
    const one = sealSecret(ref, value, masterKey);
    const other = sealSecret(ref, value, masterKey);

    const mixed = Uint8Array.of(...one.subarray(0, 61), ...other.subarray(61));

    expect(isRefused(() => openSecret(ref, mixed, masterKey))).toBe(true);
  });

  it('names the secret and nothing of its value when it does not open', () => {
    const envelope = sealSecret(ref, value, masterKey);
    envelope[80]! ^= 1;

    const { message } = refusal(() => openSecret(ref, envelope, masterKey));

    expect(message).toContain('channel:discord:default/token');
    expect(message).not.toContain(value.slice(0, 6));
  });
});

describe('rewrapSecret', () => {
  const next = createMasterKey();

  it('moves any secret to the other master key, and away from its own', () => {
    fc.assert(
      fc.property(anyRef, anyText, (name, text) => {
        const moved = rewrapSecret(name, sealSecret(name, text, masterKey), masterKey, next);
        return openSecret(name, moved, next) === text && isRefused(() => openSecret(name, moved, masterKey));
      }),
    );
  });

  it('leaves the sealed value as it is', () => {
    const envelope = sealSecret(ref, value, masterKey);

    const moved = rewrapSecret(ref, envelope, masterKey, next);

    expect(moved.subarray(61)).toEqual(envelope.subarray(61));
    expect(moved.subarray(0, 61)).not.toEqual(envelope.subarray(0, 61));
  });

  it('refuses an envelope that is not under the first key', () => {
    const envelope = sealSecret(ref, value, next);

    expect(isRefused(() => rewrapSecret(ref, envelope, masterKey, next))).toBe(true);
  });
});

describe('a master key', () => {
  it.each([
    ['base64', (bytes: Buffer) => bytes.toString('base64')],
    ['base64 without padding', (bytes: Buffer) => bytes.toString('base64').replace('=', '')],
    ['base64url', (bytes: Buffer) => bytes.toString('base64url')],
    ['hex', (bytes: Buffer) => bytes.toString('hex')],
    ['upper-case hex', (bytes: Buffer) => bytes.toString('hex').toUpperCase()],
    ['base64 with a line end', (bytes: Buffer) => `${bytes.toString('base64')}\r\n`],
  ])('is the same key when written in %s', (_name, write) => {
    const text = write(masterKey.key.export());

    const parsed = parseMasterKey(text);

    expect(parsed?.id).toBe(masterKey.id);
    expect(parsed?.key.equals(masterKey.key)).toBe(true);
  });

  it.each([
    '',
    'correct horse battery staple',
    'ab'.repeat(31),
    `${'ab'.repeat(32)}a`,
    'A'.repeat(42),
    `${'A'.repeat(44)}=`,
  ])('is not read from %j', (text) => {
    expect(parseMasterKey(text)).toBeUndefined();
  });

  it('has an id that tells keys apart and is no part of the key', () => {
    expect(masterKey.id).toMatch(/^[0-9a-f]{16}$/);
    expect(createMasterKey().id).not.toBe(masterKey.id);
    expect(masterKey.key.export().toString('hex')).not.toContain(masterKey.id);
  });

  it('keeps its id for ever, since stores remember it', () => {
    expect(parseMasterKey('00'.repeat(32))?.id).toBe('e0075f8dc926a24b');
    expect(formatMasterKey(parseMasterKey('ff'.repeat(32))!)).toBe(`${'/'.repeat(42)}8=`);
  });
});
