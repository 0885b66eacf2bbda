import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { formatVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { MasterKey } from './master-key.ts';

/*
 * Version 1: one byte of version, the data key sealed with the master key, the value sealed with the data
 * key. Sealed means AES-256-GCM: nonce, ciphertext, tag. What is authenticated besides binds each half to
 * its part, its secret's name and, for the data key, the master key; so halves cannot change places.
 */
const version = 1;
const cipherName = 'aes-256-gcm';
const dataKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const sealedOverhead = nonceBytes + tagBytes;
const valueOffset = 1 + dataKeyBytes + sealedOverhead;

/** Seals `value` under a new data key of its own. Two seals of the same value have nothing in common. */
export function sealSecret(ref: VaultRef, value: string, masterKey: MasterKey): Uint8Array {
  const dataKey = randomBytes(dataKeyBytes);
  const wrapped = seal(masterKey.key, dataKey, dataKeyContext(ref, masterKey));
  return join(wrapped, seal(createSecretKey(dataKey), Buffer.from(value, 'utf8'), valueContext(ref)));
}

/** @throws AppError `config_invalid` when a bit, the name or the master key is not as it was sealed. */
export function openSecret(ref: VaultRef, envelope: Uint8Array, masterKey: MasterKey): string {
  return authentic(ref, () => {
    const { wrapped, sealedValue } = split(envelope);
    const dataKey = open(masterKey.key, wrapped, dataKeyContext(ref, masterKey));
    return open(createSecretKey(dataKey), sealedValue, valueContext(ref)).toString('utf8');
  });
}

/**
 * Seals the data key with another master key. The value stays sealed as it is and is not looked at.
 * @throws AppError `config_invalid` when the data key does not open with `from`.
 */
export function rewrapSecret(
  ref: VaultRef,
  envelope: Uint8Array,
  from: MasterKey,
  to: MasterKey,
): Uint8Array {
  return authentic(ref, () => {
    const { wrapped, sealedValue } = split(envelope);
    const dataKey = open(from.key, wrapped, dataKeyContext(ref, from));
    return join(seal(to.key, dataKey, dataKeyContext(ref, to)), sealedValue);
  });
}

function authentic<Result>(ref: VaultRef, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    const name = formatVaultRef(ref);
    throw new AppError(
      'config_invalid',
      `The secret ${name} cannot be opened: it was changed outside the vault, or comes from another one. ` +
        `Store it again: palyra secrets set ${name}.`,
      { cause },
    );
  }
}

function seal(key: KeyObject, plain: Uint8Array, context: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes }).setAAD(context);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: KeyObject, sealed: Uint8Array, context: Uint8Array): Buffer {
  const tagOffset = sealed.length - tagBytes;
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes })
    .setAAD(context)
    .setAuthTag(sealed.subarray(tagOffset));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, tagOffset)), decipher.final()]);
}

function split(envelope: Uint8Array): { wrapped: Uint8Array; sealedValue: Uint8Array } {
  if (envelope[0] !== version) throw new Error('The envelope has an unknown version.');
  if (envelope.length < valueOffset + sealedOverhead) throw new Error('The envelope is cut short.');
  return { wrapped: envelope.subarray(1, valueOffset), sealedValue: envelope.subarray(valueOffset) };
}

/** Copied out of Buffer's shared pool: on its way to another thread the whole pool would go along. */
function join(wrapped: Uint8Array, sealedValue: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([Uint8Array.of(version), wrapped, sealedValue]));
}

function dataKeyContext(ref: VaultRef, masterKey: MasterKey): Buffer {
  return context('data-key', ref, masterKey.id);
}

function valueContext(ref: VaultRef): Buffer {
  return context('value', ref);
}

/** As JSON, because no two lists of strings are written the same. */
function context(part: string, { scope, key }: VaultRef, ...more: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(['palyra', version, part, scope, key, ...more]), 'utf8');
}
